"""What a stochastic solver remembers, in scikit-learn's form and in ours: lists of arrays there, flat vectors here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from multilayer.estimators import learned
from multilayer.estimators.optimizer import Optimizer, new_optimizer
from multilayer.network.layers import Layer
from multilayer.network.network import Network


def optimizer_from_sklearn(theirs: Any, estimator: Any) -> Optimizer:
    """Theirs as ours, for our estimator with the same parameters and weights."""
    made = new_optimizer(estimator)
    made.learning_rate = theirs.learning_rate
    kept = (theirs.ms, theirs.vs) if isinstance(theirs, AdamOptimizer) else (theirs.velocities,)
    made.slots = tuple(_flat(_network(estimator), arrays) for arrays in kept)
    made.t = getattr(theirs, "t", 0)
    return made


def optimizer_to_sklearn(ours: Optimizer, estimator: Any) -> Any:
    """Ours as theirs, for their estimator with the same parameters and weights."""
    params, rate = estimator.coefs_ + estimator.intercepts_, estimator.learning_rate_init
    kept = [_arrays(_network(estimator), slot) for slot in ours.slots or ()]
    made: Any
    if ours.lr_schedule is None:
        made = AdamOptimizer(params, rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
        made.t = ours.t
        if kept:
            made.ms, made.vs = kept
    else:
        nesterov = estimator.nesterovs_momentum
        made = SGDOptimizer(params, rate, ours.lr_schedule, estimator.momentum, nesterov, ours.power_t)
        if kept:
            (made.velocities,) = kept
    made.learning_rate = ours.learning_rate
    return made


def _network(estimator: Any) -> Network:
    """A network with the layout of the estimator's."""
    return Network(list(learned.layer_sizes(estimator)))


def _flat(network: Network, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Arrays of all coefs, then of all intercepts, as one vector in θ's order."""
    half = len(arrays) // 2
    layers = tuple(Layer(W.T, b) for W, b in zip(arrays[:half], arrays[half:], strict=True))
    return network.pack(layers, arrays[0].dtype)


def _arrays(network: Network, flat: NDArray[Any]) -> list[NDArray[Any]]:
    """The inverse of `_flat`."""
    layers = network.unpack(np.asarray(flat))
    return [*learned.coefs_of(layers), *learned.intercepts_of(layers)]
