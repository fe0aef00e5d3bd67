"""Descriptions of layers, and the named tuples that hold their parameters.

A description says what a layer is; it owns no weights. `Network` takes a sequence of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from multilayer.formulas import activations
from multilayer.formulas.activations import Activation
from multilayer.formulas.namespace import Array
from multilayer.network.checks import require_below_one, require_integer, require_truth


class Layer(NamedTuple):
    """Parameters of an affine map z = W h + b: W (n_out, n_in), b (n_out,) or None."""

    W: Array
    b: Array | None = None


class Hinges(NamedTuple):
    """Parameters of an APL layer: z = W h + b, then hinges with slope and knee (hinges, units)."""

    W: Array
    b: Array | None
    slope: Array
    knee: Array


@dataclass(frozen=True)
class Dense:
    """A layer of units h = g(W h + b).

    Parameters
    ----------
    units : int
        Number of units, ≥ 1.
    activation : str or Activation, optional
        g; None takes the network's.
    bias : bool, optional
        Whether there is a b; None takes the network's.
    """

    units: int
    activation: str | Activation | None = None
    bias: bool | None = None

    def __post_init__(self) -> None:
        require_integer("units", self.units)
        if self.activation is not None:
            activations.activation(self.activation)
        _require_bias(self.bias)


@dataclass(frozen=True)
class Maxout:
    """Units that keep the largest of `pieces` affine maps (001: "Max-pooling"; Goodfellow et al. 2013).

        h_i = max_p (W h + b)_{i·pieces + p}

    Parameters
    ----------
    units : int
        Number of units, ≥ 1; W has units·pieces rows.
    pieces : int
        Affine maps a unit, ≥ 2.
    bias : bool, optional
        Whether there is a b; None takes the network's.
    """

    units: int
    pieces: int = 2
    bias: bool | None = None

    def __post_init__(self) -> None:
        require_integer("units", self.units)
        require_integer("pieces", self.pieces, least=2)
        _require_bias(self.bias)


@dataclass(frozen=True)
class APL:
    """Adaptive piecewise linear units: h = max(0, z) + Σₛ slopeₛ·max(0, kneeₛ − z), slopes and knees learned.

    Agostinelli et al. 2015, eq. 1 (000: the activation zoo).

    Parameters
    ----------
    units : int
        Number of units, ≥ 1.
    hinges : int
        Learned hinges a unit, ≥ 1.
    bias : bool, optional
        Whether there is a b; None takes the network's.
    """

    units: int
    hinges: int = 2
    bias: bool | None = None

    def __post_init__(self) -> None:
        require_integer("units", self.units)
        require_integer("hinges", self.hinges)
        _require_bias(self.bias)


@dataclass(frozen=True)
class Dropout:
    """Zero each value with probability `rate` while training and divide the others by 1 − rate.

    Srivastava et al. 2014, in the form that leaves prediction unchanged. Put first, it acts on the inputs.

    Parameters
    ----------
    rate : float
        Probability in [0, 1).
    """

    rate: float

    def __post_init__(self) -> None:
        require_below_one("rate", self.rate)


LayerDescription = Dense | Maxout | APL | Dropout


def _require_bias(bias: object) -> None:
    """Refuse a layer's bias that is neither its own answer nor the network's."""
    if bias is not None:
        require_truth("bias", bias)
