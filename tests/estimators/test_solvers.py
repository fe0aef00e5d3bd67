"""Adam, gradient descent and L-BFGS in scikit-learn's variants."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import multilayer as ml
from multilayer.estimators import whole_batch

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5)])
def test_adam_ignores_schedule_and_momentum(both, agree, rows, betas):
    X, targets = rows
    options = {"learning_rate": "invscaling", "momentum": 0.5, "beta_1": betas[0], "beta_2": betas[1], "epsilon": 1e-3}
    ours, theirs = both("classifier", **options, hidden_layer_sizes=(4,), max_iter=10, batch_size=32)
    agree(ours.fit(X, targets["classes"]), theirs.fit(X, targets["classes"]))
    assert ours._optimizer.learning_rate == pytest.approx(theirs._optimizer.learning_rate, rel=1e-14)
    assert ours._optimizer.t == theirs._optimizer.t == 30


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.9, True), (0.9, False), (0.0, True)])
def test_gradient_descent(both, agree, rows, learning_rate, momentum, nesterov):
    X, targets = rows
    options = {"learning_rate": learning_rate, "momentum": momentum, "nesterovs_momentum": nesterov, "power_t": 0.3}
    options |= {"solver": "sgd", "learning_rate_init": 0.1, "tol": 0.01, "n_iter_no_change": 2}
    ours, theirs = both("classifier", **options, hidden_layer_sizes=(4,), max_iter=30, batch_size=25)
    agree(ours.fit(X, targets["classes"]), theirs.fit(X, targets["classes"]))
    assert ours._optimizer.learning_rate == pytest.approx(theirs._optimizer.learning_rate, rel=1e-14)


def test_inverse_scaling_counts_rows_across_calls_and_a_new_optimiser_begins_at_the_first_rate(both, agree, rows):
    X, targets = rows
    options = {"solver": "sgd", "learning_rate": "invscaling", "hidden_layer_sizes": (3,), "warm_start": True}
    ours, theirs = both("regressor", **options, max_iter=3)
    for _ in range(2):
        agree(ours.fit(X, targets["numbers"]), theirs.fit(X, targets["numbers"]))
        for _ in range(2):
            ours.partial_fit(X[:20], targets["numbers"][:20])
            theirs.partial_fit(X[:20], targets["numbers"][:20])
            assert ours._optimizer.learning_rate == pytest.approx(theirs._optimizer.learning_rate, rel=1e-14)
        agree(ours, theirs)


def test_an_adaptive_rate_is_divided_by_five_until_it_is_too_small(both, agree, rows):
    X, targets = rows
    options = {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "max_iter": 100}
    ours, theirs = both("classifier", **options, learning_rate_init=0.1, hidden_layer_sizes=(3,))
    agree(ours.fit(X, targets["binary"]), theirs.fit(X, targets["binary"]))
    assert ours._optimizer.learning_rate == theirs._optimizer.learning_rate < 1e-6
    assert ours.n_iter_ < 100


@pytest.mark.parametrize("target", ["binary", "classes", "labels", "numbers", "outputs"])
def test_lbfgs(both, agree, rows, target):
    X, targets = rows
    kind = "regressor" if target in ("numbers", "outputs") else "classifier"
    options = {"solver": "lbfgs", "hidden_layer_sizes": (3,), "activation": "tanh", "alpha": 0.1, "max_iter": 10}
    ours, theirs = both(kind, **options)
    agree(ours.fit(X, targets[target]), theirs.fit(X, targets[target]), 1e-6)
    assert not hasattr(ours, "loss_curve_")


def test_lbfgs_is_given_the_loss_divided_by_the_outputs_and_the_gradient_not(both, agree, rows):
    X, targets = rows
    ours, theirs = both("regressor", solver="lbfgs", hidden_layer_sizes=(), alpha=1.0, max_iter=3)
    agree(ours.fit(X, targets["outputs"]), theirs.fit(X, targets["outputs"]))


@pytest.mark.parametrize("limit", [{"max_iter": 3}, {"max_fun": 4}], ids=repr)
def test_lbfgs_says_in_scikit_learns_words_that_it_did_not_converge(both, rows, capsys, limit):
    X, targets = rows
    said = []
    for estimator in both("classifier", solver="lbfgs", hidden_layer_sizes=(3,), verbose=True, **limit):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(X, targets["classes"])
        said.append([(w.category, str(w.message)) for w in caught])
    assert said[0] == said[1]
    assert said[0][0][0] is ConvergenceWarning
    assert capsys.readouterr().out == ""


def test_lbfgs_of_float32_rows_has_float64_weights(both, agree, rows):
    X, targets = rows
    ours, theirs = both("classifier", solver="lbfgs", hidden_layer_sizes=(3,), activation="tanh", max_iter=5)
    X = X.astype(np.float32)
    agree(ours.fit(X, targets["binary"]), theirs.fit(X, targets["binary"]), 1e-6)
    assert ours.coefs_[0].dtype == np.float64


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_float32_rows_train_float32_weights(both, agree, rows, solver):
    X, targets = rows
    weight = np.linspace(0.5, 1.5, len(X))
    ours, theirs = both("classifier", solver=solver, hidden_layer_sizes=(4,), batch_size=30, max_iter=5)
    X = X.astype(np.float32)
    agree(ours.fit(X, targets["classes"], weight), theirs.fit(X, targets["classes"], weight), 1e-5)
    assert ours.predict_proba(X).dtype == theirs.predict_proba(X).dtype == np.float32
    assert ours.predict_proba(X.astype(float)).dtype == theirs.predict_proba(X.astype(float)).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lbfgs_computes_in_the_type_of_the_weights_it_starts_from(monkeypatch, rows, dtype):
    X, targets = rows
    gradients = []

    def spy(method, value_and_gradient, start, *others):
        gradients.append(value_and_gradient(start)[1])
        return minimize_with(method, value_and_gradient, start, *others)

    minimize_with = whole_batch.minimize_with
    monkeypatch.setattr(whole_batch, "minimize_with", spy)
    model = ml.MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=2, warm_start=True, random_state=0)
    for _ in range(2):  # the second starts from float64, as in scikit-learn
        model.fit(X.astype(dtype), targets["numbers"])
    single = [np.array_equal(g, g.astype(np.float32)) for g in gradients]
    assert single == [dtype == np.float32, False]
