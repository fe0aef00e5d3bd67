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
from multilayer.estimators.architecture import learned_network, network_of, objective_of
from multilayer.estimators.counting import forget_held_out
from multilayer.estimators.parameters import STOCHASTIC_SOLVERS, hidden_layers, require_targets
from multilayer.estimators.scikit_learn_callbacks import fit_task
from multilayer.estimators.split_rows import require_use_of_groups
from multilayer.estimators.stochastic import fit_stochastic
from multilayer.estimators.whole_batch import fit_whole_batch
from multilayer.network.layers import Layer
from multilayer.network.network import Network, Parameters


def fit(estimator: Any, X: Any, y: Any, sample_weight: Any, *, incremental: bool, groups: Any = None) -> None:
    """Fit an estimator; `incremental` makes one epoch from where it stands, `groups` are for early stopping's split.

    Raises
    ------
    ValueError
        For bad data and for weights that ended as NaN or infinity, in scikit-learn's words.
    """
    if groups is not None:
        require_use_of_groups(estimator)
    rows = prepare(estimator, X, y, sample_weight, incremental=incremental)
    objective = objective_of(estimator)
    stochastic = estimator.solver in STOCHASTIC_SOLVERS or estimator.rule is not None
    epochs = 1 if stochastic and incremental else int(estimator.max_iter)
    task = fit_task(estimator, X, y, sample_weight, epochs=epochs)
    if stochastic:
        fit_stochastic(estimator, objective, rows, task, incremental=incremental, groups=groups)
    else:
        fit_whole_batch(estimator, objective, rows, task)
    if not all(np.isfinite(array).all() for array in chain(estimator.coefs_, estimator.intercepts_)):
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            "preprocessed."
        )
    if task is not None:
        task.end()


def prepare(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, incremental: bool = False, anew: bool = False
) -> Rows:
    """Data checked and encoded; weights drawn in a first fit, or `anew`."""
    hidden = hidden_layers(estimator.hidden_layer_sizes)
    require_targets(y)
    first = anew or not hasattr(estimator, "coefs_") or not (estimator.warm_start or incremental)
    if not first and len(hidden) != len(estimator.coefs_) - 1:
        layers = len(estimator.coefs_) - 1
        raise ValueError(
            f"hidden_layer_sizes: must have one entry for each of the {layers} hidden layers of the last fit, which is "
            f"gone on from, came {len(hidden)}; set warm_start=False to begin anew"
        )
    X, y = estimator._checked(X, y, reset=first)
    estimator._learn_targets(y, incremental=incremental)
    T = estimator._encoded(y, known=False)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X)
    sample_weight = estimator._with_class_weight(y, sample_weight, incremental=incremental)
    estimator.n_outputs_ = T.shape[1]
    estimator._random_state = check_random_state(estimator.random_state)
    if first:
        _initialize(estimator, (X.shape[1], *hidden, T.shape[1]), X.dtype)
    return Rows(X.tocsr() if hasattr(X, "tocsr") else X, T, sample_weight)


def _initialize(estimator: Any, sizes: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Draw weights, and start what warm starts and partial fits go on from."""
    estimator.n_iter_ = 0
    estimator.t_ = 0
    estimator.n_layers_ = len(sizes)
    estimator.out_activation_ = estimator._output_name()
    network = network_of(estimator, sizes)
    if isinstance(estimator.initial_weights, tuple):
        theta = _given_weights(network, estimator.initial_weights)
    else:
        theta = network.initialize(estimator._random_state)
    for coefs, intercepts in (("coefs_", "intercepts_"), ("_best_coefs", "_best_intercepts")):
        setattr(estimator, coefs, learned.coefs_of(theta, dtype))
        setattr(estimator, intercepts, learned.intercepts_of(theta, dtype))
    if estimator.solver not in STOCHASTIC_SOLVERS and estimator.rule is None:
        return
    estimator.loss_curve_ = []
    estimator.best_loss_ = None if estimator.early_stopping else np.inf
    forget_held_out(estimator)


def _given_weights(network: Network, given: tuple[Any, ...]) -> Parameters:
    """The user's ``(coefs, intercepts)``, checked."""
    if len(given) != 2 or len(given[0]) != len(given[1]):
        raise ValueError("initial_weights: must be a scheme, or (coefs, intercepts) with one array a layer each")
    layers = tuple(Layer(np.asarray(W).T, b) for W, b in zip(*given, strict=True))
    return network.unpack(network.pack(layers, name="initial_weights"))


def outputs(estimator: Any, X: Any) -> NDArray[Any]:
    """Outputs of the fitted network for rows as users give them, (n, k)."""
    if not hasattr(estimator, "coefs_"):
        check_is_fitted(estimator)
    X = prediction.checked_rows(estimator, X)
    return prediction.outputs(estimator, learned_network(estimator), learned.parameters(estimator), X)
