"""Linear regions of a ReLU network, counted in whole numbers without rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.formulas.activations import ACTIVATIONS, activation
from multilayer.network.arrays import as_numbers
from multilayer.network.layers import Dense
from multilayer.network.network import Network

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Regions:
    """The activation regions of a ReLU network in a box, in no particular order.

    Attributes
    ----------
    count : int
    polygons : tuple of ndarray (k, D)
        Corners of each region: for D = 1 the two ends of an interval, for D = 2 the corners of a convex polygon,
        counter-clockwise.
    patterns : ndarray of bool (count, units)
        Which hidden units are active (z > 0) inside each region, layer by layer.
    """

    count: int
    polygons: tuple[FloatArray, ...]
    patterns: NDArray[np.bool_]


def linear_regions(network: Network, theta: Sequence[Any] | NDArray[Any], box: Sequence[Sequence[float]]) -> Regions:
    """Count the linear regions of a ReLU network in a box, exactly.

    Counted are activation regions: the largest open sets in the box inside which no hidden unit changes between
    active (z > 0) and inactive (z ≤ 0). Each is convex, has a pattern of its own, and the network is one affine map on
    it. Two neighbours may happen to share that map (all units of a later layer are inactive in both, say); they
    count as two here, so that the count is an upper bound on the pieces of the function.

    Layer by layer, each region is split by the zero line of each unit (an affine function there). Weights are taken
    as the rational numbers they are, and all is computed in whole numbers, so that lines through one point, or along
    an edge, are seen for what they are.

    Parameters
    ----------
    network : Network
        One or two inputs; all hidden layers Dense with the activation relu. The last layer parts nothing, and its
        output function is not looked at.
    theta : parameters
        As `Network.pack` takes them.
    box : ((low, high),) or ((low, high), (low, high))
        One pair for each input, low < high.

    Returns
    -------
    Regions

    Raises
    ------
    TypeError, ValueError
        If the network is no such network, or theta or the box does not fit it, by name.

    References
    ----------
    Montúfar, Pascanu, Cho, Bengio (2014), "On the number of linear regions of deep neural networks" (001: "Deeper
    Networks"), a lower bound on the largest count. Zaslavsky (1975) for one layer of K units in
    general position: Σ_{j ≤ D} C(K, j).
    """
    weights = _affine_layers(network, theta)
    n_inputs = network.n_inputs
    inputs = np.eye(n_inputs, n_inputs + 1, dtype=int).astype(object)
    regions = [_Region(_corners(box, n_inputs), (), inputs)]
    scale = 1
    for W, b in weights[:-1]:
        W_whole, b_whole, denominator = _whole_numbers(W, b)
        split: list[_Region] = []
        for region in regions:
            z = W_whole @ region.h
            z[:, -1] += b_whole * scale
            for corners, active in _split(region.corners, z):
                h = np.where(np.array(active)[:, None], z, 0)
                split.append(_Region(corners, region.pattern + active, h))
        regions, scale = split, scale * denominator
    patterns = np.array([region.pattern for region in regions], dtype=bool).reshape(len(regions), -1)
    return Regions(len(regions), tuple(_polygon(region.corners) for region in regions), patterns)


# A point x is held as whole numbers (x₁·c, …, x_D·c, c), c > 0; an affine function of x as the D + 1 whole numbers that
# multiply these, so that its sign at a corner is the sign of a whole number.
_Corner = tuple[int, ...]


class _Region(NamedTuple):
    corners: list[_Corner]
    pattern: tuple[bool, ...]
    h: NDArray[np.object_]  # one row a unit of the layer before: its affine function here, times the scale of all


def _split(corners: list[_Corner], z: NDArray[np.object_]) -> list[tuple[list[_Corner], tuple[bool, ...]]]:
    """Split a convex region by the zero line of each affine function; say on which side each piece lies."""
    pieces: list[tuple[list[_Corner], tuple[bool, ...]]] = [(corners, ())]
    for unit in z.tolist():
        after = []
        for piece, active in pieces:
            values = [sum(map(int.__mul__, unit, corner)) for corner in piece]
            if min(values) < 0 < max(values):
                after.append((_half(piece, values), (*active, True)))
                after.append((_half(piece, [-value for value in values]), (*active, False)))
            else:
                after.append((piece, (*active, max(values) > 0)))
        pieces = after
    return pieces


def _half(corners: list[_Corner], values: list[int]) -> list[_Corner]:
    """Corners of the part of a convex region where an affine function, known at its corners, is ≥ 0."""
    kept: list[_Corner] = []
    for i, (p, at_p) in enumerate(zip(corners, values, strict=True)):
        q, at_q = corners[i - 1], values[i - 1]
        if (at_p > 0 > at_q) or (at_p < 0 < at_q):
            crossing = [abs(at_q) * a + abs(at_p) * c for a, c in zip(p, q, strict=True)]
            divisor = math.gcd(*crossing)
            kept.append(tuple(value // divisor for value in crossing))
        if at_p >= 0:
            kept.append(p)
    # An interval's two corners are neighbours on both sides, so its crossing is found twice.
    return list(dict.fromkeys(kept))


def _polygon(corners: list[_Corner]) -> FloatArray:
    polygon = np.array([[x / corner[-1] for x in corner[:-1]] for corner in corners])
    return np.sort(polygon, axis=0) if polygon.shape[1] == 1 else polygon


def _whole_numbers(W: FloatArray, b: FloatArray) -> tuple[NDArray[np.object_], NDArray[np.object_], int]:
    """Return W and b times their common denominator, in whole numbers, and the denominator."""
    ratios = [[value.as_integer_ratio() for value in row] for row in np.column_stack([W, b]).tolist()]
    denominator = max(ratio[1] for row in ratios for ratio in row)
    # Denominators are powers of two, so the largest is a multiple of all.
    whole = np.array([[top * (denominator // bottom) for top, bottom in row] for row in ratios], dtype=object)
    return whole[:, :-1], whole[:, -1], denominator


def _corners(box: Sequence[Sequence[float]], n_inputs: int) -> list[_Corner]:
    bounds = as_numbers("box", box, "pairs (low, high) of numbers").astype(np.float64)
    if bounds.shape != (n_inputs, 2):
        raise ValueError(
            f"box has shape {bounds.shape}; it must be ({n_inputs}, 2), a pair for each input of the network"
        )
    if not (np.isfinite(bounds).all() and (bounds[:, 0] < bounds[:, 1]).all()):
        raise ValueError(f"box is {bounds.tolist()}; each pair must be finite, (low, high) with low < high")
    order = [(0,), (1,)] if n_inputs == 1 else [(0, 0), (1, 0), (1, 1), (0, 1)]
    whole, _, denominator = _whole_numbers(bounds, np.zeros(n_inputs))
    return [(*(whole[axis, side] for axis, side in enumerate(sides)), denominator) for sides in order]


def _affine_layers(network: Network, theta: Sequence[Any] | NDArray[Any]) -> list[tuple[FloatArray, FloatArray]]:
    if not isinstance(network, Network):
        raise TypeError(f"network: must be a Network, came {type(network).__name__}")
    if network.n_inputs > 2:
        raise ValueError(f"network: takes {network.n_inputs} inputs; regions are counted for 1 or 2")
    for number, hidden in enumerate(network.layers[1:-1], start=1):
        layer = Dense(hidden) if isinstance(hidden, int) else hidden
        if not isinstance(layer, Dense):
            raise ValueError(f"network: hidden layer {number} is {layer!r}; regions are counted for Dense relu only")
        g = network.activation if layer.activation is None else activation(layer.activation)
        if g != ACTIVATIONS["relu"]:
            raise ValueError(
                f"network: hidden layer {number} has the activation {g.name!r}; regions are counted for relu only"
            )
    layers: list[tuple[FloatArray, FloatArray]] = []
    for number, values in enumerate(network.unpack(network.pack(theta)), start=1):
        W, b = values.W, np.zeros(len(values.W)) if values.b is None else values.b
        if not (np.isfinite(W).all() and np.isfinite(b).all()):
            raise ValueError(f"theta: layer {number} holds NaN or infinity")
        layers.append((W, b))
    return layers
