"""The plan of a network: data only, which engines, exporters and traces walk.

A plan lists the operations from the input x to the output's pre-activations z in order, and the
views that divide the flat parameter vector θ among them. It holds no arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multilayer.formulas.activations import Activation
from multilayer.network.head import Head


@dataclass(frozen=True)
class View:
    """A layer's slice of the flat vector θ, and how it is updated.

    Parameters
    ----------
    name : str
        Layer and field, such as ``"1.W"``; layers are counted from 1.
    start : int
        First index in θ.
    shape : tuple of int
        Shape of the slice; W is (n_out, n_in).
    rate : float
        Factor on the rule's rate; 0 freezes the slice.
    l1, l2 : float
        Strengths of λ₁Σ|w| and ½λ₂Σw².
    decay : float
        Decoupled weight decay.
    """

    name: str
    start: int
    shape: tuple[int, ...]
    rate: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    decay: float = 0.0

    @property
    def size(self) -> int:
        """Number of parameters in the slice."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def stop(self) -> int:
        """One past the last index in θ."""
        return self.start + self.size


@dataclass(frozen=True)
class Affine:
    """Z = H Wᵀ + b; `weight` and `bias` are indices of views, `bias` None without biases."""

    weight: int
    bias: int | None


@dataclass(frozen=True)
class Elementwise:
    """h = g(z), unit by unit."""

    activation: Activation


@dataclass(frozen=True)
class Hinges:
    """h = max(0, z) + Σₛ slopeₛ·max(0, kneeₛ − z); both views (hinges, units)."""

    slope: int
    knee: int


@dataclass(frozen=True)
class MaxPool:
    """h = the largest of each `pieces` neighbouring units."""

    pieces: int


@dataclass(frozen=True)
class Dropout:
    """h·mask with masks of mean 1 while training, h itself otherwise; `stream` numbers the mask's draws."""

    rate: float
    stream: int


Operation = Affine | Elementwise | Hinges | MaxPool | Dropout


@dataclass(frozen=True)
class Plan:
    """What an engine computes: operations, parameters, head, and the update around the rule.

    Parameters
    ----------
    n_inputs : int
        Length D of an input.
    operations : tuple of Operation
        From x to the output's pre-activations.
    views : tuple of View
        The parts of θ in order, without gaps.
    head : Head
        Output and loss.
    reduction : {"mean", "sum"}
        Over the rows of a batch; with "mean", by the sum of their weights.
    penalty_in_mean : bool
        Divide the penalty by the batch's weight, as scikit-learn does.
    penalty_step : {"gradient", "proximal"}
        Penalties enter the gradient before the rule, or act by their proximal step after it.
    clip_norm, clip_value : float or None
        Limits on the averaged gradient's Euclidean norm and on each of its entries (value first).
    """

    n_inputs: int
    operations: tuple[Operation, ...]
    views: tuple[View, ...]
    head: Head
    reduction: Literal["mean", "sum"] = "mean"
    penalty_in_mean: bool = False
    penalty_step: Literal["gradient", "proximal"] = "gradient"
    clip_norm: float | None = None
    clip_value: float | None = None

    @property
    def n_parameters(self) -> int:
        """Length P of θ."""
        return self.views[-1].stop if self.views else 0

    @property
    def n_outputs(self) -> int:
        """Length k of an output."""
        last = self.operations[-1]
        if not isinstance(last, Affine):
            raise ValueError(f"operations: the last one must be Affine, came {last!r}")
        return self.views[last.weight].shape[0]
