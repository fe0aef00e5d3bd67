"""Networks kept for the models that describe them, because making one takes longer than asking it for one row."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from multilayer.estimators.parameters import LIBRARY_NAMES
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
    activations: tuple[Any, ...] | None,
    dropout: float | tuple[float, ...],
    input_dropout: float,
    output: Any,
    initial_weights: Any,
) -> Network:
    """A network of dense layers, by the estimators' parameters.

    Parameters
    ----------
    sizes : tuple of int
        Units from the inputs to the outputs.
    activation, activations, dropout, input_dropout, initial_weights
        As in `MLPClassifier`.
    output : str, Activation or Output
        Function of the outputs.

    Raises
    ------
    ValueError
        If `activations` or `dropout` has more or fewer entries than there are hidden layers.
    """
    functions = _per_layer("activations", activations, len(sizes) - 2)
    rates = _per_layer("dropout", dropout, len(sizes) - 2)
    layers: list[int | LayerDescription] = [sizes[0]]
    if input_dropout:
        layers.append(Dropout(float(input_dropout)))
    for units, own, rate in zip(sizes[1:-1], functions, rates, strict=True):
        layers.append(units if own is None else Dense(units, _library(own)))
        if rate:
            layers.append(Dropout(float(rate)))
    return Network([*layers, sizes[-1]], _library(activation), _library(output), initial_weights=initial_weights)


def _library(name: Any) -> Any:
    """Our name of what scikit-learn calls otherwise; functions are given back."""
    return LIBRARY_NAMES.get(name, name) if isinstance(name, str) else name


def _per_layer(name: str, given: Any, hidden: int) -> tuple[Any, ...]:
    """A value for each hidden layer."""
    values = given if isinstance(given, tuple) else (given,) * hidden
    if len(values) != hidden:
        raise ValueError(f"{name}: must have one entry for each of {hidden} hidden layers, came {len(values)}")
    return values
