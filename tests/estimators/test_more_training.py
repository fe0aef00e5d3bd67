"""Training that scikit-learn does not offer: solvers, schedules, rows held out by the user, callbacks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import make_scorer, recall_score
from sklearn.preprocessing import StandardScaler

import multilayer as ml

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return StandardScaler().fit_transform(X)[order], y[order]


def classifier(**options):
    return ml.MLPClassifier(**{"hidden_layer_sizes": (8,), "learning_rate_init": 0.03, "random_state": 0, **options})


@pytest.mark.parametrize("solver", ["adamw", "rmsprop", "adagrad", "rprop", "conjugate_gradient"])
def test_solvers(iris, solver):
    X, y = iris
    rate = {"adagrad": 0.3}.get(solver, 0.03)
    model = classifier(solver=solver, max_iter=100, learning_rate_init=rate, batch_size="auto").fit(X, y)
    assert model.score(X, y) > 0.93
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]
    assert hasattr(model, "partial_fit") == (solver != "conjugate_gradient")


def test_levenberg_marquardt_needs_few_steps():
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    options = {"hidden_layer_sizes": (4,), "activation": "tanh", "alpha": 5.0, "max_iter": 30, "random_state": 0}
    by_matrix, by_lbfgs = (ml.MLPRegressor(solver=s, **options).fit(X, y) for s in ("levenberg_marquardt", "lbfgs"))
    assert by_matrix.loss_ <= by_lbfgs.loss_ + 1e-3
    with pytest.raises(ValueError, match="minimises squared loss"):
        ml.MLPRegressor(loss="huber", solver="levenberg_marquardt").fit(X, y)


def test_a_rule_takes_the_solvers_place(iris):
    X, y = iris
    by_solver = classifier(solver="rmsprop", max_iter=3).fit(X, y)
    by_rule = classifier(rule=ml.RMSprop(0.03), solver="lbfgs", max_iter=3).fit(X, y)
    np.testing.assert_array_equal(by_rule.coefs_[0], by_solver.coefs_[0])
    by_rule.partial_fit(X, y)


def test_weight_decay_shrinks_weights(iris):
    X, y = iris
    norms = [
        sum(float((W**2).sum()) for W in classifier(solver=solver, weight_decay=decay, max_iter=60).fit(X, y).coefs_)
        for solver, decay in (("adam", None), ("adam", 1.0), ("sgd", None), ("sgd", 1.0))
    ]
    assert norms[1] < 0.5 * norms[0]
    assert norms[3] < 0.5 * norms[2]
    with pytest.raises(ValueError, match="weight_decay: 'rprop' has no rate"):
        classifier(solver="rprop", weight_decay=0.1).fit(X, y)


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_schedules_move_the_rate_of_every_solver(iris, solver):
    X, y = iris
    rates = []
    options = {"solver": solver, "max_iter": 8, "callbacks": [lambda epoch: rates.append(epoch.rate)]}
    classifier(schedule=ml.Step(every=4, decay=0.1), **options).fit(X, y)
    assert rates == pytest.approx([0.03] * 4 + [0.003] * 4)


def test_a_schedule_goes_on_through_partial_fits(iris):
    X, y = iris
    rates = []
    model = classifier(schedule=ml.Cosine(), max_iter=10, callbacks=[lambda epoch: rates.append(epoch.rate)])
    for _ in range(10):
        model.partial_fit(X, y, classes=[0, 1, 2])
    once = []
    classifier(schedule=ml.Cosine(), max_iter=10, callbacks=[lambda epoch: once.append(epoch.rate)]).fit(X, y)
    assert rates == pytest.approx(once)
    assert rates[-1] < 0.1 * rates[0]


def test_a_schedule_and_a_moving_rate_do_not_go_together(iris):
    with pytest.raises(ValueError, match="schedule: learning_rate must be 'constant' beside it, came 'adaptive'"):
        classifier(solver="sgd", learning_rate="adaptive", schedule=ml.Cosine()).fit(*iris)


def test_what_lbfgs_does_not_heed_is_refused(iris):
    for given in ({"schedule": ml.Cosine()}, {"clip_norm": 1.0}, {"weight_decay": 0.1}):
        with pytest.raises(ValueError, match=f"{next(iter(given))}: solver 'lbfgs' does not use it"):
            classifier(solver="lbfgs", **given).fit(*iris)


def test_a_clipped_gradient_survives_a_large_rate(iris):
    X, y = iris
    options = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 30.0, "max_iter": 5, "alpha": 0.0}
    free, clipped = (classifier(clip_norm=norm, **options).fit(X, y) for norm in (None, 1e-3))
    assert np.abs(clipped.coefs_[0]).max() < 2.0 < np.abs(free.coefs_[0]).max()


def test_validation_data_gives_a_loss_curve_and_draws_nothing(iris):
    X, y = iris
    model = classifier(validation_data=(X[100:], y[100:]), max_iter=20).fit(X[:100], y[:100])
    alone = classifier(max_iter=20).fit(X[:100], y[:100])
    np.testing.assert_array_equal(model.coefs_[0], alone.coefs_[0])
    assert len(model.validation_loss_curve_) == 20
    proba = model.predict_proba(X[100:])[np.arange(50), y[100:]]
    assert model.validation_loss_curve_[-1] == pytest.approx(-np.log(proba).mean(), rel=1e-6)


def test_early_stopping_on_the_users_rows(iris):
    X, y = iris
    options = {"early_stopping": True, "validation_data": (X[100:], y[100:]), "n_iter_no_change": 5, "max_iter": 200}
    model = classifier(**options).fit(X[:100], y[:100])
    assert model.n_iter_ < 200
    assert model.score(X[100:], y[100:]) == model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.parametrize("watched", ["loss", "neg_log_loss", make_scorer(recall_score, average="macro")], ids=repr)
def test_what_early_stopping_watches(iris, watched):
    X, y = iris
    options = {"early_stopping": True, "early_stopping_on": watched, "max_iter": 30, "n_iter_no_change": 50}
    model = classifier(**options, validation_data=(X[100:], y[100:])).fit(X[:100], y[:100])
    assert model.best_validation_score_ == max(model.validation_scores_)
    if not callable(watched):
        np.testing.assert_allclose(model.validation_scores_, np.negative(model.validation_loss_curve_), rtol=1e-6)
    split = classifier(**options).fit(X, y)
    assert len(split.validation_scores_) == 30


def test_the_best_or_the_last_weights(iris):
    X, y = iris
    held_out = (X[100:], y[100:])
    options = {"validation_data": held_out, "max_iter": 30, "learning_rate_init": 0.3, "early_stopping_on": "loss"}
    best, last = (classifier(restore_best=b, **options).fit(X[:100], y[:100]) for b in (True, False))
    assert best.n_iter_ == last.n_iter_
    assert -best.best_validation_score_ == min(best.validation_loss_curve_)
    assert not np.array_equal(best.coefs_[0], last.coefs_[0])
    with pytest.raises(ValueError, match="restore_best: needs validation_data, or early_stopping=True"):
        classifier(restore_best=True).fit(X, y)


def test_partial_fits_stop_early_with_rows_of_the_users(iris):
    X, y = iris
    model = classifier(early_stopping=True, validation_data=(X[100:], y[100:]), n_iter_no_change=3)
    for _ in range(200):
        model.partial_fit(X[:100], y[:100], classes=[0, 1, 2])
        if model._no_improvement_count > 3:
            break
    assert len(model.validation_scores_) < 199
    assert model.score(X[100:], y[100:]) == model.best_validation_score_


def test_bad_validation_data_are_named(iris):
    X, y = iris
    for wrong, text in (
        ((X,), "must be .X, y. or .X, y, sample_weight., came a tuple of 1"),
        ((X[:, :2], y), "X has 2 features, but MLPClassifier is expecting 4 features"),
        ((X, y + 1), "`y` has classes not in"),
    ):
        with pytest.raises(ValueError, match=f"validation_data: {text}"):
            classifier(validation_data=wrong).fit(X, y)


def test_callbacks_see_each_epoch_and_may_read_the_weights(iris):
    X, y = iris
    seen = []
    model = classifier(max_iter=4, callbacks=[lambda epoch: seen.append((epoch.epoch, epoch.parameters()))]).fit(X, y)
    assert [number for number, _ in seen] == [1, 2, 3, 4]
    np.testing.assert_array_equal(seen[-1][1][0].W.T, model.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "conjugate_gradient"])
def test_the_progress_bar(iris, capsys, solver):
    classifier(max_iter=3, solver=solver, progress=True).fit(*iris)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "epoch 3 of 3, loss" in shown.err.splitlines()[-1]


def test_callbacks_of_lbfgs_see_what_it_reports(iris):
    X, y = iris
    seen = []
    watched = classifier(max_iter=5, solver="lbfgs", callbacks=[seen.append]).fit(X, y)
    alone = classifier(max_iter=5, solver="lbfgs").fit(X, y)
    assert [epoch.epoch for epoch in seen] == [1, 2, 3, 4, 5]
    assert seen[-1].loss + seen[-1].penalty == pytest.approx(watched.loss_, rel=1e-12)
    for a, b in zip(watched.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_callbacks_that_are_context_managers_are_entered_and_left(iris):
    steps = []

    class Guard:
        def __enter__(self):
            steps.append("in")

        def __call__(self, epoch):
            steps.append("epoch")

        def __exit__(self, *exception):
            steps.append("out")

    classifier(max_iter=2, callbacks=[Guard()]).fit(*iris)
    assert steps == ["in", "epoch", "epoch", "out"]


def test_divergence_is_told_when_asked(iris):
    X, y = iris
    options = {"solver": "sgd", "activation": "identity", "learning_rate_init": 1e3, "max_iter": 300, "alpha": 0.0}
    with pytest.raises(ml.Diverged, match=r"epoch \d+, batch 1.*use a smaller rate"):
        ml.MLPRegressor(**options, on_nonfinite="stop", random_state=0).fit(X, y)


def test_the_type_of_the_arithmetic_may_be_chosen(iris):
    X, y = iris
    model = classifier(dtype="float32", max_iter=3).fit(X, y)
    assert {W.dtype for W in model.coefs_} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(model.coefs_[0], classifier(max_iter=3).fit(X.astype(np.float32), y).coefs_[0])
