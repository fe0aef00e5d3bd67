"""The multilayer perceptron as a description: layers, their parameters' layout, initial weights, forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.formulas import activations, outputs
from multilayer.formulas.activations import Activation
from multilayer.formulas.namespace import Array
from multilayer.formulas.outputs import Output
from multilayer.network import initial_weights as schemes
from multilayer.network import plan
from multilayer.network.arrays import as_numbers, check_inputs
from multilayer.network.checks import require_truth
from multilayer.network.head import require_units
from multilayer.network.layers import APL, Dense, Dropout, Hinges, Layer, LayerDescription, Maxout
from multilayer.network.propagation import forward, parameter_views
from multilayer.random import stream

Parameters = tuple[Layer | Hinges, ...]


@dataclass(frozen=True, init=False)
class Network:
    """A feed-forward network f(x) = o(W_L g(… g(W_1 x + b_1) …) + b_L).

    001: "Multiple (L ≥ 1) Hidden Layers"; 004: ML:IV-105.

    Parameters
    ----------
    layers : sequence
        The number of inputs, then hidden layers, then the number of outputs: ``[2, 4, 1]``. A hidden layer is
        a number of units with the network's activation, or a `Dense`, `Maxout`, `APL` or `Dropout`.
    activation : str or Activation
        g of the layers that do not name their own.
    output : str or Output
        o.
    bias : bool
        Whether layers have a b unless they say so themselves.
    initial_weights : str or InitialWeights, optional
        Scheme of `initialize`; by default one for each layer by its activation.

    Attributes
    ----------
    operations : tuple of Operation
        From inputs to the last pre-activations.
    views : tuple of View
        Layout of the flat parameter vector.
    """

    layers: tuple[int | LayerDescription, ...]
    activation: Activation
    output: Output
    bias: bool
    initial_weights: str | schemes.InitialWeights | None
    operations: tuple[plan.Operation, ...] = field(init=False, repr=False, compare=False)
    views: tuple[plan.View, ...] = field(init=False, repr=False, compare=False)
    groups: tuple[_Group, ...] = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        layers: Sequence[int | LayerDescription],
        activation: str | Activation = "relu",
        output: str | Output = "identity",
        bias: bool = True,
        initial_weights: str | schemes.InitialWeights | None = None,
    ) -> None:
        require_truth("bias", bias)
        if initial_weights is not None:
            schemes.initial_weights(initial_weights)
        values: dict[str, Any] = {
            "layers": _check_layers(layers),
            "activation": activations.activation(activation),
            "output": outputs.output(output),
            "bias": bias,
            "initial_weights": initial_weights,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        require_units(self.output, self.n_outputs)
        operations, views, groups = _compile(self)
        object.__setattr__(self, "operations", operations)
        object.__setattr__(self, "views", views)
        object.__setattr__(self, "groups", groups)

    @property
    def n_inputs(self) -> int:
        """Length D of an input."""
        first = self.layers[0]
        assert isinstance(first, int)
        return first

    @property
    def n_outputs(self) -> int:
        """Length k of an output."""
        last = self.layers[-1]
        return last if isinstance(last, int) else last.units  # type: ignore[union-attr]

    @property
    def n_parameters(self) -> int:
        """Length P of the flat parameter vector."""
        return self.views[-1].stop

    def initialize(self, seed: int | np.random.Generator | np.random.RandomState = 0) -> Parameters:
        """Draw initial weights; float64, all views of one flat vector.

        Parameters
        ----------
        seed : int or generator
            The same seed draws the same weights; a generator of NumPy's is advanced by what they need.
        """
        generator = seed if isinstance(seed, np.random.Generator | np.random.RandomState) else stream(seed, "weights")
        theta = np.empty(self.n_parameters)
        parameters = self.unpack(theta)
        for group, values in zip(self.groups, parameters, strict=True):
            scheme = self.initial_weights or schemes.default_scheme(group.activation)
            activation = self.activation.name if group is self.groups[-1] else group.activation
            W, b = schemes.draw_layer(scheme, generator, *values.W.shape, activation=activation)
            values.W[...] = W
            if values.b is not None:
                values.b[...] = b
            if isinstance(values, Hinges):
                # Slopes 0 start the unit as a relu; knees spread over typical pre-activations so that hinges differ.
                values.slope[...] = 0.0
                values.knee[...] = generator.standard_normal(values.knee.shape)
        return parameters

    def unpack(self, theta: Array) -> Parameters:
        """The flat vector (P,) as one named tuple a layer; views, nothing is copied."""
        if not hasattr(theta, "shape"):
            raise TypeError(f"theta: must be a flat vector of {self.n_parameters} entries, came {type(theta).__name__}")
        if theta.shape[-1] != self.n_parameters:
            raise ValueError(f"theta: must have {self.n_parameters} entries, came shape {tuple(theta.shape)}")
        views = parameter_views(self.views, theta)
        return tuple(group.pack(views) for group in self.groups)

    def pack(self, theta: Sequence[Any] | Array, dtype: Any = None, *, name: str = "theta") -> NDArray[Any]:
        """Parameters, given as named tuples a layer or as a flat vector, as one new flat vector (P,).

        Raises
        ------
        TypeError, ValueError
            Naming the argument (`name`), the layer and the shape that it should have.
        """
        if hasattr(theta, "shape"):
            vector = as_numbers(name, theta, f"numbers of shape ({self.n_parameters},)")
            if vector.shape != (self.n_parameters,):
                raise ValueError(f"{name}: must have shape ({self.n_parameters},), came {vector.shape}")
            return np.array(vector, dtype=dtype or np.float64)
        if not isinstance(theta, Sequence):
            raise TypeError(f"{name}: must be a sequence of layers' parameters or a flat vector, came {theta!r}")
        if len(theta) != len(self.groups):
            raise ValueError(f"{name}: must have {len(self.groups)} layers with parameters, came {len(theta)}")
        flat = np.empty(self.n_parameters, dtype=dtype or np.float64)
        for number, (group, values) in enumerate(zip(self.groups, theta, strict=True), start=1):
            group.fill(flat, values, self.views, f"{name}: layer {number}")
        return flat

    def forward(self, theta: Sequence[Any] | Array, X: ArrayLike) -> NDArray[Any]:
        """Outputs f = o(z) of rows X.

        Parameters
        ----------
        theta : parameters
            As `initialize` gives them, or tuples of arrays of the same shapes.
        X : array_like (n, D)
            Rows; one input is ``x[None, :]``.

        Returns
        -------
        ndarray (n, k)
        """
        flat = self.pack(theta)
        z = forward(self.operations, parameter_views(self.views, flat), check_inputs(X, self.n_inputs)).values[-1]
        return np.asarray(self.output.function(z))


@dataclass(frozen=True)
class _Group:
    """The views of one layer with parameters: indices in the order of its named tuple, None for no bias."""

    kind: type[Layer] | type[Hinges]
    indices: tuple[int | None, ...]
    activation: str

    def pack(self, views: Sequence[Array]) -> Layer | Hinges:
        """The layer's named tuple."""
        return self.kind(*(None if i is None else views[i] for i in self.indices))

    def fill(self, flat: NDArray[Any], values: Any, views: Sequence[plan.View], place: str) -> None:
        """Copy a layer's values into the flat vector; `place` says in refusals where they were given."""
        fields = self.kind._fields
        if not isinstance(values, tuple | list) or len(values) > len(fields):
            count = f" of {len(values)}" if isinstance(values, tuple | list) else ""
            raise ValueError(
                f"{place} must be {self.kind.__name__}({', '.join(fields)}), came {type(values).__name__}{count}"
            )
        values = (*values, *(None,) * (len(fields) - len(values)))
        for name, i, value in zip(fields, self.indices, values, strict=True):
            expected = None if i is None else views[i].shape
            label = f"{place}: {name}"
            array = None if value is None else as_numbers(label, value, f"numbers of shape {expected}")
            shape = None if array is None else array.shape
            if shape != expected:
                raise ValueError(f"{label} must have shape {expected}, came {shape}")
            if i is not None and array is not None:
                flat[views[i].start : views[i].stop] = array.ravel()


def _check_layers(layers: Sequence[Any]) -> tuple[int | LayerDescription, ...]:
    """Refuse a sequence that does not begin with the inputs and end with the outputs."""
    if not isinstance(layers, Iterable) or isinstance(layers, (str, Mapping, Set)):
        raise TypeError(f"layers: must be a sequence such as [2, 4, 1], came {layers!r}")
    items = tuple(layers)
    if len(items) < 2:
        raise ValueError(f"layers: needs at least the numbers of inputs and outputs, came {items!r}")
    for i, item in enumerate(items):
        if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            if item < 1:
                raise ValueError(f"layers: sizes must be at least 1, came {item!r} at position {i}")
        elif i == 0 or not isinstance(item, LayerDescription):
            allowed = "the number of inputs" if i == 0 else "a number of units, Dense, Maxout, APL or Dropout"
            raise ValueError(f"layers: position {i} must be {allowed}, came {item!r}")
    last = items[-1]
    if isinstance(last, (Maxout, APL, Dropout)) or (isinstance(last, Dense) and last.activation is not None):
        raise ValueError(
            f"layers: the last must be the number of outputs, or Dense without an activation, came {last!r}; "
            "output= names the output's function"
        )
    return tuple(int(item) if isinstance(item, np.integer) else item for item in items)


def _compile(net: Network) -> tuple[tuple[plan.Operation, ...], tuple[plan.View, ...], tuple[_Group, ...]]:
    """Operations and views of a network's layers."""
    operations: list[plan.Operation] = []
    views: list[plan.View] = []
    groups: list[_Group] = []

    def add(name: str, *shape: int) -> int:
        views.append(plan.View(f"{len(groups) + 1}.{name}", views[-1].stop if views else 0, shape))
        return len(views) - 1

    width, last = net.n_inputs, len(net.layers) - 1
    for position, item in enumerate(net.layers[1:], start=1):
        layer = Dense(item) if isinstance(item, int) else item
        if isinstance(layer, Dropout):
            stream_number = sum(isinstance(operation, plan.Dropout) for operation in operations)
            operations.append(plan.Dropout(layer.rate, stream_number))
            continue
        rows = layer.units * (layer.pieces if isinstance(layer, Maxout) else 1)
        weight = add("W", rows, width)
        bias = add("b", rows) if (net.bias if layer.bias is None else layer.bias) else None
        operations.append(plan.Affine(weight, bias))
        width = layer.units
        match layer:
            case Maxout():
                operations.append(plan.MaxPool(layer.pieces))
                groups.append(_Group(Layer, (weight, bias), "maxout"))
            case APL():
                slope, knee = add("slope", layer.hinges, rows), add("knee", layer.hinges, rows)
                operations.append(plan.Hinges(slope, knee))
                groups.append(_Group(Hinges, (weight, bias, slope, knee), "apl"))
            case Dense() if position == last:
                groups.append(_Group(Layer, (weight, bias), net.output.name))
            case Dense():
                g = net.activation if layer.activation is None else activations.activation(layer.activation)
                operations.append(plan.Elementwise(g))
                groups.append(_Group(Layer, (weight, bias), g.name))
    return tuple(operations), tuple(views), tuple(groups)
