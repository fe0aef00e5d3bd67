"""Descriptions of the penalty λΩ(θ) on the weights; biases are never penalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from multilayer.network.checks import require_choice
from multilayer.network.per_layer import PerLayer, require_per_layer

PenaltyStep = Literal["gradient", "proximal"]


@dataclass(frozen=True)
class L1:
    """λ Σ|w|.

    Parameters
    ----------
    strength : float or sequence of float
        λ ≥ 0; a sequence has one for each layer of weights.
    step : {"gradient", "proximal"}
        Add λ·sign(w) to the gradient before the rule, or shrink each weight towards 0 after it
        (soft threshold), which leaves exact zeros.
    """

    strength: PerLayer
    step: PenaltyStep = "gradient"

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", require_per_layer("strength", self.strength))
        require_choice("step", self.step, get_args(PenaltyStep))

    @property
    def l1(self) -> PerLayer:
        """Strength of Σ|w|."""
        return self.strength

    @property
    def l2(self) -> PerLayer:
        """Strength of ½Σw²."""
        return 0.0


@dataclass(frozen=True)
class L2:
    """½λ Σw²; its gradient is λw.

    Parameters
    ----------
    strength : float or sequence of float
        λ ≥ 0; a sequence has one for each layer of weights.
    step : {"gradient", "proximal"}
        Add λw to the gradient before the rule, or divide the weights by 1 + ηλ after it.
    """

    strength: PerLayer
    step: PenaltyStep = "gradient"

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", require_per_layer("strength", self.strength))
        require_choice("step", self.step, get_args(PenaltyStep))

    @property
    def l1(self) -> PerLayer:
        """Strength of Σ|w|."""
        return 0.0

    @property
    def l2(self) -> PerLayer:
        """Strength of ½Σw²."""
        return self.strength


@dataclass(frozen=True)
class ElasticNet:
    """λ₁ Σ|w| + ½λ₂ Σw².

    Parameters
    ----------
    l1, l2 : float or sequence of float
        Strengths λ₁, λ₂ ≥ 0; a sequence has one for each layer of weights.
    step : {"gradient", "proximal"}
        As in `L1` and `L2`.
    """

    l1: PerLayer
    l2: PerLayer
    step: PenaltyStep = "gradient"

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", require_per_layer("l1", self.l1))
        object.__setattr__(self, "l2", require_per_layer("l2", self.l2))
        require_choice("step", self.step, get_args(PenaltyStep))


Penalty = L1 | L2 | ElasticNet
