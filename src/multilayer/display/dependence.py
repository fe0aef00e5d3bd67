"""Which quantities of a step depend on one weight (004: ML:IV-92, ML:IV-121).

The answer follows the graph of the computation: a weight acts on its own unit, and on whatever that unit reaches.
A quantity that depends on a weight may still stand still when the weight moves, behind a relu at 0 for example.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from multilayer.formulas.groups import parts
from multilayer.formulas.own_losses import OwnLoss
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.plan import Affine, MaxPool, Operation

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Weight:
    """One entry of the parameters: layer counted from 1, field of its named tuple, index counted from 0."""

    layer: int
    field: str
    index: tuple[int, ...]

    @property
    def unit(self) -> int:
        """The row of W that the entry belongs to, counted from 0."""
        return self.index[1] if self.field in ("slope", "knee") else self.index[0]


@dataclass(frozen=True, eq=False)
class Dependents:
    """Masks over a layer's units: what depends on the weight in question.

    Attributes
    ----------
    z, delta : ndarray of bool (rows of W,)
    h, h_gradient : ndarray of bool (units,)
    """

    z: BoolArray
    h: BoolArray
    delta: BoolArray
    h_gradient: BoolArray


def weight(name: str, network: Network) -> Weight:
    """Read ``"2.W[0, 1]"``: layer 2, the weight to unit 0 from unit 1; refuse what the network does not have."""
    shapes = {view.name: view.shape for view in network.views}
    allowed = f"allowed: {', '.join(shapes)}, each with an index counted from 0, such as '{next(iter(shapes))}[0, 0]'"
    if not isinstance(name, str):
        raise TypeError(f"depends_on: must be a string, came {type(name).__name__}; {allowed}")
    read = re.fullmatch(r"\s*((\d+)\.(\w+))\s*\[\s*(\d+)\s*(?:,\s*(\d+)\s*)?\]\s*", name)
    if read is None or read[1] not in shapes:
        raise ValueError(f"depends_on: came {name!r}; {allowed}")
    index = tuple(int(i) for i in read.groups()[3:] if i is not None)
    shape = shapes[read[1]]
    if len(index) != len(shape) or any(i >= n for i, n in zip(index, shape, strict=True)):
        raise ValueError(f"depends_on: {read[1]} has shape {shape} and indices from 0, came {name!r}")
    return Weight(int(read[2]), read[3], index)


def dependents(asked: Weight, objective: Objective) -> tuple[Dependents, ...]:
    """What depends on a weight, layer by layer: a layer above the first unit reached depends on it as a whole."""
    net = objective.network
    affine = [i for i, operation in enumerate(net.operations) if isinstance(operation, Affine)]
    layers: list[Dependents] = []
    for number, i in enumerate(affine, start=1):
        operation, last = net.operations[i], number == len(affine)
        assert isinstance(operation, Affine)
        z = np.full(net.views[operation.weight].shape[0], number > asked.layer)
        if number == asked.layer and asked.field in ("W", "b"):
            z[asked.unit] = True
        h = _activations(z, None if last else net.operations[i + 1])
        if number == asked.layer and asked.field in ("slope", "knee"):
            h[asked.unit] = True
        if last and net.output.rowwise:
            h = _reached(h, net.output.groups)
        # Backwards, the output's errors reach every unit of the layers below.
        layers.append(Dependents(z, h, np.ones_like(z), np.ones_like(h)))
    outputs, loss = layers[-1], objective.head.loss
    together = isinstance(loss, OwnLoss) and loss.rowwise
    layers[-1] = replace(outputs, delta=_reached(outputs.h, net.output.groups) if together else outputs.h)
    return tuple(layers)


def _reached(h: BoolArray, groups: tuple[int, ...]) -> BoolArray:
    """Outputs that depend on marked ones, where those of a group depend on each other; without groups all do."""
    return np.concatenate([np.full(len(part), part.any()) for (part,) in parts(groups or h.shape, h)])


def _activations(z: BoolArray, following: Operation | None) -> BoolArray:
    """Units of h that depend on marked entries of z."""
    return np.any(z.reshape(-1, following.pieces), axis=1) if isinstance(following, MaxPool) else z.copy()
