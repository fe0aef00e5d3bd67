"""Our estimators beside scikit-learn's, on small data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import multilayer as ml

CLASSES = {"classifier": (ml.MLPClassifier, MLPClassifier), "regressor": (ml.MLPRegressor, MLPRegressor)}
NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "loss_curve_", "validation_scores_")
COUNTS = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "_no_improvement_count")


@pytest.fixture
def both():
    """A function that makes ours and theirs: ``both("classifier", alpha=1.0)``."""
    return lambda kind, **options: tuple(made(**{"random_state": 0, **options}) for made in CLASSES[kind])


@pytest.fixture
def without_convergence_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.fixture
def agree():
    """A function that asserts that both have the same weights, curves, counters and attributes."""

    def check(ours, theirs, atol=1e-9):
        for name in ("coefs_", "intercepts_"):
            for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                np.testing.assert_allclose(a, b, rtol=0, atol=atol)
        for name in (*NUMBERS, *COUNTS):
            assert hasattr(ours, name) == hasattr(theirs, name), name
        for name in NUMBERS:
            a, b = getattr(ours, name, None), getattr(theirs, name, None)
            assert (a is None) == (b is None), name
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=atol, atol=atol, err_msg=name)
        for name in COUNTS:
            assert getattr(ours, name, None) == getattr(theirs, name, None), name

    return check


@pytest.fixture(scope="session")
def rows():
    """Rows (90, 4) with targets of every kind."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    hidden = np.tanh(X @ rng.normal(size=(4, 3))) + 0.2 * rng.normal(size=(90, 3))
    targets = {
        "binary": (hidden[:, 0] > 0).astype(int),
        "classes": hidden.argmax(axis=1),
        "labels": (hidden > 0).astype(int),
        "numbers": hidden[:, 0],
        "outputs": 3.0 * hidden,
        "counts": rng.poisson(np.exp(hidden[:, 0])).astype(float),
    }
    return X, targets
