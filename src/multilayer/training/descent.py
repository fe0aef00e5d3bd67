"""The loop of gradient descent: deal batches, advance the engine, look, until something ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from multilayer.engines.protocol import OnNonfinite, Program, Report, Stretch
from multilayer.network.checks import require_choice
from multilayer.training.batches import Batches
from multilayer.training.diagnosis import describe_nonfinite
from multilayer.training.history import Ending, Epoch, Run
from multilayer.training.progress import Progress
from multilayer.training.rules import Rprop, Rule
from multilayer.training.schedules import Constant, Plateau, Schedule
from multilayer.training.stopping import watched
from multilayer.training.stretches import Stretches
from multilayer.training.tally import Tally
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

    def stretches(self, epochs: int, seen: bool) -> Stretches:
        """What a run of so many epochs asks of the engine; see `Stretches`."""
        return Stretches(self.rule, self.schedule, self.batches, self.seed, self.on_nonfinite, epochs, seen)

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


def descend(task: Task, settings: Settings, program: Program) -> Run:
    """Run the loop from the program's state on.

    Raises
    ------
    Diverged
        If a loss or gradient became NaN or infinite and `on_nonfinite` is "stop".
    """
    whole = WholeBatch(task.plan, program, task.rows)
    progress = Progress(task, program, whole)
    factor_after = _plateau_factor(settings.schedule)
    seen = progress.looking or isinstance(settings.schedule, Plateau)
    stretches = settings.stretches(task.epochs, seen)
    tally = Tally(task.plan, settings.rule, settings.batches.per_epoch)
    not_added: tuple[Report, Stretch] | None = None
    ended: Ending = "epochs"
    message = f"all {task.epochs} epochs were run"
    try:
        for stretch in stretches:
            report = program.advance(whole.data, stretch)
            not_added = report, stretch
            epochs = tally.add(report, stretch)
            not_added = None
            if report.ended != "complete":
                progress.extend(epochs)
                ended, message = report.ended, f"interrupted in epoch {tally.epochs + 1}"
                if report.ended == "nonfinite":
                    batch = stretch.order[stretch.starts[report.done] : stretch.starts[report.done + 1]]
                    where = f"epoch {tally.epochs + 1}, batch {tally.updates % settings.batches.per_epoch + 1}"
                    message = describe_nonfinite(task.plan, program.read_theta(), task.rows, batch, where)
                break
            if not seen:
                progress.extend(epochs)
            elif len(epochs["loss"]):
                if reason := progress.add(**{name: float(column[0]) for name, column in epochs.items()}):
                    ended, message = "stopped", reason
                    break
                stretches.factor = factor_after(progress.last)
            del stretch  # its order takes memory that the next one's may have
    except KeyboardInterrupt:  # between two stretches; inside one the engine answers it
        if not_added is not None and not_added[0] is not tally.added:
            tally.add(*not_added)
        if len(progress.record) < tally.epochs:
            progress.extend(tally.finished)
        ended, message = "interrupted", f"interrupted after epoch {tally.epochs}"
    return progress.finish(ended, message)


def _plateau_factor(schedule: Schedule) -> Callable[[Epoch], float]:
    """A function from each looked-at epoch to the factor on the rates of the next."""
    if not isinstance(schedule, Plateau):
        return lambda epoch: 1.0
    observe = schedule.watch()
    return lambda epoch: observe(watched(epoch, schedule.on))


def _names(union: Any) -> str:
    """Names of the classes in a union."""
    return ", ".join(t.__name__ for t in get_args(union))
