"""Epochs out of what an engine reports batch by batch."""

from __future__ import annotations

from typing import Literal

import numpy as np

from multilayer.engines.protocol import Report, Stretch
from multilayer.network.plan import Plan
from multilayer.training.history import Columns
from multilayer.training.rules import Rule

MeanBy = Literal["weight", "rows"]


class Tally:
    """Adds up the reports of a run's stretches, wherever these were cut.

    Parameters
    ----------
    plan, rule
        Of the run.
    per_epoch : int
        Batches.
    mean_by : {"weight", "rows"}
        What each batch's mean counts by in its epoch's.

    Attributes
    ----------
    updates : int
        Updates made so far.
    added : Report or None
        The last report.
    finished : dict
        Columns of the epochs that it finished.
    """

    def __init__(self, plan: Plan, rule: Rule, per_epoch: int, mean_by: MeanBy = "weight") -> None:
        self.updates = 0
        self.added: Report | None = None
        self.finished: Columns = {}
        self._mean, self._per_epoch, self._by_rows = plan.reduction == "mean", per_epoch, mean_by == "rows"
        names = rule.formula.scalars
        self._rate = names.index("rate") if "rate" in names else None
        self._open = np.zeros(3)  # sums of the epoch that is not finished

    @property
    def epochs(self) -> int:
        """Epochs finished so far."""
        return self.updates // self._per_epoch

    def add(self, report: Report, stretch: Stretch) -> Columns:
        """Loss, penalty and, where the rule has one, rate of the epochs that a report finished."""
        per_epoch, done = self._per_epoch, report.done
        begun = self.updates % per_epoch
        finished = (begun + done) // per_epoch
        sums = self._open[:, None]
        if done:
            terms = np.empty((3, done))
            terms[0], terms[1] = report.loss, report.weight
            if self._by_rows:
                terms[1] = np.diff(stretch.starts[: done + 1])
                terms[0] *= terms[1] / report.weight
            np.multiply(report.penalty, terms[1], out=terms[2])
            bounds = np.arange(-begun, done, per_epoch)
            bounds[0] = 0
            sums = np.add.reduceat(terms, bounds, axis=1)
            sums[:, 0] += self._open
        left = sums[:, finished] if finished < sums.shape[1] else np.zeros(3)
        loss, weight, penalty = sums[:, :finished]
        weight[weight == 0.0] = np.nan  # an epoch that drew rows of weight 0 only has no mean
        columns = {"loss": loss / weight if self._mean else loss, "penalty": penalty / weight}
        if self._rate is not None:
            columns["rate"] = stretch.scalars[per_epoch - begun - 1 : done : per_epoch, self._rate]
        # At the end and with no call between, so that Ctrl-C finds a report added or not.
        self.updates, self._open, self.added, self.finished = self.updates + done, left, report, columns
        return columns
