"""`rate_range`: the learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.engines.protocol import State, Stretch
from multilayer.network.checks import require_integer, require_positive
from multilayer.network.objective import Objective
from multilayer.random import Sampling, require_seed, stream
from multilayer.training.batches import batches
from multilayer.training.descent import Settings, descent_plan
from multilayer.training.rules import Adam, Rprop, Rule, initial_slots, scalar_rows
from multilayer.training.schedules import Constant
from multilayer.training.task import Task, training_rows
from multilayer.training.train import flat_start, floating_type, program_for

FloatArray = NDArray[np.float64]

DIVERGED = 4.0  # times the first loss
BELOW = 10.0**-0.5  # of the rate with the lowest loss: half a power of ten below it
LAST = 3  # batches whose mean loss is compared with it

Ending = Literal["complete", "diverged"]


@dataclass(frozen=True)
class RateRange:
    """What a range test saw.

    Attributes
    ----------
    rates : ndarray (n,)
        Rates of the updates that were made, rising.
    losses : ndarray (n,)
        Mean loss of the next batch after each of these updates, without penalty and before its own update; NaN for a
        batch of weight 0.
    smoothed : ndarray (n,)
        Means of the losses of neighbouring batches.
    suggestion : float or None
        A rate to train with; None where the test shows none.
    reason : str
        Why this one, or why none.
    ended : {"complete", "diverged"}
        Whether the highest rate was reached, or the loss rose out of bounds before.
    """

    rates: FloatArray = field(repr=False)
    losses: FloatArray = field(repr=False)
    smoothed: FloatArray = field(repr=False)
    suggestion: float | None
    reason: str
    ended: Ending


def rate_range(
    objective: Objective,
    theta: Sequence[Any] | NDArray[Any],
    X: ArrayLike,
    T: ArrayLike,
    *,
    rule: Rule | None = None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    updates: int = 100,
    batch_size: int | None = 32,
    seed: int = 0,
    sampling: Sampling = "shuffle",
    sample_weight: ArrayLike | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    engine: str | None = None,
    n_threads: int | None = None,
    dtype: Any = np.float64,
) -> RateRange:
    """Train for some updates, each at a higher rate than the last, and see where the loss falls and where it diverges.

    Smith 2015, "Cyclical learning rates for training neural networks", section 3.3, there with rates that rise in a
    straight line; here each is the last times a constant. The test ends when the loss exceeds four times the first, or
    becomes NaN or infinite. Suggested is the rate half a power of ten below the one after which the smoothed loss was
    lowest: with a rate that rises, the loss still falls for some updates at rates that are too high to stay at.

    Parameters
    ----------
    objective, theta, X, T
        As `train` takes them; θ is not changed.
    rule : GradientDescent, Momentum, Adam, RMSprop or Adagrad, optional
        Its own rate has no part in the test; by default ``Adam()``.
    lowest, highest : float
        First and last rate, 0 < lowest < highest.
    updates : int
        Updates from the lowest to the highest, at least 2; the rows are passed as often as that takes.
    batch_size, seed, sampling, sample_weight, clip_norm, clip_value, engine, n_threads, dtype
        As in `train`.

    Returns
    -------
    RateRange

    Raises
    ------
    ValueError, TypeError
        Before any work, naming the argument.
    """
    if not isinstance(objective, Objective):
        raise TypeError(f"objective: must be an Objective, came {type(objective).__name__}")
    objective.require_gradient()
    require_seed(seed)
    if n_threads is not None:
        require_integer("n_threads", n_threads)
    rates = _rates(lowest, highest, updates)
    rule = Adam() if rule is None else rule
    if isinstance(rule, Rprop):
        raise ValueError("rule: Rprop sets its own steps, so it has no rate to test")
    kind = floating_type(dtype)
    rows = training_rows(objective, X, T, sample_weight, kind)
    settings = Settings(rule, Constant(), batches(rows.X.shape[0], batch_size, sampling), seed, "stop")
    task = Task(objective.network, objective.plan, rows, epochs=-(-(updates + 1) // settings.batches.per_epoch))
    settings.check(task)
    task = replace(task, plan=descent_plan(task.plan, rule, clip_norm, clip_value))
    start = flat_start(objective.network, theta, kind)
    program = program_for(engine, task.plan, rule.formula, kind, n_threads)
    program.write(State(start, initial_slots(rule, start), 0, seed))

    data = program.load(rows)
    order, starts = settings.batches.draw(stream(seed, "order"), task.epochs)
    scalars = scalar_rows(rule, np.arange(1.0, updates + 2.0), np.append(rates, highest))
    sums = np.zeros((0, 2))  # loss and weight of each batch before its update
    ended: Ending = "complete"
    for j in range(updates + 1):
        batch = order[starts[j] : starts[j + 1]]
        report = program.advance(data, Stretch(batch, np.array([0, len(batch)]), scalars[j : j + 1]))
        if report.ended != "complete":
            if report.ended == "interrupted":
                raise KeyboardInterrupt
            ended = "diverged"
            break
        sums = np.concatenate([sums, np.stack([report.loss, report.weight], axis=-1)])
        if _means(*sums[-LAST:].sum(axis=0)) > _limit(sums):
            ended = "diverged"
            break
    return _result(rates, sums, updates // 25, ended)


def _rates(lowest: float, highest: float, updates: int) -> FloatArray:
    """A geometric series."""
    require_positive("lowest", lowest)
    require_positive("highest", highest)
    if not lowest < highest:
        raise ValueError(f"highest: must be above lowest ({lowest:g}), came {highest!r}")
    require_integer("updates", updates, least=2)
    return np.geomspace(lowest, highest, int(updates))


def _means(loss: Any, weight: Any) -> Any:
    """Mean losses; NaN for rows of weight 0."""
    with np.errstate(invalid="ignore"):
        return np.divide(loss, weight)


def _limit(sums: FloatArray) -> float:
    """The loss above which the test has diverged: four times the first, or as far above a first one below 0."""
    means = _means(*sums.T)
    first = means[~np.isnan(means)][:1].sum()
    return float(first + (DIVERGED - 1.0) * abs(first))


def _result(rates: FloatArray, sums: FloatArray, neighbours: int, ended: Ending) -> RateRange:
    """Losses after each update, smoothed over so many neighbours on either side, and what follows from them."""
    losses = _means(*sums[1:].T)
    rates = rates[: len(losses)]
    # A loss out of bounds would drown its neighbours.
    capped = np.minimum(sums[1:, 0], sums[1:, 1] * _limit(sums))
    box = np.ones(2 * neighbours + 1)
    smoothed = losses
    if len(losses):
        smoothed = _means(*(np.convolve(np.pad(c, neighbours), box, "valid") for c in (capped, sums[1:, 1])))
    return RateRange(rates, losses, smoothed, *_suggestion(rates, losses, smoothed, len(box), ended), ended)


def _suggestion(
    rates: FloatArray, losses: FloatArray, smoothed: FloatArray, window: int, ended: Ending
) -> tuple[float | None, str]:
    """The rate to train with, and why."""
    if np.isnan(smoothed).all():
        return None, "no update was made at whose rate the loss could be told; test lower rates"
    best = int(np.nanargmin(smoothed))
    fall = smoothed[~np.isnan(smoothed)][0] - smoothed[best]
    noise = np.nanstd((losses - smoothed)[: best + 1]) / np.sqrt(window)
    if not fall > 2.0 * noise:
        return None, f"the loss did not fall by more than its noise between {rates[0]:.2g} and {rates[-1]:.2g}"
    suggestion = float(f"{rates[best] * BELOW:.2g}")
    reason = f"the loss was lowest after rate {rates[best]:.2g}; this is half a power of ten below it"
    if best == len(rates) - 1 and ended == "complete":
        reason = f"the loss still fell at the highest rate, {rates[-1]:.2g}; test higher ones"
    return suggestion, reason
