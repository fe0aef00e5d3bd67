"""What a stochastic solver keeps from call to call, under scikit-learn's names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.network.per_layer import PerLayer
from multilayer.training.rules import Adagrad, Adam, Momentum, RMSprop, Rprop, Rule, scalar_rows
from multilayer.training.schedules import Constant, Followed, Schedule

SMALLEST_ADAPTIVE_RATE = 1e-6
ADAMW_DECAY = 0.01


@dataclass
class Optimizer:
    """A rule with its memory, and the rate as scikit-learn moves it.

    Attributes
    ----------
    rule : Rule
        With rate 1 where `learning_rate` moves, which is a factor on it then.
    learning_rate_init, learning_rate : float
        The rate at first, and now; of "adam" with its corrections.
    lr_schedule : {"constant", "invscaling", "adaptive"} or None
        How "sgd" moves it; None for the others.
    power_t : float
        Exponent of "invscaling".
    given : schedule or None
        What moves the rate instead.
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
    given: Schedule | None = None
    slots: tuple[NDArray[Any], ...] | None = None
    t: int = 0

    @property
    def schedule(self) -> Schedule | Followed:
        """The rates of the epochs to come, as a factor on the rule's."""
        if self.given is not None:
            return self.given
        if self.lr_schedule in (None, "constant"):
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
        if isinstance(self.rule, Adam) and self.rule.variant == "section_2" and self.given is None and t:
            last = scalar_rows(self.rule, np.array([float(t)]), np.array([self.rule.rate]))[0]
            scalars = dict(zip(self.rule.formula.scalars, last.tolist(), strict=True))
            self.learning_rate = self.rule.rate * scalars["c2"] ** 0.5 / scalars["c1"]


def new_optimizer(estimator: Any) -> Optimizer:
    """The optimiser that an estimator's parameters describe.

    Raises
    ------
    ValueError
        Where a schedule or a rule meets parameters that would move the rate otherwise.
    """
    schedule, power = estimator.schedule, float(estimator.power_t)
    if schedule is not None and estimator.solver == "sgd" and estimator.learning_rate != "constant":
        raise ValueError(f"schedule: learning_rate must be 'constant' beside it, came {estimator.learning_rate!r}")
    rule = _rule(estimator) if estimator.rule is None else estimator.rule
    rate = rule.rate
    lr_schedule = None
    if estimator.rule is None and estimator.solver == "sgd" and schedule is None:
        lr_schedule = estimator.learning_rate
        rule = rule if lr_schedule == "constant" else replace(rule, rate=1.0)
    return Optimizer(_with_decay(rule, estimator.weight_decay), rate, rate, lr_schedule, power, schedule)


def _rule(estimator: Any) -> Rule:
    """The solver's rule of descent."""
    rate = float(estimator.learning_rate_init)
    moments = float(estimator.beta_1), float(estimator.beta_2), float(estimator.epsilon)
    match estimator.solver:
        case "adam":
            return Adam(rate, *moments, "section_2")
        case "adamw":
            return Adam(rate, *moments, weight_decay=ADAMW_DECAY)
        case "rmsprop":
            return RMSprop(rate, eps=float(estimator.epsilon))
        case "adagrad":
            return Adagrad(rate)
        case "rprop":
            return Rprop(rate)
    return Momentum(rate, float(estimator.momentum), bool(estimator.nesterovs_momentum))


def _with_decay(rule: Rule, weight_decay: PerLayer | None) -> Rule:
    """The rule with an estimator's weight decay, where one is given."""
    if weight_decay is None:
        return rule
    if isinstance(rule, Rprop):
        raise ValueError("weight_decay: 'rprop' has no rate to decay weights by; use alpha, or leave it out")
    return replace(rule, weight_decay=weight_decay)
