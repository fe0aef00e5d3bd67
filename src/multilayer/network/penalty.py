"""Descriptions of the penalty λΩ(θ) on the weights; biases are never penalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from multilayer.network.checks import require_choice, require_not_negative

PenaltyStep = Literal["gradient", "proximal"]


@dataclass(frozen=True)
class L1:
    """λ Σ|w|.

    Parameters
    ----------
    strength : float
        λ ≥ 0.
    step : {"gradient", "proximal"}
        Add λ·sign(w) to the gradient before the rule, or shrink each weight towards 0 after it
        (soft threshold), which leaves exact zeros.
    """

    strength: float
    step: PenaltyStep = "gradient"

    def __post_init__(self) -> None:
        require_not_negative("strength", self.strength)
        require_choice("step", self.step, get_args(PenaltyStep))

    @property
    def l1(self) -> float:
        """Strength of Σ|w|."""
        return self.strength

    @property
    def l2(self) -> float:
        """Strength of ½Σw²."""
        return 0.0


@dataclass(frozen=True)
class L2:
    """½λ Σw²; its gradient is λw.

    Parameters
    ----------
    strength : float
        λ ≥ 0.
    step : {"gradient", "proximal"}
        Add λw to the gradient before the rule, or divide the weights by 1 + ηλ after it.
    """

    strength: float
    step: PenaltyStep = "gradient"

    def __post_init__(self) -> None:
        require_not_negative("strength", self.strength)
        require_choice("step", self.step, get_args(PenaltyStep))

    @property
    def l1(self) -> float:
        """Strength of Σ|w|."""
        return 0.0

    @property
    def l2(self) -> float:
        """Strength of ½Σw²."""
        return self.strength


@dataclass(frozen=True)
class ElasticNet:
    """λ₁ Σ|w| + ½λ₂ Σw².

    Parameters
    ----------
    l1, l2 : float
        Strengths λ₁, λ₂ ≥ 0.
    step : {"gradient", "proximal"}
        As in `L1` and `L2`.
    """

    l1: float
    l2: float
    step: PenaltyStep = "gradient"

    def __post_init__(self) -> None:
        require_not_negative("l1", self.l1)
        require_not_negative("l2", self.l2)
        require_choice("step", self.step, get_args(PenaltyStep))


Penalty = L1 | L2 | ElasticNet
