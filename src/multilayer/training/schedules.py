"""Schedules of the learning rate: a factor on the rule's rate at each update.

`factor` takes the time of updates in epochs (a fraction inside an epoch) and the run's length in epochs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.network.checks import (
    require_choice,
    require_factor,
    require_integer,
    require_not_negative,
    require_positive,
    require_share,
)
from multilayer.training.history import Epoch
from multilayer.training.stopping import Watched, watched

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Constant:
    """Factor 1 throughout."""

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        return np.ones_like(epoch)


@dataclass(frozen=True)
class Step:
    """Multiplied by `decay` after every `every` epochs.

    Parameters
    ----------
    every : int
        Epochs between steps, ≥ 1.
    decay : float
        Factor of a step, in (0, 1].
    """

    every: int = 10
    decay: float = 0.1

    def __post_init__(self) -> None:
        require_integer("every", self.every)
        require_factor("decay", self.decay)

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        return self.decay ** np.floor(epoch / self.every)


@dataclass(frozen=True)
class Exponential:
    """decay^epoch, falling at every update.

    Parameters
    ----------
    decay : float
        Factor an epoch, in (0, 1].
    """

    decay: float = 0.95

    def __post_init__(self) -> None:
        require_factor("decay", self.decay)

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        return self.decay**epoch


@dataclass(frozen=True)
class InverseScaling:
    """1 / (1 + scale·e)^power, e the number of finished epochs (Robbins & Monro 1951 ask for power in (½, 1]).

    Parameters
    ----------
    power : float
        > 0.
    scale : float
        > 0; the number of training rows counts samples, as scikit-learn's "invscaling" does.
    """

    power: float = 0.5
    scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("power", self.power)
        require_positive("scale", self.scale)

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        return (1.0 + self.scale * np.floor(epoch)) ** -self.power


@dataclass(frozen=True)
class Cosine:
    """final + (1 − final)·½(1 + cos πt), t the fraction of the run (Loshchilov & Hutter 2017, without restarts).

    Parameters
    ----------
    final : float
        Factor at the end, in [0, 1].
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        require_share("final", self.final)

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + np.cos(np.pi * epoch / total))


@dataclass(frozen=True)
class LogCosine:
    """½(1 − cos(2π·log₂(1 + 15t))), t the fraction of the run: four cycles, each twice as long as the last.

    Holzmüller et al. 2024, "Better by Default", section 3 (there coslog₄).
    """

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * epoch / total)))


@dataclass(frozen=True)
class WarmUp:
    """From `start` in a straight line to 1 over the first epochs, then another schedule over the rest.

    Parameters
    ----------
    epochs : float
        Length of the rise, > 0.
    start : float
        First factor, in [0, 1].
    then : schedule
        What follows; it sees time from the end of the rise.
    """

    epochs: float = 5.0
    start: float = 0.01
    then: Timed = field(default_factory=Constant)

    def __post_init__(self) -> None:
        require_positive("epochs", self.epochs)
        require_share("start", self.start)
        if not isinstance(self.then, Timed):
            names = ", ".join(kind.__name__ for kind in get_args(Timed))
            raise TypeError(f"then: must be a schedule of time ({names}), came {self.then!r}")

    def factor(self, epoch: FloatArray, total: float) -> FloatArray:
        """Factors at the given times."""
        rise = self.start + (1.0 - self.start) * epoch / self.epochs
        left = total - self.epochs
        rest = self.then.factor(np.maximum(epoch - self.epochs, 0.0), left if left > 0.0 else 1.0)
        return np.where(epoch < self.epochs, rise, rest)


Timed = Constant | Step | Exponential | InverseScaling | Cosine | LogCosine | WarmUp


@dataclass(frozen=True)
class Plateau:
    """Multiplied by `decay` whenever what is watched has not improved by `tolerance` for more than `patience` epochs.

    Parameters
    ----------
    decay : float
        Factor of a step, in (0, 1].
    patience : int
        Epochs without improvement that are borne.
    tolerance : float
        What counts as an improvement.
    on : {"loss", "validation_loss", "validation_score"}
        What is watched; "loss" includes the penalty, a score is better when larger.
    """

    decay: float = 0.2
    patience: int = 5
    tolerance: float = 1e-4
    on: Watched = "loss"

    def __post_init__(self) -> None:
        require_factor("decay", self.decay)
        require_integer("patience", self.patience, least=0)
        require_not_negative("tolerance", self.tolerance)
        require_choice("on", self.on, get_args(Watched))

    def factors(self) -> Callable[[float], float]:
        """A function from each epoch's watched quantity, smaller when better, to the factor of the next epoch."""
        best, waited, factor = math.inf, 0, 1.0

        def observe(value: float) -> float:
            nonlocal best, waited, factor
            waited = 0 if value <= best - self.tolerance else waited + 1  # as `Patience` counts
            best = min(best, value)
            if waited > self.patience:
                waited, factor = 0, factor * self.decay
            return factor

        return observe

    def follow(self) -> Followed:
        """The same from finished epochs on."""
        observe = self.factors()
        return Followed(1.0, lambda epoch: observe(watched(epoch, self.on)))


@dataclass(frozen=True)
class Followed:
    """The factor of each epoch is what a function answers to the epoch before.

    Parameters
    ----------
    first : float
        Factor of the first epoch.
    after : callable
        From a finished epoch to the factor of the next one; asked after the stopping conditions.
    """

    first: float
    after: Callable[[Epoch], float]


Schedule = Timed | Plateau
