"""A run as it goes: its records, validation, callbacks, conditions, and the best parameters so far."""

from __future__ import annotations

import time
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Program, State
from multilayer.network.network import Parameters
from multilayer.network.update import scales
from multilayer.training.history import Columns, Diverged, Ending, Epoch, Record, Run
from multilayer.training.stopping import GradientNorm, start, watched
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch


class Progress:
    """Looks at the program's θ after each epoch; every method of training reports to one.

    Attributes
    ----------
    record : Record
        Finished epochs.
    last : Epoch
        The last one that was looked at, with what was measured; at first the run's beginning, as epoch 0.
    """

    def __init__(self, task: Task, program: Program, whole: WholeBatch) -> None:
        self.record = Record()
        self._began = time.perf_counter()
        self._task, self._program, self._whole = task, program, whole
        self._held_out = None if task.validation is None else program.load(task.validation)
        self._watches = [start(condition) for condition in task.stop]
        self._needs_norm = any(isinstance(condition, GradientNorm) for condition in task.stop)
        self._best: tuple[float, int, NDArray[Any]] | None = None
        self._end: State | None = None
        self.last = Epoch(0, np.inf, 0.0, None, 0.0, *(self._validate() if task.restore_best else ()))
        if task.restore_best:
            self._keep_if_best(self.last)

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.perf_counter() - self._began

    @property
    def looking(self) -> bool:
        """Whether epochs have to be shown, one by one."""
        return bool(self._watches or self._task.callbacks or self._held_out is not None)

    @property
    def sure(self) -> int:
        """How many epochs may be run before the first of them has to be shown."""
        if self._task.callbacks or self._held_out is not None:
            return 1
        return min((watch.sure() for watch in self._watches), default=self._task.epochs)

    def extend(self, epochs: Columns) -> None:
        """Record epochs that ended up to now, between which nothing is looked at: loss, penalty and rate, if any."""
        self.record.extend({**epochs, "seconds": np.full(len(epochs["loss"]), self.seconds)})

    def add(self, loss: float, penalty: float, rate: float | None = None) -> str | None:
        """Record an epoch that ended just now, with what is measured after it; the reason to stop, or None."""
        number, seconds = len(self.record) + 1, self.seconds
        measured = (*self._validate(), self._gradient_norm() if self._needs_norm else None)
        self.last = epoch = Epoch(
            number, loss, penalty, rate, seconds, *measured, parameters=self._parameters, epochs=self._task.epochs
        )
        self.record.append(epoch)
        if self._best is not None:
            self._keep_if_best(epoch)
        for callback in self._task.callbacks:
            callback(epoch)
        reasons = [watch.observe(epoch) for watch in self._watches]
        reason = next((reason for reason in reasons if reason is not None), None)
        return None if reason is None else f"{reason} (epoch {epoch.epoch})"

    def finish(self, ended: Ending, message: str) -> Run:
        """The run, with the best parameters if they were asked for.

        Raises
        ------
        Diverged
            If it ended at a NaN or infinity.
        """
        state = self._end = self._program.release()
        theta, best_epoch = (state.theta, None) if self._best is None else (self._best[2], self._best[1])
        run = Run(self._task.network.unpack(theta), self.record.history(), ended, message, best_epoch, state)
        if ended == "nonfinite":
            raise Diverged(message, run)
        return run

    def _parameters(self) -> Parameters:
        """A copy of the current θ."""
        theta = self._program.read_theta() if self._end is None else self._end.theta.copy()
        return self._task.network.unpack(theta)

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
        return float(np.linalg.norm(self._whole(self._program.read_theta()).gradient))

    def _keep_if_best(self, epoch: Epoch) -> None:
        """Keep θ if no epoch was better; a NaN is never best."""
        value = watched(epoch, "validation_loss" if self._task.score is None else "validation_score")
        if self._best is None or value < self._best[0]:
            value = value if np.isfinite(value) else np.inf
            self._best = (value, epoch.epoch, self._program.read_theta())
