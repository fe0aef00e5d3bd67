"""The loop of gradient descent: deal batches, advance the engine, look, until something ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import OnNonfinite, Program, Report, State, Stretch
from multilayer.network.checks import require_choice
from multilayer.network.plan import Plan
from multilayer.random import stream
from multilayer.training.batches import Batches
from multilayer.training.diagnosis import describe_nonfinite
from multilayer.training.history import Ending, Epoch, Run
from multilayer.training.progress import Progress
from multilayer.training.rules import Rprop, Rule, initial_slots, scalar_rows
from multilayer.training.schedules import Constant, Plateau, Schedule
from multilayer.training.stopping import watched
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch


@dataclass(frozen=True)
class Settings:
    """How gradient descent goes about a task."""

    rule: Rule
    schedule: Schedule
    batches: Batches
    seed: int
    on_nonfinite: OnNonfinite

    def check(self, task: Task) -> None:
        """Refuse what does not go together."""
        if not isinstance(self.rule, Rule):
            raise TypeError(f"rule: must be one of {_names(Rule)}, came {self.rule!r}")
        if not isinstance(self.schedule, Schedule):
            raise TypeError(f"schedule: must be one of {_names(Schedule)}, came {self.schedule!r}")
        require_choice("on_nonfinite", self.on_nonfinite, get_args(OnNonfinite))
        if self.rule.formula.full_batch and self.batches.per_epoch > 1:
            raise ValueError(
                f"batch_size: {type(self.rule).__name__} needs the full batch (signs of noisy gradients shrink every "
                f"step); use batch_size=None, came {self.batches.batch_size} of {self.batches.n_rows} rows"
            )
        if self.rule.formula.full_batch and self.batches.sampling == "replacement":
            raise ValueError(
                f"sampling: {type(self.rule).__name__} needs every row in every step; use 'shuffle' or 'given', "
                "came 'replacement'"
            )
        if isinstance(self.rule, Rprop) and task.plan.penalty_step == "proximal":
            raise ValueError("rule: Rprop has no rate for a proximal step; use a penalty with step='gradient'")
        if isinstance(self.rule, Rprop) and not isinstance(self.schedule, Constant):
            raise ValueError("schedule: Rprop sets its own steps, so no schedule of a rate can act on it")
        if isinstance(self.schedule, Plateau):
            task.require_watched([self.schedule])


def descend(task: Task, settings: Settings, program: Program, theta: NDArray[Any]) -> Run:
    """Run the loop from the flat θ on.

    Raises
    ------
    Diverged
        If a loss or gradient became NaN or infinite and `on_nonfinite` is "stop".
    """
    program.write(State(theta, initial_slots(settings.rule, theta), 0, settings.seed))
    whole = WholeBatch(task.plan, program, task.rows)
    progress = Progress(task, program, whole)
    factor_after = _plateau_factor(settings.schedule)
    # One epoch between looks where anything is seen, else as many as keep the orders small.
    seen = progress.looking or isinstance(settings.schedule, Plateau)
    stride = 1 if seen else max(1, 2**16 // settings.batches.n_rows)
    generator = stream(settings.seed, "order")
    factor, done, new = 1.0, 0, list[Epoch]()
    ended: Ending = "epochs"
    message = f"all {task.epochs} epochs were run"
    try:
        while done < task.epochs and ended == "epochs":
            count = min(stride, task.epochs - done)
            order, starts = settings.batches.draw(generator, count)
            rates = _rates(settings, factor, done, count, task.epochs)
            t = np.arange(len(rates), dtype=np.float64) + (1.0 + done * settings.batches.per_epoch)
            scalars = scalar_rows(settings.rule, t, rates)
            report = program.advance(whole.data, Stretch(order, starts, scalars, settings.on_nonfinite))
            new = _records(task.plan, settings, report, rates, done, progress.seconds)
            done += len(new)
            progress.records += new[:-1] if report.ended == "complete" else new
            if report.ended == "complete":
                if reason := progress.add(new[-1]):
                    ended, message = "stopped", reason
                factor = factor_after(progress.records[-1])
            elif report.ended == "interrupted":
                ended, message = "interrupted", f"interrupted in epoch {done + 1}"
            else:
                ended = "nonfinite"
                batch = order[starts[report.done] : starts[report.done + 1]]
                where = f"epoch {done + 1}, batch {report.done % settings.batches.per_epoch + 1}"
                message = describe_nonfinite(task.plan, program.read().theta, task.rows, batch, where)
    except KeyboardInterrupt:  # between two stretches; inside one the engine answers it
        progress.records += new[-1:] if len(progress.records) < done else []
        ended, message = "interrupted", f"interrupted after epoch {done}"
    return progress.finish(ended, message)


def _plateau_factor(schedule: Schedule) -> Callable[[Epoch], float]:
    """A function from each looked-at epoch to the factor on the rates of the next."""
    if not isinstance(schedule, Plateau):
        return lambda epoch: 1.0
    observe = schedule.watch()
    return lambda epoch: observe(watched(epoch, schedule.on))


def _rates(settings: Settings, factor: float, done: int, count: int, total: int) -> NDArray[np.float64]:
    """The rule's rate at each update of the next `count` epochs."""
    per_epoch = settings.batches.per_epoch
    if isinstance(settings.schedule, Plateau):
        factors = np.full(count * per_epoch, factor)
    else:
        time_in_epochs = done + np.arange(count * per_epoch) / per_epoch
        factors = settings.schedule.factor(time_in_epochs, float(total))
    return settings.rule.rate * factors


def _records(
    plan: Plan, settings: Settings, report: Report, rates: NDArray[np.float64], done: int, seconds: float
) -> list[Epoch]:
    """A record for each epoch that a report finished."""
    per_epoch = settings.batches.per_epoch
    records = []
    for i in range(report.done // per_epoch):
        part = slice(i * per_epoch, (i + 1) * per_epoch)
        weights = report.weight[part]
        weight = float(weights.sum()) or np.nan  # an epoch that drew rows of weight 0 only has no mean
        loss = float(report.loss[part].sum())
        records.append(
            Epoch(
                done + i + 1,
                loss / weight if plan.reduction == "mean" else loss,
                float(report.penalty[part] @ weights) / weight,
                None if isinstance(settings.rule, Rprop) else float(rates[part][-1]),
                seconds,
            )
        )
    return records


def _names(union: Any) -> str:
    """Names of the classes in a union."""
    return ", ".join(t.__name__ for t in get_args(union))
