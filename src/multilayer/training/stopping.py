"""When to stop. A condition's `watch` starts it; what that returns is asked after each epoch and answers with the
reason to stop, or None. Any callable from an `Epoch` to a bool is a condition too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from multilayer.training.history import Epoch

Watch = Callable[[Epoch], str | None]


@dataclass(frozen=True)
class Patience:
    """Stop when the watched quantity has not improved by `tolerance` for more than `patience` epochs.

    Parameters
    ----------
    tolerance : float
        What counts as an improvement; the best value moves on any.
    patience : int
        Epochs without improvement that are borne, ≥ 1.
    on : {"loss", "validation_loss", "validation_score"}
        "loss" includes the penalty; a score is better when larger.
    """

    tolerance: float = 1e-4
    patience: int = 10
    on: Literal["loss", "validation_loss", "validation_score"] = "loss"

    def __post_init__(self) -> None:
        if self.on not in ("loss", "validation_loss", "validation_score"):
            raise ValueError(f"on: must be 'loss', 'validation_loss' or 'validation_score', came {self.on!r}")
        if isinstance(self.patience, bool) or not isinstance(self.patience, Integral) or self.patience < 1:
            raise ValueError(f"patience: must be an integer of at least 1, came {self.patience!r}")
        if not (isinstance(self.tolerance, Real) and 0.0 <= self.tolerance < math.inf):
            raise ValueError(f"tolerance: must be a finite number of at least 0, came {self.tolerance!r}")

    def watch(self) -> Watch:
        """Start watching."""
        best, waited = math.inf, 0

        def observe(epoch: Epoch) -> str | None:
            nonlocal best, waited
            value = watched(epoch, self.on)
            waited = 0 if value <= best - self.tolerance else waited + 1  # NaN is no improvement
            best = min(best, value)
            if waited <= self.patience:
                return None
            return f"{self.on} did not improve by {self.tolerance:g} for more than {self.patience} epochs"

        return observe


@dataclass(frozen=True)
class GradientNorm:
    """Stop when ‖∇J(θ)‖ on all training rows is at most `limit`, for one full gradient an epoch (002: "when to stop").

    Parameters
    ----------
    limit : float
        > 0.
    """

    limit: float = 1e-5

    def __post_init__(self) -> None:
        _require_positive("limit", self.limit)

    def watch(self) -> Watch:
        """Start watching."""

        def observe(epoch: Epoch) -> str | None:
            norm = epoch.gradient_norm
            assert norm is not None
            return f"gradient norm {norm:.2e} is at most {self.limit:g}" if norm <= self.limit else None

        return observe


@dataclass(frozen=True)
class Seconds:
    """Stop after the epoch in which the run's time passes `limit` seconds.

    Parameters
    ----------
    limit : float
        Seconds, > 0.
    """

    limit: float

    def __post_init__(self) -> None:
        _require_positive("limit", self.limit)

    def watch(self) -> Watch:
        """Start watching."""
        return lambda epoch: f"{self.limit:g} seconds have passed" if epoch.seconds >= self.limit else None


Condition = Patience | GradientNorm | Seconds | Callable[[Epoch], bool]


def start(condition: Condition) -> Watch:
    """Start a condition; a plain callable stops the run by returning something true."""
    if isinstance(condition, (Patience, GradientNorm, Seconds)):
        return condition.watch()
    if not callable(condition):
        raise TypeError(f"stop: must be Patience, GradientNorm, Seconds or a callable, came {condition!r}")
    return lambda epoch: "the given condition holds" if condition(epoch) else None


def watched(epoch: Epoch, on: str) -> float:
    """The watched quantity, smaller when better."""
    if on == "loss":
        return epoch.loss + epoch.penalty
    value = epoch.validation_loss if on == "validation_loss" else epoch.validation_score
    if value is None:
        raise ValueError(f"on: {on!r} needs validation data{' and score=' if on == 'validation_score' else ''}")
    return -value if on == "validation_score" else value


def _require_positive(name: str, value: float) -> None:
    """Refuse a limit that is no number above 0."""
    if not (isinstance(value, Real) and value > 0.0):
        raise ValueError(f"{name}: must be a number above 0, came {value!r}")
