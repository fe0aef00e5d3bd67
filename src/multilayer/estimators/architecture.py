"""The network and the objective that an estimator's parameters describe."""

from __future__ import annotations

from typing import Any

from multilayer.estimators import learned
from multilayer.estimators.kept import kept_network
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2, ElasticNet


def network_of(estimator: Any, sizes: tuple[int, ...]) -> Network:
    """The network with these numbers of units, inputs and outputs among them, by the parameters of the moment."""
    given, activations, dropout = estimator.initial_weights, estimator.activations, estimator.dropout
    return kept_network(
        estimator,
        sizes,
        estimator.activation,
        None if activations is None else tuple(activations),
        tuple(dropout) if hasattr(dropout, "__iter__") else dropout,
        estimator.input_dropout,
        estimator._output(),
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
