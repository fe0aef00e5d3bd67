"""What scikit-learn records, prints and decides after each epoch; and what is recorded of rows held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from multilayer.estimators.learned import coefs_of, intercepts_of
from multilayer.estimators.optimizer import Optimizer
from multilayer.training.history import Epoch
from multilayer.training.stopping import Watch


def forget_held_out(estimator: Any) -> None:
    """Begin the records of rows held out anew."""
    scored = estimator.early_stopping or bool(estimator.restore_best)
    estimator._no_improvement_count = 0
    estimator.validation_scores_ = [] if scored else None
    estimator.best_validation_score_ = -np.inf if scored else None
    vars(estimator).pop("validation_loss_curve_", None)


@dataclass(frozen=True)
class Counter:
    """A stopping condition that keeps the estimator's records and counters, and moves the optimiser's rate.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its attributes go on from what they are.
    optimizer : Optimizer
        Whose rate is moved.
    n_rows : int
        Training rows.
    loss_divisor : int
        What an epoch's loss is divided by when it is reported.
    score : callable or None
        From an epoch to the current score on the rows held out; its best epoch is remembered, and with early stopping
        it is what has to improve.
    """

    estimator: Any
    optimizer: Optimizer
    n_rows: int
    loss_divisor: int
    score: Callable[[Epoch], float] | None

    def watch(self) -> Watch:
        """Start watching."""
        return Watch(self._observe, self._sure)

    def _sure(self) -> int:
        """Epochs that are borne before the next decision; each one if its line or score is due at its end."""
        if self.score is not None or self.estimator.verbose:
            return 1
        count = getattr(self.estimator, "_no_improvement_count", 0)  # not counted by other solvers
        left = self.estimator.n_iter_no_change - count
        return int(np.clip(left, 0, self.estimator.max_iter)) + 1

    def _observe(self, epoch: Epoch) -> str | None:
        """Count an epoch; the reason to stop, or None."""
        estimator = self.estimator
        loss = epoch.loss / self.loss_divisor + epoch.penalty
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += self.n_rows
        estimator.loss_curve_.append(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        failed = _record_held_out(estimator, epoch, self.loss_divisor, self.score)
        if not estimator.early_stopping:
            failed = _record_loss(estimator, loss)
        self.optimizer.iteration_ends(estimator.t_)
        if not _out_of_patience(estimator, failed):
            return None
        reason = _no_improvement(estimator, "Validation score" if estimator.early_stopping else "Training loss")
        if self.optimizer.stops(reason, estimator.verbose):
            return reason
        estimator._no_improvement_count = 0
        return None


def iteration_counter(
    estimator: Any, loss_divisor: int, score: Callable[[Epoch], float] | None
) -> Callable[[Epoch], bool]:
    """A stopping condition for solvers on all rows, that keeps the records; rows held out alone may end the run.

    Parameters
    ----------
    estimator, loss_divisor, score
        As in `Counter`.
    """

    def ended(epoch: Epoch) -> bool:
        estimator.n_iter_ = epoch.epoch
        estimator.loss_ = epoch.loss / loss_divisor + epoch.penalty
        failed = _record_held_out(estimator, epoch, loss_divisor, score)
        if score is None or not (estimator.early_stopping and _out_of_patience(estimator, failed)):
            return False
        if estimator.verbose:
            print(_no_improvement(estimator, "Validation score") + " Stopping.")
        return True

    return ended


def _out_of_patience(estimator: Any, failed: bool) -> bool:
    """Count epochs in a row that failed; whether they are too many."""
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if failed else 0
    return bool(estimator._no_improvement_count > estimator.n_iter_no_change)


def _no_improvement(estimator: Any, watched: str) -> str:
    """Why a run stops, in scikit-learn's words."""
    bounds = f"tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive epochs."
    return f"{watched} did not improve more than {bounds}"


def _record_held_out(estimator: Any, epoch: Epoch, loss_divisor: int, score: Callable[[Epoch], float] | None) -> bool:
    """Record what an epoch did on the rows held out; whether its score is not better by `tol`."""
    if epoch.validation_loss is not None:
        estimator.validation_loss_curve_.append(epoch.validation_loss / loss_divisor)
    return score is not None and _record_score(estimator, score(epoch), epoch)


def _record_loss(estimator: Any, loss: float) -> bool:
    """Whether an epoch's loss is not better by `tol`; a NaN is no failure."""
    failed = loss > estimator.best_loss_ - estimator.tol
    if loss < estimator.best_loss_:
        estimator.best_loss_ = loss
    return failed


def _record_score(estimator: Any, score: float, epoch: Epoch) -> bool:
    """Whether an epoch's score is not better by `tol`; the best weights are copied. A NaN is no failure."""
    estimator.validation_scores_.append(score)
    if estimator.verbose:
        print(f"Validation score: {score:f}")
    failed = score < estimator.best_validation_score_ + estimator.tol
    if score > estimator.best_validation_score_:
        estimator.best_validation_score_ = score
        theta = epoch.parameters()
        estimator._best_coefs, estimator._best_intercepts = coefs_of(theta), intercepts_of(theta)
    return failed
