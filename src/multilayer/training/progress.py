"""A run as it goes: its records, validation, callbacks, conditions, and the best parameters so far."""

from __future__ import annotations

import time
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Program
from multilayer.network.update import scales
from multilayer.training.history import Diverged, Ending, Epoch, History, Run
from multilayer.training.stopping import GradientNorm, start, watched
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch


class Progress:
    """Looks at the program's θ after each epoch; every method of training reports to one.

    Attributes
    ----------
    records : list of Epoch
        Finished epochs; a method may append those between which nothing is looked at.
    """

    def __init__(self, task: Task, program: Program, whole: WholeBatch) -> None:
        self.records: list[Epoch] = []
        self._began = time.perf_counter()
        self._task, self._program, self._whole = task, program, whole
        self._held_out = None if task.validation is None else program.load(task.validation)
        self._watches = [start(condition) for condition in task.stop]
        self._needs_norm = any(isinstance(condition, GradientNorm) for condition in task.stop)
        self._best: tuple[float, int, NDArray[Any]] | None = None
        if task.restore_best:
            self._keep_if_best(Epoch(0, np.inf, 0.0, None, 0.0, *self._validate()))

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.perf_counter() - self._began

    @property
    def looking(self) -> bool:
        """Whether anything is to be seen after each epoch."""
        return bool(self._watches or self._task.callbacks or self._held_out is not None)

    def add(self, epoch: Epoch) -> str | None:
        """Record an epoch with what was measured after it; the reason to stop, or None."""
        if self.looking:
            loss, score = self._validate()
            epoch = replace(
                epoch,
                validation_loss=loss,
                validation_score=score,
                gradient_norm=self._gradient_norm() if self._needs_norm else None,
                parameters=lambda: self._task.network.unpack(self._program.read().theta),
            )
        self.records.append(epoch)
        if self._best is not None:
            self._keep_if_best(epoch)
        for callback in self._task.callbacks:
            callback(epoch)
        reasons = [watch(epoch) for watch in self._watches]
        reason = next((reason for reason in reasons if reason is not None), None)
        return None if reason is None else f"{reason} (epoch {epoch.epoch})"

    def finish(self, ended: Ending, message: str) -> Run:
        """The run, with the best parameters if they were asked for.

        Raises
        ------
        Diverged
            If it ended at a NaN or infinity.
        """
        state = self._program.read()
        theta, best_epoch = (state.theta, None) if self._best is None else (self._best[2], self._best[1])
        run = Run(self._task.network.unpack(theta), History(self.records), ended, message, best_epoch, state)
        if ended == "nonfinite":
            raise Diverged(message, run)
        return run

    def _validate(self) -> tuple[float | None, float | None]:
        """Loss and score on the validation rows."""
        if self._held_out is None or self._task.validation is None:
            return None, None
        sums = self._program.loss(self._held_out)
        loss = float(sums.loss / scales(self._task.plan, sums.weight)[0])
        if self._task.score is None:
            return loss, None
        score = self._task.score(self._program.predict(self._task.validation.X))
        if not isinstance(score, Real):
            raise TypeError(f"score: must return a number, came {score!r}")
        return loss, float(score)

    def _gradient_norm(self) -> float:
        """‖∇J(θ)‖ on all training rows."""
        return float(np.linalg.norm(self._whole(self._program.read().theta).gradient))

    def _keep_if_best(self, epoch: Epoch) -> None:
        """Keep θ if no epoch was better; a NaN is never best."""
        value = watched(epoch, "validation_loss" if self._task.score is None else "validation_score")
        if self._best is None or value < self._best[0]:
            value = value if np.isfinite(value) else np.inf
            self._best = (value, epoch.epoch, self._program.read().theta)
