"""When to stop. A condition's `watch` starts it; what that returns is shown each epoch in turn and answers with the
reason to stop, or None. Any callable from an `Epoch` to a bool is a condition too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeGuard, cast, get_args

from multilayer.network.checks import require_choice, require_integer, require_not_negative, require_positive
from multilayer.training.history import Epoch

Watched = Literal["loss", "validation_loss", "validation_score"]


@dataclass(frozen=True)
class Watch:
    """A condition that has begun to watch a run.

    Attributes
    ----------
    observe : callable
        From each epoch in turn to the reason to stop, or None.
    sure : callable
        How many epochs may be run before the first of them has to be shown, ≥ 1: whatever they bring, none but the last
        of them ends the run. Shown late, an epoch's `parameters()` are the last one's.
    """

    observe: Callable[[Epoch], str | None]
    sure: Callable[[], int] = lambda: 1


class Watching(Protocol):
    """A condition with memory: each run starts it anew."""

    def watch(self) -> Watch:
        """Start watching."""
        ...


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
    on: Watched = "loss"

    def __post_init__(self) -> None:
        require_not_negative("tolerance", self.tolerance)
        require_integer("patience", self.patience)
        require_choice("on", self.on, get_args(Watched))

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

        return Watch(observe, lambda: self.patience - waited + 1)


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
        require_positive("limit", self.limit)

    def watch(self) -> Watch:
        """Start watching."""

        def observe(epoch: Epoch) -> str | None:
            norm = epoch.gradient_norm
            assert norm is not None
            return f"gradient norm {norm:.2e} is at most {self.limit:g}" if norm <= self.limit else None

        return Watch(observe)


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
        require_positive("limit", self.limit)

    def watch(self) -> Watch:
        """Start watching."""
        return Watch(lambda epoch: f"{self.limit:g} seconds have passed" if epoch.seconds >= self.limit else None)


Condition = Watching | Callable[[Epoch], bool]


def require_condition(condition: object) -> None:
    """Refuse what is no condition; a class such as `Patience` itself is none, though it can be called."""
    if isinstance(condition, type) or not (_is_watching(condition) or callable(condition)):
        raise TypeError(f"stop: must be Patience, GradientNorm, Seconds or a callable, came {condition!r}")


def start(condition: Condition) -> Watch:
    """Start a condition; a plain callable stops the run by returning something true."""
    require_condition(condition)
    if _is_watching(condition):
        return condition.watch()
    holds = cast(Callable[[Epoch], bool], condition)
    return Watch(lambda epoch: "the given condition holds" if holds(epoch) else None)


def _is_watching(condition: object) -> TypeGuard[Watching]:
    """Whether a condition has memory; `isinstance` with a protocol would take a tenth of the start of a run."""
    return hasattr(condition, "watch")


def watched(epoch: Epoch, on: str) -> float:
    """The watched quantity, smaller when better."""
    if on == "loss":
        return epoch.loss + epoch.penalty
    value = epoch.validation_loss if on == "validation_loss" else epoch.validation_score
    if value is None:
        raise ValueError(f"on: {on!r} needs validation data{' and score=' if on == 'validation_score' else ''}")
    return -value if on == "validation_score" else value
