"""What a stochastic solver keeps from call to call, under scikit-learn's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.training.rules import Adam, Momentum, Rule, scalar_rows
from multilayer.training.schedules import Constant, Followed

SMALLEST_ADAPTIVE_RATE = 1e-6


@dataclass
class Optimizer:
    """A rule with its memory, and the rate as scikit-learn moves it.

    Attributes
    ----------
    rule : Rule
        Of "sgd" with rate 1, which `learning_rate` is a factor on.
    learning_rate_init, learning_rate : float
        The rate at first, and now; of "adam" with its corrections.
    lr_schedule : {"constant", "invscaling", "adaptive"} or None
        How it moves; None for "adam".
    power_t : float
        Exponent of "invscaling".
    slots : tuple of ndarray or None
        The rule's memory, each of θ's shape; none before the first update.
    t : int
        Updates made.
    """

    rule: Rule
    learning_rate_init: float
    learning_rate: float
    lr_schedule: str | None
    power_t: float
    slots: tuple[NDArray[Any], ...] | None = None
    t: int = 0

    @property
    def schedule(self) -> Constant | Followed:
        """The rates of the epochs to come, as a factor on the rule's."""
        if self.lr_schedule is None:
            return Constant()
        return Followed(self.learning_rate, lambda epoch: self.learning_rate)

    def iteration_ends(self, time_step: int) -> None:
        """Move the rate after an epoch; `time_step` counts the rows trained on."""
        if self.lr_schedule == "invscaling":
            self.learning_rate = self.learning_rate_init / (time_step + 1) ** self.power_t

    def stops(self, reason: str, verbose: Any) -> bool:
        """Whether to stop for this reason, or lower the rate and go on."""
        stopping = self.lr_schedule != "adaptive" or self.learning_rate <= SMALLEST_ADAPTIVE_RATE
        if self.lr_schedule != "adaptive":
            told = " Stopping."
        elif stopping:
            told = " Learning rate too small. Stopping."
        else:
            self.learning_rate /= 5.0
            told = f" Setting learning rate to {self.learning_rate:f}"
        if verbose:
            print(reason + told)
        return stopping

    def remember(self, slots: tuple[NDArray[Any], ...], t: int) -> None:
        """Keep what a run left."""
        self.slots, self.t = slots, t
        if isinstance(self.rule, Adam) and t:
            last = scalar_rows(self.rule, np.array([float(t)]), np.array([self.rule.rate]))[0]
            scalars = dict(zip(self.rule.formula.scalars, last.tolist(), strict=True))
            self.learning_rate = self.rule.rate * scalars["c2"] ** 0.5 / scalars["c1"]


def new_optimizer(estimator: Any) -> Optimizer:
    """The optimiser that an estimator's parameters describe."""
    rate = float(estimator.learning_rate_init)
    if estimator.solver == "adam":
        rule = Adam(rate, float(estimator.beta_1), float(estimator.beta_2), float(estimator.epsilon), "section_2")
        return Optimizer(rule, rate, rate, None, float(estimator.power_t))
    momentum = Momentum(1.0, float(estimator.momentum), bool(estimator.nesterovs_momentum))
    return Optimizer(momentum, rate, rate, estimator.learning_rate, float(estimator.power_t))
