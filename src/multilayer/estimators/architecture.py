"""The network and the objective that an estimator's parameters describe."""

from __future__ import annotations

from typing import Any

from multilayer.estimators import learned
from multilayer.estimators.kept import kept_network
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2, ElasticNet
from multilayer.network.per_layer import of_each_layer, with_layer_rates
from multilayer.network.plan import Plan


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
    """What is minimised; alpha and l1 are divided by the weight of the batch.

    Raises
    ------
    ValueError
        Where `alpha` or `l1` does not fit the layers.
    """
    n_layers = len(estimator.coefs_)
    alpha, l1 = (of_each_layer(name, getattr(estimator, name), n_layers) for name in ("alpha", "l1"))
    return Objective(
        learned_network(estimator),
        estimator._library_loss(),
        ElasticNet(l1, alpha) if any(l1) else L2(alpha),
        penalty_in_mean=True,
    )


def plan_of(estimator: Any, objective: Objective) -> Plan:
    """The objective's plan with the layers' rates."""
    return with_layer_rates(objective.plan, estimator.layer_rates)
