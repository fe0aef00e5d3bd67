"""Numbers of which each layer of weights may have its own: strengths of penalties, decay, factors on the rate.

A layer of weights is a hidden layer or the output: its W with b, and whatever else it learns. Where they are given they
are one number for all, or a sequence with one for each, from the inputs to the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

from multilayer.network.checks import require_not_negative
from multilayer.network.plan import Plan, View

PerLayer: TypeAlias = float | Sequence[float]


def require_per_layer(name: str, given: Any) -> PerLayer:
    """A number of at least 0 as it is, or several as a tuple.

    Raises
    ------
    ValueError
        Naming the argument.
    """
    if not _are_several(given):
        require_not_negative(name, given)
        return cast(float, given)
    values = tuple(given)
    for i, value in enumerate(values):
        require_not_negative(f"{name}[{i}]", value)
    return values


def of_each_layer(name: str, given: Any, n_layers: int) -> tuple[float, ...]:
    """The number of each layer of weights.

    Raises
    ------
    ValueError
        Naming the argument, for numbers below 0, and for more or fewer of them than there are layers.
    """
    values = require_per_layer(name, given)
    if not isinstance(values, tuple):
        return (float(values),) * n_layers  # type: ignore[arg-type]
    if len(values) != n_layers:
        raise ValueError(
            f"{name}: must have one number for each of {n_layers} layers of weights (hidden layers and output), "
            f"came {len(values)}"
        )
    return tuple(map(float, values))


def layer_of(view: View) -> int:
    """Place of the layer that a view belongs to, from 0."""
    return int(view.name.partition(".")[0]) - 1


def n_layers(views: Sequence[View]) -> int:
    """Number of layers of weights."""
    return layer_of(views[-1]) + 1


def with_layer_rates(plan: Plan, layer_rates: Any) -> Plan:
    """The plan with a factor on the rate of each layer; 0 freezes it, None leaves the plan as it is.

    Raises
    ------
    ValueError
        If they do not fit the layers, or leave nothing to train.
    """
    if layer_rates is None:
        return plan
    if not _are_several(layer_rates):
        raise TypeError(f"layer_rates: must be a sequence of numbers, one for each layer, came {layer_rates!r}")
    rates = of_each_layer("layer_rates", layer_rates, n_layers(plan.views))
    if not any(rates):
        raise ValueError(f"layer_rates: must leave a layer to train, came {rates!r}")
    return replace(plan, views=tuple(replace(view, rate=rates[layer_of(view)]) for view in plan.views))


def _are_several(given: object) -> bool:
    """Whether this is a sequence of numbers, rather than one."""
    return isinstance(given, Iterable) and not isinstance(given, str)
