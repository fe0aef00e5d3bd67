"""Descriptions of the penalty λΩ(θ) on the weights; biases are never penalised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal

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
        _require_strength("strength", self.strength)
        _require_step(self.step)

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
        _require_strength("strength", self.strength)
        _require_step(self.step)

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
        _require_strength("l1", self.l1)
        _require_strength("l2", self.l2)
        _require_step(self.step)


Penalty = L1 | L2 | ElasticNet


def _require_strength(name: str, value: float) -> None:
    """Refuse a strength that is negative or no number."""
    if isinstance(value, bool) or not (isinstance(value, Real) and math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: must be a finite number of at least 0, came {value!r}")


def _require_step(step: str) -> None:
    """Refuse an unknown step."""
    if step not in ("gradient", "proximal"):
        raise ValueError(f"step: must be 'gradient' or 'proximal', came {step!r}")
