"""Counters, early stopping, and training that never ends well."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


def test_a_run_that_never_improves_stops_two_epochs_later_than_its_text_says(both, agree, rows, capsys):
    X, targets = rows
    ours, theirs = both("classifier", tol=1e9, hidden_layer_sizes=(3,), verbose=True)
    ours.fit(X, targets["binary"])
    said = capsys.readouterr().out
    theirs.fit(X, targets["binary"])
    assert said == capsys.readouterr().out
    assert ours.n_iter_ == 12
    assert "did not improve more than tol=1000000000.000000 for 10 consecutive epochs. Stopping." in said
    agree(ours, theirs)


def test_patience_without_end(both, agree, rows):
    X, targets = rows
    ours, theirs = both("regressor", tol=1e9, n_iter_no_change=np.inf, hidden_layer_sizes=(3,), max_iter=15)
    agree(ours.fit(X, targets["numbers"]), theirs.fit(X, targets["numbers"]))
    assert ours._no_improvement_count == 14


@pytest.mark.parametrize("target", ["binary", "classes", "labels", "numbers", "outputs", "counts"])
@pytest.mark.parametrize("weighted", [False, True])
def test_early_stopping_restores_the_best_epoch(both, agree, rows, target, weighted):
    X, targets = rows
    kind = "classifier" if target in ("binary", "classes", "labels") else "regressor"
    options = {"loss": "poisson"} if target == "counts" else {}
    weight = np.random.default_rng(3).uniform(0.1, 2.0, len(X)) if weighted else None
    options |= {"early_stopping": True, "n_iter_no_change": 3, "learning_rate_init": 0.02, "validation_fraction": 0.3}
    ours, theirs = both(kind, **options, hidden_layer_sizes=(4,), max_iter=40, batch_size=20)
    agree(ours.fit(X, targets[target], weight), theirs.fit(X, targets[target], weight))
    assert ours.best_loss_ is None
    assert ours.best_validation_score_ == max(ours.validation_scores_)
    assert ours.coefs_ is ours._best_coefs


def test_a_warm_start_loses_the_old_best(both, agree, rows):
    X, targets = rows
    options = {"early_stopping": True, "warm_start": True, "solver": "sgd", "learning_rate_init": 0.3, "max_iter": 6}
    ours, theirs = both("classifier", **options, hidden_layer_sizes=(4,), validation_fraction=0.3)
    for step in range(3):
        agree(ours.fit(X, targets["classes"]), theirs.fit(X, targets["classes"]))
        if step == 0:
            for estimator in (ours, theirs):
                estimator.best_validation_score_ = 2.0  # no later epoch reaches it


def test_weights_are_trained_in_place(both, rows):
    """Who holds an array of `coefs_` sees it change, as scikit-learn's in-place updates let them."""
    X, targets = rows
    for estimator in both("regressor", hidden_layer_sizes=(3,), warm_start=True, max_iter=2):
        held = estimator.fit(X, targets["numbers"]).coefs_[0]
        before = held.copy()
        estimator.partial_fit(X, targets["numbers"])
        assert held is estimator.coefs_[0]
        assert not np.array_equal(held, before)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_weights_that_end_as_nan_are_an_error(both, rows, solver):
    X, targets = rows
    X = X * 1e300
    messages = []
    for estimator in both("regressor", solver=solver, learning_rate_init=1e3, hidden_layer_sizes=(4,), max_iter=15):
        with pytest.raises(ValueError, match="Solver produced non-finite parameter weights") as caught:
            estimator.fit(X, targets["numbers"])
        messages.append((str(caught.value), estimator.n_iter_))
    assert messages[0] == messages[1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_early_stopping_survives_divergence_with_its_best_weights(both, rows):
    X, targets = rows
    options = {"solver": "sgd", "activation": "identity", "momentum": 0.0, "learning_rate_init": 1.0, "max_iter": 300}
    for estimator in both("regressor", **options, early_stopping=True, hidden_layer_sizes=(3,), n_iter_no_change=400):
        estimator.fit(10 * X, targets["numbers"])
        assert np.isnan(estimator.validation_scores_[-1])
        assert np.isfinite(estimator.coefs_[0]).all()
        assert estimator.n_iter_ == 300  # a NaN counts as no failure


@pytest.mark.parametrize("tol", [0.0, 1e9])
def test_only_a_run_that_was_not_stopped_warns(both, rows, tol):
    X, targets = rows
    said = []
    for estimator in both("classifier", hidden_layer_sizes=(3,), tol=tol, max_iter=12, n_iter_no_change=10):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(X, targets["binary"])
        said.append([(w.category, str(w.message)) for w in caught])
    assert said[0] == said[1]
    assert [category for category, _ in said[0]] == ([] if tol else [ConvergenceWarning])


def test_ctrl_c_keeps_the_model(both, rows, monkeypatch):
    X, targets = rows
    ours, theirs = both("classifier", hidden_layer_sizes=(3,), verbose=True, max_iter=9)
    printed = 0

    def interrupting(*words):
        nonlocal printed
        printed += 1
        if printed % 4 == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", interrupting)
    for estimator in (ours, theirs):
        with pytest.warns(UserWarning, match="Training interrupted by user."):
            estimator.fit(X, targets["binary"])
    assert ours.n_iter_ == theirs.n_iter_ == 4
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-12)
    assert ours.loss_curve_ == pytest.approx(theirs.loss_curve_)
