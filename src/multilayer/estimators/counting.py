"""What scikit-learn records, prints and decides after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.estimators.learned import coefs_of, intercepts_of
from multilayer.estimators.optimizer import Optimizer
from multilayer.training.history import Epoch


def counter(
    estimator: Any, optimizer: Optimizer, n_rows: int, loss_divisor: int, score: Callable[[Epoch], float] | None
) -> Callable[[Epoch], bool]:
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
    early = estimator.early_stopping

    def ended(epoch: Epoch) -> bool:
        loss = epoch.loss / loss_divisor + epoch.penalty
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += n_rows
        estimator.loss_curve_.append(loss)
        if epoch.validation_loss is not None:
            estimator.validation_loss_curve_.append(epoch.validation_loss / loss_divisor)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        failed = score is not None and _record_score(estimator, score(epoch), epoch)
        if not early:
            failed = _record_loss(estimator, loss)
        estimator._no_improvement_count = estimator._no_improvement_count + 1 if failed else 0
        optimizer.iteration_ends(estimator.t_)
        if not estimator._no_improvement_count > estimator.n_iter_no_change:
            return False
        watched = "Validation score" if early else "Training loss"
        reason = f"{watched} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} "
        if optimizer.stops(reason + "consecutive epochs.", estimator.verbose):
            return True
        estimator._no_improvement_count = 0
        return False

    return ended


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
