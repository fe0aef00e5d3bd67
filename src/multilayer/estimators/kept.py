"""Networks kept for the models that describe them, because making one takes longer than asking it for one row."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from multilayer.network.layers import Dense, Dropout, LayerDescription
from multilayer.network.network import Network

_NETWORKS: WeakKeyDictionary[Any, tuple[tuple[Any, ...], Network]] = WeakKeyDictionary()


def kept_network(model: Any, *description: Any) -> Network:
    """The network that `described` makes of a description, kept until the model describes another."""
    kept = _NETWORKS.get(model)
    if kept is None or kept[0] != description:
        kept = _NETWORKS[model] = description, described(*description)
    return kept[1]


def described(
    sizes: tuple[int, ...],
    activation: Any,
    activations: tuple[Any, ...],
    dropout: tuple[float, ...],
    input_dropout: float,
    output: Any,
    initial_weights: Any,
) -> Network:
    """A network of dense layers: units from the inputs to the outputs, each hidden layer's function and dropout."""
    layers: list[int | LayerDescription] = [sizes[0]]
    if input_dropout:
        layers.append(Dropout(float(input_dropout)))
    for units, own, rate in zip(sizes[1:-1], activations, dropout, strict=True):
        layers.append(units if own is None else Dense(units, own))
        if rate:
            layers.append(Dropout(float(rate)))
    return Network([*layers, sizes[-1]], activation, output, initial_weights=initial_weights)
