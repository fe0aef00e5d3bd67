"""Rows held out by the user beside the solvers that step on all rows at once."""

from __future__ import annotations

import numpy as np
import pytest

import multilayer as ml
from multilayer.estimators import learned

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


WHOLE_BATCH = ["lbfgs", "conjugate_gradient", "levenberg_marquardt"]
whole_batch = pytest.mark.parametrize("solver", WHOLE_BATCH)


@pytest.fixture(scope="module")
def noisy():
    """Rows and two targets that a network learns by heart, so that the loss held out soon grows again."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 3))
    return X, np.stack([np.sin(2.0 * X[:, 0]), X[:, 1]], axis=1) + 0.5 * rng.normal(size=(60, 2))


def regressor(**options):
    given = {"hidden_layer_sizes": (8,), "activation": "tanh", "alpha": 0.0, "max_iter": 30, "random_state": 0}
    return ml.MLPRegressor(**{**given, **options})


def held_out_losses(theta, X, y, weight):
    """Half the mean of squares over targets, by hand from each iteration's weights."""
    predicted = np.tanh(X @ theta[0].W.T + theta[0].b) @ theta[1].W.T + theta[1].b
    return 0.5 * np.average(((predicted - y) ** 2).mean(axis=1), weights=weight)


@whole_batch
def test_validation_data_of_solvers_on_all_rows_give_a_curve_and_change_nothing(noisy, solver):
    X, y = noisy
    weight, seen = np.linspace(1.0, 3.0, 20), []
    options = {"solver": solver, "callbacks": [lambda epoch: seen.append(epoch.parameters())]}
    model = regressor(validation_data=(X[40:], y[40:], weight), **options).fit(X[:40], y[:40])
    expected = [held_out_losses(theta, X[40:], y[40:], weight) for theta in seen]
    assert len(expected) == model.n_iter_ > 3
    np.testing.assert_allclose(model.validation_loss_curve_, expected, rtol=1e-10)
    alone = regressor(solver=solver).fit(X[:40], y[:40])
    assert (alone.n_iter_, alone.loss_) == (model.n_iter_, model.loss_)
    np.testing.assert_array_equal(alone.coefs_[0], model.coefs_[0])
    assert not hasattr(alone, "validation_loss_curve_")
    assert not hasattr(model.set_params(validation_data=None).fit(X[:40], y[:40]), "validation_loss_curve_")


@whole_batch
@pytest.mark.parametrize("watched", ["loss", "score", "neg_mean_absolute_error"])
def test_solvers_on_all_rows_restore_the_best_weights(noisy, solver, watched):
    X, y = noisy
    seen = []
    held_out, options = (X[40:], y[40:]), {"solver": solver, "early_stopping_on": watched, "restore_best": True}
    callbacks = [lambda epoch: seen.append(epoch.parameters())]
    model = regressor(validation_data=held_out, callbacks=callbacks, **options).fit(X[:40], y[:40])
    best = int(np.argmax(model.validation_scores_))
    assert best < model.n_iter_ - 1 == len(model.validation_scores_) - 1
    assert model.best_validation_score_ == model.validation_scores_[best]
    np.testing.assert_array_equal(model.coefs_[0], seen[best][0].W.T)
    np.testing.assert_array_equal(model.intercepts_[1], seen[best][1].b)
    measured = {
        "loss": lambda: -held_out_losses(seen[best], *held_out, None),
        "score": lambda: model.score(*held_out),
        "neg_mean_absolute_error": lambda: -np.abs(model.predict(X[40:]) - y[40:]).mean(),
    }
    assert model.best_validation_score_ == pytest.approx(measured[watched](), rel=1e-10)


@whole_batch
def test_solvers_on_all_rows_stop_early(noisy, solver, capsys):
    X, y = noisy
    held_out = (X[40:], y[40:])
    options = {"solver": solver, "validation_data": held_out, "n_iter_no_change": 2, "early_stopping_on": "loss"}
    model = regressor(early_stopping=True, verbose=True, tol=1e-9, **options).fit(X[:40], y[:40])
    assert model.n_iter_ == len(model.validation_loss_curve_) < regressor(**options).fit(X[:40], y[:40]).n_iter_
    scores = np.array(model.validation_scores_)
    assert all(scores[-3:] < scores[:-3].max() + model.tol)
    assert capsys.readouterr().out.endswith("tol=0.000000 for 2 consecutive epochs. Stopping.\n")
    best = held_out_losses(learned.parameters(model), *held_out, None)
    assert -model.best_validation_score_ == pytest.approx(best, rel=1e-10)
    model.set_params(warm_start=True, verbose=False).fit(X[:40], y[:40])
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == model.n_iter_


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_early_stopping_of_lbfgs_on_classes_in_any_type(rows, dtype):
    X, y = rows[0].astype(dtype), rows[1]["classes"]
    options = {"solver": "lbfgs", "early_stopping": True, "random_state": 0}
    model = ml.MLPClassifier(validation_data=(X[60:], y[60:]), **options).fit(X[:60], y[:60])
    assert model.score(X[60:], y[60:]) == model.best_validation_score_ == max(model.validation_scores_)
    assert {a.dtype for a in (*model.coefs_, *model.intercepts_)} == {np.dtype(np.float64)}


def test_without_validation_data_lbfgs_ignores_early_stopping_as_in_scikit_learn(both, agree, rows):
    X, y = rows[0], rows[1]["classes"]
    ours, theirs = both("classifier", solver="lbfgs", hidden_layer_sizes=(4,), max_iter=5, early_stopping=True)
    agree(ours.fit(X, y), theirs.fit(X, y))
    plain, _ = both("classifier", solver="lbfgs", hidden_layer_sizes=(4,), max_iter=5)
    np.testing.assert_array_equal(ours.coefs_[0], plain.fit(X, y).coefs_[0])
    assert vars(ours).keys() == vars(plain).keys()


@whole_batch
def test_what_solvers_on_all_rows_refuse(noisy, solver):
    X, y = noisy
    with pytest.raises(ValueError, match=f"restore_best: needs validation_data with solver '{solver}'"):
        regressor(solver=solver, restore_best=True).fit(X, y)
    with pytest.raises(ValueError, match="validation_data: X has 2 features"):
        regressor(solver=solver, validation_data=(X[:, :2], y)).fit(X, y)
