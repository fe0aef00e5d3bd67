"""What warm starts and partial fits go on from, and what a user may set between them."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


def test_a_warm_start_keeps_curve_counters_and_rows_seen(both, agree, rows):
    X, targets = rows
    options = {"warm_start": True, "tol": 0.01, "n_iter_no_change": 6, "max_iter": 5}
    ours, theirs = both("classifier", hidden_layer_sizes=(4,), **options)
    for _ in range(2):
        agree(ours.fit(X, targets["classes"]), theirs.fit(X, targets["classes"]))
    assert (ours.n_iter_, len(ours.loss_curve_)) == (3, 8)  # the counter went on from the first fit


def test_other_classes_are_refused_in_scikit_learns_words(both, rows):
    X, targets = rows
    messages = []
    for estimator in both("classifier", hidden_layer_sizes=(3,), warm_start=True, max_iter=2):
        estimator.fit(X, targets["classes"])
        with pytest.raises(ValueError, match="the same classes as in the previous call") as caught:
            estimator.fit(X, targets["binary"])
        messages.append(str(caught.value))
        with pytest.raises(ValueError, match="`y` has classes not in") as caught:
            estimator.set_params(warm_start=False).partial_fit(X, targets["classes"] + 1)
        messages.append(str(caught.value))
    assert messages[:2] == messages[2:]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("target", ["binary", "classes", "labels", "numbers"])
def test_partial_fits(both, agree, rows, solver, target):
    X, targets = rows
    kind = "regressor" if target == "numbers" else "classifier"
    first = {} if target == "numbers" else {"classes": np.arange(3 if target != "binary" else 2)}
    ours, theirs = both(kind, solver=solver, hidden_layer_sizes=(4,), batch_size=7, learning_rate="invscaling")
    for part in range(4):
        some = slice(20 * part, 20 * part + 20)
        ours.partial_fit(X[some], targets[target][some], **first)
        theirs.partial_fit(X[some], targets[target][some], **first)
        agree(ours, theirs)
        assert ours.n_iter_ == 1


def test_the_optimiser_goes_on_after_fit_after_pickling_and_after_changed_parameters(both, agree, rows, tmp_path):
    X, targets = rows
    ours, theirs = both("classifier", hidden_layer_sizes=(4,), max_iter=3, batch_size=30)
    ours.fit(X, targets["classes"])
    theirs.fit(X, targets["classes"])
    ours = pickle.loads(pickle.dumps(ours))
    joblib.dump(ours, tmp_path / "ours")
    ours = joblib.load(tmp_path / "ours")
    for estimator in (ours, theirs):
        estimator.set_params(learning_rate_init=1.0, beta_1=0.1)  # a living optimiser does not look
        estimator.partial_fit(X, targets["classes"])
    agree(ours, theirs)
    assert ours._optimizer.t == 12


def test_partial_fit_refuses_early_stopping_in_scikit_learns_words(both, rows):
    X, targets = rows
    for estimator in both("classifier", early_stopping=True):
        with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
            estimator.partial_fit(X, targets["binary"], classes=[0, 1])


def test_the_first_partial_fit_needs_classes(both, rows):
    X, targets = rows
    for estimator in both("classifier"):
        with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
            estimator.partial_fit(X, targets["binary"])


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_weights_set_by_hand_are_honoured(both, agree, rows, call):
    X, targets = rows
    ours, theirs = both("regressor", hidden_layer_sizes=(3,), warm_start=True, max_iter=2)
    rng = np.random.default_rng(0)
    W = [rng.normal(size=(4, 3)), rng.normal(size=(3, 1))]
    for estimator in (ours, theirs):
        estimator.fit(X, targets["numbers"])
        estimator.coefs_ = [w.copy() for w in W]
        np.testing.assert_allclose(estimator.predict(X[:0:-1]), estimator.predict(X)[:0:-1])
        getattr(estimator, call)(X, targets["numbers"])
    agree(ours, theirs)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-10)


def test_the_activation_of_the_moment_counts(both, rows):
    X, targets = rows
    ours, theirs = both("regressor", hidden_layer_sizes=(3,), max_iter=2)
    ours.fit(X, targets["numbers"])
    theirs.fit(X, targets["numbers"])
    for activation in ("tanh", "identity"):
        predicted = [estimator.set_params(activation=activation).predict(X) for estimator in (ours, theirs)]
        np.testing.assert_allclose(*predicted, atol=1e-12)


def test_a_solver_may_follow_another(both, agree, rows):
    X, targets = rows
    ours, theirs = both("classifier", hidden_layer_sizes=(3,), activation="tanh", warm_start=True, max_iter=4)
    for solver in ("sgd", "lbfgs", "adam"):
        for estimator in (ours, theirs):
            estimator.set_params(solver=solver).fit(X, targets["binary"])
        agree(ours, theirs, 1e-6)


def test_a_single_class_is_fitted(both, agree, rows):
    X, _ = rows
    ours, theirs = both("classifier", hidden_layer_sizes=(3,), max_iter=3)
    agree(ours.fit(X, ["a"] * len(X)), theirs.fit(X, ["a"] * len(X)))
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-10)


def test_a_warm_start_with_another_number_of_layers_is_refused(both, rows):
    X, targets = rows
    ours, _ = both("classifier", hidden_layer_sizes=(4,), warm_start=True, max_iter=2)
    ours.fit(X, targets["classes"]).set_params(hidden_layer_sizes=(4, 4))
    with pytest.raises(ValueError, match="hidden_layer_sizes: must have one entry for each of the 1 hidden layers"):
        ours.fit(X, targets["classes"])
    assert len(ours.set_params(warm_start=False).fit(X, targets["classes"]).coefs_) == 3
