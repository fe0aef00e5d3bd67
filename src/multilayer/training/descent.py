"""The loop of gradient descent: deal batches, advance the engine, look, until something ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

from multilayer.engines.protocol import OnNonfinite, Program, Report, Stretch
from multilayer.network.checks import require_choice, require_positive
from multilayer.network.per_layer import layer_of, n_layers, of_each_layer
from multilayer.network.plan import Plan
from multilayer.training.batches import Batches, IntArray
from multilayer.training.diagnosis import describe_nonfinite
from multilayer.training.history import Columns, Ending, Run
from multilayer.training.progress import Progress
from multilayer.training.rules import Rprop, Rule
from multilayer.training.schedules import Constant, Followed, Plateau, Schedule
from multilayer.training.stretches import Stretches
from multilayer.training.tally import MeanBy, Tally
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch


@dataclass(frozen=True)
class Settings:
    """How gradient descent goes about a task.

    Parameters
    ----------
    rule, schedule, batches
        What updates are made of.
    seed : int
        Of the order, and the dropout masks.
    on_nonfinite : {"stop", "continue"}
        As in `Stretch`.
    orders : callable or None
        Gives the order of the next epoch (n,) in place of the seed's; never asked for one that does not begin.
    made : int
        Updates made in earlier runs; the rule's scalars and the schedule go on from there.
    mean_by : {"weight", "rows"}
        What each batch's mean counts by in its epoch's.
    planned : int or None
        Epochs that the schedule is laid out for, where they are not those of the run.
    """

    rule: Rule
    schedule: Schedule | Followed
    batches: Batches
    seed: int
    on_nonfinite: OnNonfinite
    orders: Callable[[], IntArray] | None = None
    made: int = 0
    mean_by: MeanBy = "weight"
    planned: int | None = None

    def stretches(self, epochs: int) -> Stretches:
        """What a run of so many epochs asks of the engine; see `Stretches`."""
        timed = None if isinstance(self.schedule, Plateau | Followed) else self.schedule
        given = self.rule, timed, self.batches, self.seed, self.on_nonfinite
        return Stretches(*given, epochs, self.orders, self.made, self.planned)

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
        if isinstance(self.rule, Rprop) and any(v.rate not in (0.0, 1.0) for v in task.plan.views):
            raise ValueError("layer_rates: Rprop sets its own steps, so it takes 0 (frozen) and 1 alone")
        if isinstance(self.rule, Rprop) and not isinstance(self.schedule, Constant):
            raise ValueError("schedule: Rprop sets its own steps, so no schedule of a rate can act on it")
        if isinstance(self.schedule, Plateau):
            task.require_watched([self.schedule])


def descent_plan(plan: Plan, rule: Rule, clip_norm: float | None, clip_value: float | None) -> Plan:
    """The objective's plan with the rule's weight decay on the weights, and clipping."""
    for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
        if limit is not None:
            require_positive(name, limit)
    decays = not isinstance(rule, Rprop) and rule.weight_decay
    if not decays and clip_norm is None and clip_value is None:
        return plan
    views = plan.views
    if decays and not isinstance(rule, Rprop):
        decay = of_each_layer("weight_decay", rule.weight_decay, n_layers(views))
        # A frozen array has none, so that even a −0 in it stays.
        views = tuple(replace(v, decay=decay[layer_of(v)]) if v.name.endswith(".W") and v.rate else v for v in views)
    return replace(plan, views=views, clip_norm=clip_norm, clip_value=clip_value)


def descend(task: Task, settings: Settings, program: Program) -> Run:
    """Run the loop from the program's state on.

    Raises
    ------
    Diverged
        If a loss or gradient became NaN or infinite and `on_nonfinite` is "stop".
    """
    whole = WholeBatch(task.plan, program, task.rows)
    progress = Progress(task, program, whole)
    schedule = settings.schedule.follow() if isinstance(settings.schedule, Plateau) else settings.schedule
    followed = schedule if isinstance(schedule, Followed) else None
    stretches = settings.stretches(task.epochs)
    stretches.sure = 1 if followed else progress.sure
    if followed:
        stretches.factor = followed.first
    tally = Tally(task.plan, settings.rule, settings.batches.per_epoch, settings.mean_by)
    not_added: tuple[Report, Stretch] | None = None
    ended: Ending = "epochs"
    message = f"all {task.epochs} epochs were run"
    try:
        for stretch in stretches:
            report = program.advance(whole.data, stretch)
            not_added = report, stretch
            epochs = tally.add(report, stretch)
            not_added = None
            if not (followed or progress.looking):
                progress.extend(epochs)
            elif reason := _shown(progress, epochs):
                ended, message = "stopped", reason
                break
            if report.ended != "complete":
                ended, message = report.ended, f"interrupted in epoch {tally.epochs + 1}"
                if report.ended == "nonfinite":
                    batch = stretch.order[stretch.starts[report.done] : stretch.starts[report.done + 1]]
                    where = f"epoch {tally.epochs + 1}, batch {tally.updates % settings.batches.per_epoch + 1}"
                    message = describe_nonfinite(task.plan, program.read_theta(), task.rows, batch, where)
                break
            if not followed:
                stretches.sure = progress.sure
            elif len(epochs["loss"]):
                stretches.factor = followed.after(progress.last)
            del stretch  # its order takes memory that the next one's may have
    except KeyboardInterrupt:  # between two stretches; inside one the engine answers it
        if not_added is not None and not_added[0] is not tally.added:
            tally.add(*not_added)
        if missing := tally.epochs - len(progress.record):
            progress.extend({name: column[-missing:] for name, column in tally.finished.items()})
        ended, message = "interrupted", f"interrupted after epoch {tally.epochs}"
    return progress.finish(ended, message)


def _shown(progress: Progress, epochs: Columns) -> str | None:
    """Show epochs one by one, until one gives a reason to stop."""
    names = tuple(epochs)
    for values in zip(*(column.tolist() for column in epochs.values()), strict=True):
        if reason := progress.add(**dict(zip(names, values, strict=True))):
            return reason
    return None


def _names(union: Any) -> str:
    """Names of the classes in a union."""
    return ", ".join(t.__name__ for t in get_args(union))
