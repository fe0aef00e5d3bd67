"""Losses as scikit-learn reports them, weights of rows, and thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")
KINDS = {
    "binary": "classifier",
    "classes": "classifier",
    "labels": "classifier",
    "numbers": "regressor",
    "outputs": "regressor",
}


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_short_last_batches_strong_penalties_and_weights(both, agree, rows, target, weighted):
    X, targets = rows
    weight = np.random.default_rng(1).uniform(0.0, 3.0, len(X)) if weighted else None
    ours, theirs = both(KINDS[target], hidden_layer_sizes=(5,), batch_size=40, alpha=3.0, max_iter=6)
    agree(ours.fit(X, targets[target], weight), theirs.fit(X, targets[target], weight))


@pytest.mark.parametrize("target", ["binary", "classes", "labels"])
def test_probabilities_are_clipped_in_the_loss_and_not_in_the_gradient(both, agree, rows, target):
    X, targets = rows
    options = {"hidden_layer_sizes": (), "solver": "sgd", "learning_rate_init": 1e-3, "max_iter": 2, "alpha": 0.0}
    ours, theirs = both("classifier", **options, warm_start=True)
    for estimator in (ours, theirs):
        estimator.fit(X, targets[target])
        estimator.coefs_[0] *= 1e3
        estimator.fit(X, targets[target])
    agree(ours, theirs)
    assert 0.1 < ours.loss_ < 36.1 * 3


def test_the_largest_loss_of_a_row_is_that_of_the_machine_epsilon(both):
    X, y = np.array([[1.0]] * 4), np.array([0, 0, 0, 1])
    for estimator in both("classifier", hidden_layer_sizes=(), alpha=0.0, max_iter=1, warm_start=True):
        estimator.fit(X, y)
        estimator.coefs_[0][:], estimator.intercepts_[0][:] = 0.0, 100.0
        estimator.fit(X, y)
        assert estimator.loss_curve_[-1] == pytest.approx(0.75 * 52 * np.log(2.0), rel=1e-12)


def test_squares_are_averaged_over_outputs_in_the_loss_only(rows):
    import multilayer as ml

    X, targets = rows
    y = targets["numbers"]
    options = {"hidden_layer_sizes": (), "solver": "sgd", "alpha": 0.0, "max_iter": 1, "random_state": 0}
    one = ml.MLPRegressor(**options, shuffle=False).fit(X, y)
    two = ml.MLPRegressor(**options, shuffle=False, warm_start=True).fit(X, np.column_stack([y, y]))
    two.coefs_ = [np.hstack([one.coefs_[0]] * 2)]
    two.intercepts_ = [np.repeat(one.intercepts_[0], 2)]
    one.set_params(warm_start=True).fit(X, y)
    two.fit(X, np.column_stack([y, y]))
    assert two.loss_ == pytest.approx(one.loss_, rel=1e-12)
    np.testing.assert_allclose(two.coefs_[0][:, 1], one.coefs_[0][:, 0], rtol=1e-12)


def test_counts(both, agree, rows):
    X, targets = rows
    y = np.column_stack([targets["counts"], 2.0 * targets["counts"]])
    ours, theirs = both("regressor", loss="poisson", hidden_layer_sizes=(4,), max_iter=8)
    agree(ours.fit(X, y), theirs.fit(X, y))
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy's, in scikit-learn
@pytest.mark.usefixtures("without_convergence_warnings")
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("z", [-1e3, 1e3])
@pytest.mark.parametrize("y", [0.0, 2.0])
def test_the_poisson_loss_of_an_exponential_that_is_zero_or_infinite(both, solver, weighted, z, y):
    """A row of weight 0 is no exception: 0·∞ is NaN in scikit-learn's mean, and in its gradient."""
    X, targets, weight = np.array([[z], [1.0], [-1.0]]), np.array([y, 1.0, 3.0]), np.array([0.0, 1.0, 2.0])
    curves, ends = [], []
    for estimator in both("regressor", loss="poisson", hidden_layer_sizes=(), solver=solver, max_iter=3, shuffle=False):
        estimator.set_params(warm_start=True, learning_rate_init=1e-9).fit(X / 1e6, targets)
        estimator.coefs_, estimator.intercepts_ = [np.ones((1, 1))], [np.zeros(1)]
        try:
            estimator.fit(X, targets, weight if weighted else None)
        except ValueError as error:
            ends.append(str(error))
        curves.append(getattr(estimator, "loss_curve_", None) or [estimator.loss_])
        ends.append((estimator.n_iter_, np.isfinite(estimator.coefs_[0]).all()))
    np.testing.assert_allclose(*curves, rtol=1e-9)
    assert ends[: len(ends) // 2] == ends[len(ends) // 2 :]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_negative_weights_are_taken(both, agree, rows, solver):
    X, targets = rows
    weight = np.where(np.arange(len(X)) % 5 == 0, -0.3, 1.0)
    ours, theirs = both("classifier", solver=solver, hidden_layer_sizes=(3,), max_iter=4)
    agree(ours.fit(X, targets["classes"], weight), theirs.fit(X, targets["classes"], weight), 1e-7)


def test_batches_of_negative_weight(both, agree, rows):
    X, targets = rows
    weight = np.where(np.arange(len(X)) < 30, -1.0, 1.0)
    options = {"solver": "sgd", "shuffle": False, "batch_size": 30, "max_iter": 3, "hidden_layer_sizes": (3,)}
    ours, theirs = both("regressor", **options)
    agree(ours.fit(X, targets["numbers"], weight), theirs.fit(X, targets["numbers"], weight))


def test_weights_that_add_up_to_nothing(both, rows):
    X, targets = rows
    weight = np.ones(len(X))
    weight[:30] = 0.0
    for weights, error, text in (
        (np.zeros(len(X)), ValueError, "Sample weights must contain at least one non-zero number."),
        (weight, ZeroDivisionError, "Weights sum to zero, can't be normalized"),
    ):
        for estimator in both("classifier", shuffle=False, batch_size=30):
            with pytest.raises(error, match=text):
                estimator.fit(X, targets["binary"], weights)


def test_a_threshold_is_passed_strictly(both, rows):
    X, targets = rows
    for target in ("binary", "labels"):
        ours, theirs = both("classifier", hidden_layer_sizes=(), max_iter=1)
        for estimator in (ours, theirs):
            estimator.fit(X, targets[target])
            estimator.coefs_[0][:], estimator.intercepts_[0][:] = 0.0, 0.0
        assert not ours.predict(X).any()
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_a_relu_at_zero_passes_no_gradient(both, agree, rows):
    X, targets = rows
    ours, theirs = both("regressor", hidden_layer_sizes=(3,), solver="sgd", max_iter=1, warm_start=True)
    for estimator in (ours, theirs):
        estimator.fit(X, targets["numbers"])
        estimator.coefs_[0][:], estimator.intercepts_[0][:] = 0.0, 0.0
        estimator.fit(X, targets["numbers"])
    agree(ours, theirs)
    assert not ours.coefs_[0].any()


@pytest.mark.parametrize("form", [csr_matrix, csc_matrix])
def test_sparse_rows(both, agree, rows, form):
    X, targets = rows
    X = form(X * (np.abs(X) > 0.5))
    ours, theirs = both("classifier", hidden_layer_sizes=(4,), early_stopping=True, batch_size=20, max_iter=5)
    agree(ours.fit(X, targets["classes"]), theirs.fit(X, targets["classes"]))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)


def test_the_logarithm_of_a_probability_may_be_minus_infinity(both, rows):
    X, targets = rows
    ours, _ = both("classifier", hidden_layer_sizes=(), max_iter=1)
    ours.fit(X, targets["classes"])
    ours.coefs_[0] *= 1e6
    assert np.isneginf(ours.predict_log_proba(X)).any()
