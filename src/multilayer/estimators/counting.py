"""What scikit-learn records, prints and decides after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.estimators.learned import coefs_of, intercepts_of
from multilayer.estimators.optimizer import Optimizer
from multilayer.training.history import Epoch


def counter(
    estimator: Any, optimizer: Optimizer, n_rows: int, loss_divisor: int, score: Callable[[], float] | None
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
        The current score on the rows held out, with early stopping.
    """

    def ended(epoch: Epoch) -> bool:
        loss = epoch.loss / loss_divisor + epoch.penalty
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += n_rows
        estimator.loss_curve_.append(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        if score is None:
            _count_loss(estimator, loss)
        else:
            _count_score(estimator, score(), epoch)
        optimizer.iteration_ends(estimator.t_)
        if not estimator._no_improvement_count > estimator.n_iter_no_change:
            return False
        watched = "Training loss" if score is None else "Validation score"
        reason = f"{watched} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} "
        if optimizer.stops(reason + "consecutive epochs.", estimator.verbose):
            return True
        estimator._no_improvement_count = 0
        return False

    return ended


def _count_loss(estimator: Any, loss: float) -> None:
    """Count epochs whose loss is not better by `tol`; a NaN is no failure."""
    failed = loss > estimator.best_loss_ - estimator.tol
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if failed else 0
    if loss < estimator.best_loss_:
        estimator.best_loss_ = loss


def _count_score(estimator: Any, score: float, epoch: Epoch) -> None:
    """Count epochs whose score is not better by `tol`, and copy the best weights; a NaN is no failure."""
    estimator.validation_scores_.append(score)
    if estimator.verbose:
        print(f"Validation score: {score:f}")
    failed = score < estimator.best_validation_score_ + estimator.tol
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if failed else 0
    if score > estimator.best_validation_score_:
        estimator.best_validation_score_ = score
        theta = epoch.parameters()
        estimator._best_coefs, estimator._best_intercepts = coefs_of(theta), intercepts_of(theta)
