"""The loop of gradient descent: deal batches, advance the engine, look, until something ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import OnNonfinite, Program, Report, Rows, State, Stretch
from multilayer.network.network import Network
from multilayer.network.plan import Plan
from multilayer.network.update import penalty_gradient
from multilayer.random import stream
from multilayer.training.batches import Batches
from multilayer.training.diagnosis import describe_nonfinite
from multilayer.training.history import Diverged, Epoch, History, Run
from multilayer.training.rules import Rule, initial_slots, scalar_rows
from multilayer.training.schedules import Plateau, Schedule
from multilayer.training.stopping import Condition, GradientNorm, start, watched

Score = Callable[[NDArray[Any]], float]


@dataclass(frozen=True)
class Settings:
    """What `train` was asked for, checked."""

    network: Network
    plan: Plan
    rule: Rule
    schedule: Schedule
    batches: Batches
    epochs: int
    seed: int
    rows: Rows
    validation: Rows | None
    score: Score | None
    stop: Sequence[Condition]
    callbacks: Sequence[Callable[[Epoch], object]]
    restore_best: bool
    on_nonfinite: OnNonfinite

    @property
    def epochs_a_stretch(self) -> int:
        """Epochs between looks: one where anything is watched, else as many as keep the orders small."""
        watching = self.stop or self.callbacks or self.validation or isinstance(self.schedule, Plateau)
        return 1 if watching else max(1, 2**16 // self.batches.n_rows)


def descend(settings: Settings, program: Program, theta: NDArray[Any]) -> Run:
    """Run the loop from the flat θ on.

    Raises
    ------
    Diverged
        If a loss or gradient became NaN or infinite and `on_nonfinite` is "stop".
    """
    began = time.perf_counter()
    program.write(State(theta, initial_slots(settings.rule, theta), 0, settings.seed))
    data = program.load(settings.rows)
    look = _Look(settings, program, data)
    generator = stream(settings.seed, "order")
    records: list[Epoch] = []
    ended, message = "epochs", f"all {settings.epochs} epochs were run"
    while len(records) < settings.epochs and ended == "epochs":
        count = min(settings.epochs_a_stretch, settings.epochs - len(records))
        order, starts = settings.batches.draw(generator, count)
        rates = _rates(settings, look.factor, len(records), count)
        t = 1.0 + len(records) * settings.batches.per_epoch + np.arange(len(rates))
        scalars = scalar_rows(settings.rule, t, rates)
        report = program.advance(data, Stretch(order, starts, scalars, settings.on_nonfinite))
        new = _records(settings, report, rates, len(records), time.perf_counter() - began)
        if report.ended == "complete":
            new[-1], reason = look.after(new[-1])
            if reason is not None:
                ended, message = "stopped", f"{reason} (epoch {new[-1].epoch})"
        elif report.ended == "interrupted":
            ended, message = "interrupted", f"interrupted in epoch {len(records) + len(new) + 1}"
        else:
            ended = "nonfinite"
            batch = order[starts[report.done] : starts[report.done + 1]]
            epoch, number = divmod(report.done, settings.batches.per_epoch)
            where = f"epoch {len(records) + epoch + 1}, batch {number + 1}"
            message = describe_nonfinite(settings.plan, program.read().theta, settings.rows, batch, where)
        records += new
    state = program.read()
    theta, best_epoch = look.best(state.theta)
    run = Run(settings.network.unpack(theta), History(records), ended, message, best_epoch, state)  # type: ignore[arg-type]
    if ended == "nonfinite":
        raise Diverged(message, run)
    return run


class _Look:
    """What is seen after an epoch: validation, callbacks, conditions, the plateau's factor, the best θ so far."""

    def __init__(self, settings: Settings, program: Program, data: Any) -> None:
        self._settings, self._program, self._data = settings, program, data
        self._held_out = None if settings.validation is None else program.load(settings.validation)
        self._watches = [start(condition) for condition in settings.stop]
        self._needs_norm = any(isinstance(condition, GradientNorm) for condition in settings.stop)
        schedule = settings.schedule
        self._plateau = (schedule.on, schedule.watch()) if isinstance(schedule, Plateau) else None
        self.factor = 1.0
        self._best: tuple[float, int, NDArray[Any]] | None = None
        if settings.restore_best:
            self._keep_if_best(Epoch(0, np.inf, 0.0, 0.0, 0.0, *self._validate()))

    def after(self, epoch: Epoch) -> tuple[Epoch, str | None]:
        """The epoch with what was measured, and a reason to stop or None."""
        if not (self._watches or self._settings.callbacks or self._held_out or self._plateau):
            return epoch, None
        loss, score = self._validate()
        epoch = Epoch(
            epoch.epoch,
            epoch.loss,
            epoch.penalty,
            epoch.rate,
            epoch.seconds,
            loss,
            score,
            self._gradient_norm() if self._needs_norm else None,
            lambda: self._settings.network.unpack(self._program.read().theta),
        )
        if self._best is not None:
            self._keep_if_best(epoch)
        if self._plateau is not None:
            on, observe = self._plateau
            self.factor = observe(watched(epoch, on))
        for callback in self._settings.callbacks:
            callback(epoch)
        reasons = [watch(epoch) for watch in self._watches]
        return epoch, next((reason for reason in reasons if reason is not None), None)

    def best(self, last: NDArray[Any]) -> tuple[NDArray[Any], int | None]:
        """The parameters to return, and their epoch if they were chosen."""
        return (last, None) if self._best is None else (self._best[2], self._best[1])

    def _validate(self) -> tuple[float | None, float | None]:
        """Loss and score on the validation rows."""
        if self._held_out is None or self._settings.validation is None:
            return None, None
        sums = self._program.loss(self._held_out)
        loss = float(sums.loss / sums.weight if self._settings.plan.reduction == "mean" else sums.loss)
        score = self._settings.score
        return loss, None if score is None else float(score(self._program.predict(self._settings.validation.X)))

    def _gradient_norm(self) -> float:
        """‖∇J(θ)‖ on all training rows."""
        sums, gradient = self._program.gradient(self._data)
        scale = float(sums.weight) if self._settings.plan.reduction == "mean" else 1.0
        omega = penalty_gradient(self._settings.plan, self._program.read().theta)
        return float(np.linalg.norm(gradient / scale + omega))

    def _keep_if_best(self, epoch: Epoch) -> None:
        """Keep θ if no epoch was better; a NaN is never best."""
        value = watched(epoch, "validation_loss" if self._settings.score is None else "validation_score")
        if self._best is None or value < self._best[0]:
            value = value if np.isfinite(value) else np.inf
            self._best = (value, epoch.epoch, self._program.read().theta)


def _rates(settings: Settings, factor: float, done: int, count: int) -> NDArray[np.float64]:
    """The rule's rate at each update of the next `count` epochs."""
    per_epoch = settings.batches.per_epoch
    if isinstance(settings.schedule, Plateau):
        factors = np.full(count * per_epoch, factor)
    else:
        time_in_epochs = done + np.arange(count * per_epoch) / per_epoch
        factors = settings.schedule.factor(time_in_epochs, float(settings.epochs))
    return settings.rule.rate * factors


def _records(
    settings: Settings, report: Report, rates: NDArray[np.float64], done: int, seconds: float
) -> list[Epoch]:
    """A record for each epoch that a report finished."""
    per_epoch = settings.batches.per_epoch
    records = []
    for i in range(report.done // per_epoch):
        part = slice(i * per_epoch, (i + 1) * per_epoch)
        loss, weight = report.loss[part].sum(), report.weight[part].sum()
        records.append(
            Epoch(
                done + i + 1,
                float(loss / weight if settings.plan.reduction == "mean" else loss),
                float(np.average(report.penalty[part], weights=report.weight[part])),
                float(rates[part][-1]),
                seconds,
            )
        )
    return records
