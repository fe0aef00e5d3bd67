"""The network and the objective that an estimator's parameters describe."""

from __future__ import annotations

from typing import Any

from multilayer.estimators import learned
from multilayer.estimators.kept import kept_network
from multilayer.estimators.parameters import LIBRARY_NAMES
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2, ElasticNet


def network_of(estimator: Any, sizes: tuple[int, ...]) -> Network:
    """The network with these numbers of units, inputs and outputs among them, by the parameters of the moment."""
    given = estimator.initial_weights
    return kept_network(
        estimator,
        sizes,
        _library(estimator.activation),
        _per_layer(estimator.activations, "activations", sizes, None),
        _per_layer(estimator.dropout, "dropout", sizes, 0.0),
        estimator.input_dropout,
        _library(estimator._output()),
        "scikit_learn" if given is None or isinstance(given, tuple) else given,
    )


def learned_network(estimator: Any) -> Network:
    """The network of the estimator's weights."""
    return network_of(estimator, learned.layer_sizes(estimator))


def objective_of(estimator: Any) -> Objective:
    """What is minimised; alpha and l1 are divided by the weight of the batch."""
    alpha, l1 = float(estimator.alpha), float(estimator.l1)
    return Objective(
        learned_network(estimator),
        estimator._library_loss(),
        ElasticNet(l1, alpha) if l1 else L2(alpha),
        penalty_in_mean=True,
    )


def _library(name: Any) -> Any:
    """Our name of what scikit-learn calls otherwise; functions are given back."""
    return LIBRARY_NAMES.get(name, name) if isinstance(name, str) else name


def _per_layer(given: Any, name: str, sizes: tuple[int, ...], default: Any) -> tuple[Any, ...]:
    """A parameter's value for each hidden layer.

    Raises
    ------
    ValueError
        If there are more or fewer than hidden layers.
    """
    hidden = len(sizes) - 2
    if given is default or given == default:
        return (default,) * hidden
    values = tuple(map(_library, given)) if hasattr(given, "__iter__") else (given,) * hidden
    if len(values) != hidden:
        raise ValueError(f"{name}: must have one entry for each of {hidden} hidden layers, came {len(values)}")
    return values
