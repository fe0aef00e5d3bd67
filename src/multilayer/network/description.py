"""Networks as plain data for JSON, and back.

What a network computes is described by names alone: of activations, outputs and schemes of initial weights that this
library knows, with their options. A function of the user's own has no such name and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from multilayer.formulas.activations import ACTIVATIONS, Activation, activation
from multilayer.formulas.outputs import OUTPUTS, Output, output
from multilayer.network.initial_weights import INITIAL_WEIGHTS, InitialWeights, initial_weights
from multilayer.network.layers import APL, Dense, Dropout, LayerDescription, Maxout
from multilayer.network.network import Network

LAYERS: Mapping[str, type[LayerDescription]] = {kind.__name__: kind for kind in (Dense, Maxout, APL, Dropout)}


def network_to_dict(network: Network) -> dict[str, Any]:
    """Describe a network in what JSON can hold.

    Parameters
    ----------
    network : Network
        f; its parameters θ are arrays and not part of the description.

    Returns
    -------
    dict
        ``layers``: a number of units, or a mapping with the layer's ``kind`` and fields; ``activation``, ``output`` and
        ``initial_weights``: a name, or a mapping with ``name`` and ``options``; ``bias``.

    Raises
    ------
    ValueError
        If an activation, the output or the scheme is a function of the user's own; names it.
    """
    scheme = network.initial_weights
    return {
        "layers": [item if isinstance(item, int) else _layer_to_dict(item) for item in network.layers],
        "activation": _activation_to_plain(network.activation),
        "output": _output_to_plain(network.output),
        "bias": network.bias,
        "initial_weights": None if scheme is None else _scheme_to_plain(initial_weights(scheme)),
    }


def network_from_dict(data: Mapping[str, Any]) -> Network:
    """The inverse of `network_to_dict`.

    Raises
    ------
    ValueError
        If a name, an option or a value is none that a network can have, or something is absent.
    """
    try:
        scheme = data["initial_weights"]
        return Network(
            [item if isinstance(item, int) else _layer_from_dict(item) for item in data["layers"]],
            _activation_from_plain(data["activation"]),
            _output_from_plain(data["output"]),
            bool(data["bias"]),
            None if scheme is None else _looked_up(initial_weights, scheme),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"network: {data!r} does not describe one: {error!r}") from error


def _layer_to_dict(layer: LayerDescription) -> dict[str, Any]:
    values = {field.name: _number_or_same(getattr(layer, field.name)) for field in fields(layer)}
    if values.get("activation") is not None:
        values["activation"] = _activation_to_plain(activation(values["activation"]))
    return {"kind": type(layer).__name__, **values}


def _number_or_same(value: Any) -> Any:
    """NumPy's numbers as Python's, which JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value


def _layer_from_dict(data: Mapping[str, Any]) -> LayerDescription:
    values = {name: value for name, value in data.items() if name != "kind"}
    if values.get("activation") is not None:
        values["activation"] = _activation_from_plain(values["activation"])
    return LAYERS[data["kind"]](**values)


def _activation_to_plain(chosen: Activation) -> Any:
    known = ACTIVATIONS.get(chosen.name)
    if known is None or (known.function, known.derivative) != (chosen.function, chosen.derivative):
        raise _refusal("activation", chosen.name, ACTIVATIONS)
    return _plain(chosen.name, chosen.options, known.options)


def _activation_from_plain(plain: Any) -> Activation:
    return _looked_up(activation, plain)


def _output_to_plain(chosen: Output) -> Any:
    if isinstance(chosen.function, Activation):
        return _activation_to_plain(chosen.function)
    known = OUTPUTS.get(chosen.name)
    if known is None or known.by_group(chosen.groups) != chosen:
        raise _refusal("output", chosen.name, OUTPUTS)
    return {"name": chosen.name, "options": {"groups": list(chosen.groups)}} if chosen.groups else chosen.name


def _output_from_plain(plain: Any) -> Output:
    if isinstance(plain, str) or "groups" in plain["options"]:
        return _looked_up(output, plain)
    return output(_activation_from_plain(plain))


def _scheme_to_plain(chosen: InitialWeights) -> Any:
    known = INITIAL_WEIGHTS.get(chosen.name)
    if known is None or known.function is not chosen.function:
        raise _refusal("initial_weights", chosen.name, INITIAL_WEIGHTS)
    return _plain(chosen.name, chosen.options, known.options)


def _plain(name: str, options: tuple[tuple[str, float], ...], defaults: tuple[tuple[str, float], ...]) -> Any:
    """The name alone where every option has its default."""
    return name if options == defaults else {"name": name, "options": dict(options)}


def _looked_up(look_up: Any, plain: Any) -> Any:
    return look_up(plain) if isinstance(plain, str) else look_up(plain["name"], **plain["options"])


def _refusal(what: str, name: str, known: Mapping[str, Any]) -> ValueError:
    return ValueError(
        f"{what}: {name!r} is a function of your own, which no file can hold; allowed here: {', '.join(known)}"
    )
