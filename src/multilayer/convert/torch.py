"""`from_torch` and `to_torch`: networks as `torch.nn.Sequential`, and back.

Both ways copy the parameters; the layers are Linear, Dropout, and the activations of `PAIRS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.formulas.activations import ACTIVATIONS, Activation, activation
from multilayer.formulas.outputs import OUTPUTS, Output
from multilayer.formulas.outputs import output as look_up_output
from multilayer.network.checks import require_truth
from multilayer.network.layers import Dense, Dropout, Layer, LayerDescription
from multilayer.network.network import Network, Parameters
from multilayer.network.plan import Affine, Elementwise
from multilayer.network.plan import Dropout as DropoutOperation
from multilayer.network.propagation import parameter_views


@dataclass(frozen=True)
class Pair:
    """An activation and the module of torch that computes the same.

    Parameters
    ----------
    name, module : str
        Ours in `ACTIVATIONS`, theirs in `torch.nn`.
    options : mapping
        Our options' names to theirs.
    fixed : mapping
        What else the module must have.
    made : mapping
        What else it is made with.
    """

    name: str
    module: str
    options: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)


PAIRS = (
    Pair("identity", "Identity"),
    Pair("sigmoid", "Sigmoid"),
    Pair("tanh", "Tanh"),
    Pair("relu", "ReLU"),
    Pair("leaky_relu", "LeakyReLU", {"slope": "negative_slope"}),
    Pair("elu", "ELU", {"alpha": "alpha"}),
    Pair("selu", "SELU"),
    Pair("gelu", "GELU", fixed={"approximate": "none"}),
    Pair("silu", "SiLU"),
    Pair("mish", "Mish"),
    # torch gives z itself beyond its threshold; at 40 that is exact, at its default of 20 within 2e-9.
    Pair("softplus", "Softplus", fixed={"beta": 1.0}, made={"threshold": 40.0}),
    Pair("softsign", "Softsign"),
    Pair("hard_sigmoid", "Hardsigmoid"),
    Pair("hard_tanh", "Hardtanh", fixed={"min_val": -1.0, "max_val": 1.0}),
)
TO_TORCH = {pair.name: pair for pair in PAIRS}
FROM_TORCH = {pair.module: pair for pair in PAIRS}


def to_torch(network: Network, theta: Sequence[Any] | NDArray[Any], *, logits: bool = False, dtype: Any = None) -> Any:
    """A network with its parameters as `torch.nn.Sequential`, in evaluation mode.

    Parameters
    ----------
    network : Network
        Of dense and dropout layers.
    theta : parameters
        As `Network.pack` takes them; copied.
    logits : bool
        False ends with the network's output, such as Softmax or Sigmoid, so that the module gives what
        `Network.forward` gives. True leaves the output out, as torch's CrossEntropyLoss and BCEWithLogitsLoss expect.
    dtype : dtype, optional
        By default float32 where all parameters are, else float64.

    Returns
    -------
    torch.nn.Sequential
        Call its ``train()`` before training on: then dropout acts.

    Raises
    ------
    ImportError
        If torch is missing.
    ValueError, TypeError
        For a layer, activation or output that torch.nn has no module for, by name.
    """
    torch = _torch()
    if not isinstance(network, Network):
        raise TypeError(f"network: must be a Network, came {type(network).__name__}")
    require_truth("logits", logits)
    kind = np.dtype(_dtype(theta) if dtype is None else dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype: must be float32 or float64, came {kind}")
    views = parameter_views(network.views, network.pack(theta, kind))
    modules: list[Any] = []
    for operation in network.operations:
        match operation:
            case Affine(weight, bias):
                modules.append(_linear(torch, views[weight], None if bias is None else views[bias]))
            case Elementwise(g):
                modules.append(_module(torch, g, "activation"))
            case DropoutOperation(rate):
                modules.append(torch.nn.Dropout(rate))
            case _:
                name = {"MaxPool": "Maxout", "Hinges": "APL"}[type(operation).__name__]
                raise ValueError(f"network: torch.nn has no module for {name} layers; allowed: Dense and Dropout")
    if not logits and network.output.name != "identity":
        modules.append(_output_module(torch, network.output))
    return torch.nn.Sequential(*modules).eval()


def from_torch(module: Any, *, output: str | Output | None = None) -> tuple[Network, Parameters]:
    """A `torch.nn.Sequential` as a network and its parameters.

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear, Dropout and the activations that this library has, each activation behind a Linear; Sequentials
        inside it are opened, and a Flatten before the first layer is passed over: rows are flat here.
    output : str or Output, optional
        The network's output. By default what the module ends with: Sigmoid, Softmax and others, or the identity after
        a last Linear. A module that was trained on logits (CrossEntropyLoss, BCEWithLogitsLoss) ends with Linear:
        "softmax" or "sigmoid" makes probabilities of them.

    Returns
    -------
    network : Network
    theta : tuple of Layer
        Copies, in float64 or float32; those of smaller types in float32.

    Raises
    ------
    ImportError
        If torch is missing.
    ValueError, TypeError
        For a module that cannot be expressed, with its place and name.
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Sequential):
        raise TypeError(f"module: must be a torch.nn.Sequential, came {type(module).__name__}")
    layers: list[int | LayerDescription] = []
    theta: list[Layer] = []
    linear, after = None, None  # the last Linear, and what came behind it
    for place, part in _opened(module, ""):
        name = _kind(part)
        if linear is None and not theta and name not in ("Linear", "Dropout"):
            raise ValueError(f"module: {place} stands before the first Linear; allowed there: Dropout, Flatten")
        if name in ("Linear", "Dropout"):
            if linear is not None:
                layers.append(_hidden(linear, after, place))
            linear, after = (part, None) if name == "Linear" else (None, None)
            if name == "Dropout":
                layers.append(Dropout(part.p))
                continue
            theta.append(Layer(_array(part.weight), None if part.bias is None else _array(part.bias)))
        elif linear is None or after is not None:
            raise ValueError(f"module: {place} must stand directly behind a Linear")
        else:
            after = _known(part, place)
    if linear is None:
        raise ValueError("module: must end with a Linear, perhaps with an activation behind it")
    layers = [theta[0].W.shape[1], *layers, Dense(linear.out_features, bias=linear.bias is not None)]
    return Network(layers, output=_joined(after, output)), tuple(theta)


def _torch() -> ModuleType:
    """torch, or how to install it."""
    try:
        import torch
    except ImportError as error:
        raise ImportError('this needs torch, which is missing: pip install "multilayer[torch]"') from error
    return torch


def _dtype(theta: Sequence[Any] | NDArray[Any]) -> Any:
    """float32 where all parameters are, else float64."""
    arrays = [theta] if hasattr(theta, "dtype") else [a for layer in theta for a in layer if a is not None]
    return np.float32 if all(getattr(a, "dtype", None) == np.float32 for a in arrays) else np.float64


def _linear(torch: ModuleType, W: NDArray[Any], b: NDArray[Any] | None) -> Any:
    """A Linear of a layer's parameters, copied."""
    n_out, n_in = W.shape
    made = torch.nn.utils.skip_init(torch.nn.Linear, n_in, n_out, bias=b is not None, dtype=torch.from_numpy(W).dtype)
    with torch.no_grad():
        made.weight.copy_(torch.from_numpy(W))
        if b is not None:
            made.bias.copy_(torch.from_numpy(b))
    return made


def _module(torch: ModuleType, g: Activation, what: str) -> Any:
    """The module that computes an activation."""
    pair = TO_TORCH.get(g.name)
    if pair is None or ACTIVATIONS[g.name].function is not g.function:
        raise ValueError(f"network: torch.nn has no module for {what} {g.name!r}; allowed: {', '.join(TO_TORCH)}")
    options = {pair.options[name]: value for name, value in g.options}
    return getattr(torch.nn, pair.module)(**options, **pair.fixed, **pair.made)


def _output_module(torch: ModuleType, output: Output) -> Any:
    """The module that computes an output."""
    if output.groups:
        raise ValueError(
            f"network: torch.nn has no module for output {output.name!r} by groups, came {output.groups}; allowed: "
            "logits=True, which leaves it out"
        )
    if output == OUTPUTS["softmax"]:
        return torch.nn.Softmax(dim=-1)
    if isinstance(output.function, Activation) and output.name in TO_TORCH:
        return _module(torch, output.function, "output")
    raise ValueError(
        f"network: torch.nn has no module for output {output.name!r}; allowed: softmax, {', '.join(TO_TORCH)}, or "
        "logits=True, which leaves it out"
    )


def _kind(part: Any) -> str:
    """The name of a module's class; of one that is not torch's own, with where it is from."""
    kind = type(part)
    return kind.__name__ if kind.__module__.startswith("torch.nn.") else f"{kind.__module__}.{kind.__qualname__}"


def _opened(module: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The parts of a Sequential and of those inside it, each with its place; what computes nothing is left out."""
    for number, part in enumerate(module):
        kind = _kind(part)
        if kind == "Sequential":
            yield from _opened(part, f"{path}{number}.")
        elif kind != "Identity" and not (kind == "Flatten" and f"{path}{number}" == "0"):
            yield f"{kind} at {path}{number}", part


def _known(part: Any, place: str) -> Activation | Output | str:
    """The activation or output that a module computes; "LogSoftmax" is neither, but may be read as the softmax."""
    name = _kind(part)
    if name in ("Softmax", "LogSoftmax"):
        if part.dim not in (1, -1):
            raise ValueError(f"module: {place} must act on each row, dim=-1, came dim={part.dim}")
        return OUTPUTS["softmax"] if name == "Softmax" else name
    pair = FROM_TORCH.get(name)
    if pair is None:
        raise ValueError(f"module: {place} has no counterpart here; allowed: Linear, Dropout, {', '.join(FROM_TORCH)}")
    for option, value in pair.fixed.items():
        if getattr(part, option) != value:
            raise ValueError(f"module: {place} must have {option}={value!r}, came {getattr(part, option)!r}")
    return activation(pair.name, **{ours: float(getattr(part, theirs)) for ours, theirs in pair.options.items()})


def _hidden(linear: Any, after: Activation | Output | str | None, place: str) -> Dense:
    """A hidden layer."""
    if after is not None and not isinstance(after, Activation):
        raise ValueError(f"module: a softmax may stand at the end only, not before {place}")
    return Dense(linear.out_features, "identity" if after is None else _named(after), linear.bias is not None)


def _named(g: Activation) -> str | Activation:
    """The name alone where that tells everything."""
    return g.name if ACTIVATIONS.get(g.name) == g else g


def _joined(found: Activation | Output | str | None, asked: str | Output | None) -> Output:
    """The network's output from what the module ends with and what was asked for."""
    wanted = None if asked is None else look_up_output(asked)
    if found is None:
        return OUTPUTS["identity"] if wanted is None else wanted
    if found == "LogSoftmax":
        if wanted != OUTPUTS["softmax"]:
            raise ValueError("module: LogSoftmax gives logarithms; output='softmax' reads it as the probabilities")
        return OUTPUTS["softmax"]
    assert not isinstance(found, str)
    ends = look_up_output(_named(found) if isinstance(found, Activation) else found)
    if wanted is not None and wanted.function != ends.function:
        raise ValueError(f"output: the module ends with {ends.name!r} itself, came {asked!r}; leave it out")
    return ends


def _array(parameter: Any) -> NDArray[Any]:
    """A copy as float64 or float32."""
    values = parameter.detach().cpu()
    return np.array((values if values.element_size() >= 4 else values.float()).numpy())
