"""Fitting, for classifier and regressor alike, in scikit-learn's order of things."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from multilayer.engines.protocol import Rows
from multilayer.estimators import learned, prediction
from multilayer.estimators.lbfgs import fit_lbfgs
from multilayer.estimators.parameters import STOCHASTIC_SOLVERS, hidden_layers, require_targets
from multilayer.estimators.stochastic import fit_stochastic
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2


def fit(estimator: Any, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Any:
    """Fit an estimator; `incremental` makes one epoch from where it stands.

    Raises
    ------
    ValueError
        For bad data and for weights that ended as NaN or infinity, in scikit-learn's words.
    """
    hidden = hidden_layers(estimator.hidden_layer_sizes)
    require_targets(y)
    first = not hasattr(estimator, "coefs_") or not (estimator.warm_start or incremental)
    X, T = estimator._validate_input(X, y, incremental=incremental, reset=first)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X)
    estimator.n_outputs_ = T.shape[1]
    estimator._random_state = check_random_state(estimator.random_state)
    if first:
        _initialize(estimator, (X.shape[1], *hidden, T.shape[1]), X.dtype)
    network = learned_network(estimator)
    objective = Objective(network, estimator._library_loss(), L2(float(estimator.alpha)), penalty_in_mean=True)
    rows = Rows(X.tocsr() if hasattr(X, "tocsr") else X, T, sample_weight)
    if estimator.solver in STOCHASTIC_SOLVERS:
        fit_stochastic(estimator, objective, rows, incremental=incremental)
    else:
        fit_lbfgs(estimator, objective, rows)
    if not all(np.isfinite(array).all() for array in chain(estimator.coefs_, estimator.intercepts_)):
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            "preprocessed."
        )
    return estimator


def _initialize(estimator: Any, sizes: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Draw weights, and start what warm starts and partial fits go on from."""
    estimator.n_iter_ = 0
    estimator.t_ = 0
    estimator.n_layers_ = len(sizes)
    estimator.out_activation_ = estimator._output_name()
    description = sizes, estimator.activation, estimator.out_activation_
    theta = prediction.kept_network(estimator, *description).initialize(estimator._random_state)
    for coefs, intercepts in (("coefs_", "intercepts_"), ("_best_coefs", "_best_intercepts")):
        setattr(estimator, coefs, learned.coefs_of(theta, dtype))
        setattr(estimator, intercepts, learned.intercepts_of(theta, dtype))
    if estimator.solver not in STOCHASTIC_SOLVERS:
        return
    early = estimator.early_stopping
    estimator.loss_curve_ = []
    estimator._no_improvement_count = 0
    estimator.validation_scores_ = [] if early else None
    estimator.best_validation_score_ = -np.inf if early else None
    estimator.best_loss_ = None if early else np.inf


def learned_network(estimator: Any) -> Network:
    """The network of the estimator's weights and parameters of the moment."""
    sizes = learned.layer_sizes(estimator)
    return prediction.kept_network(estimator, sizes, estimator.activation, estimator.out_activation_)


def outputs(estimator: Any, X: Any) -> NDArray[Any]:
    """Outputs of the fitted network for rows as users give them, (n, k)."""
    if not hasattr(estimator, "coefs_"):
        check_is_fitted(estimator)
    X = prediction.checked_rows(estimator, X)
    return prediction.outputs(estimator, learned_network(estimator), learned.parameters(estimator), X)
