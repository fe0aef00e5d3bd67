"""Descriptions of layers, and the named tuples that hold their parameters.

A description says what a layer is; it owns no weights. `Network` takes a sequence of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

from multilayer.formulas.activations import Activation
from multilayer.formulas.namespace import Array


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
        _require_count("units", self.units)


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
        _require_count("units", self.units)
        _require_count("pieces", self.pieces, least=2)


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
        _require_count("units", self.units)
        _require_count("hinges", self.hinges)


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
        if not (isinstance(self.rate, Real) and 0.0 <= self.rate < 1.0):
            raise ValueError(f"rate: must lie in [0, 1), came {self.rate!r}")


LayerDescription = Dense | Maxout | APL | Dropout


def _require_count(name: str, value: object, least: int = 1) -> None:
    """Refuse what is no integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name}: must be an integer of at least {least}, came {value!r}")
