"""Who watches an estimator's training, and what may end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray

from multilayer.display.live.bars import ProgressBar
from multilayer.estimators.scikit_learn_callbacks import EpochTasks, FitTask
from multilayer.training.history import Epoch
from multilayer.training.stopping import Condition


class Watchers(NamedTuple):
    """What a task of the library's is given."""

    callbacks: tuple[Callable[[Epoch], object], ...]
    stop: tuple[Condition, ...]


def watchers(
    estimator: Any,
    fit: FitTask | None,
    counter: Condition,
    *,
    trained_on: NDArray[Any] | None = None,
    best: bool = False,
) -> Watchers:
    """The user's callbacks, the progress bar where one is asked for, and scikit-learn's callbacks where they are set.

    Parameters
    ----------
    fit, counter, trained_on, best
        As in `EpochTasks`; `fit` is None where no callbacks of scikit-learn's are set.
    """
    callbacks = (*estimator.callbacks, *((ProgressBar(shown=True),) if estimator.progress else ()))
    if fit is None:
        return Watchers(callbacks, (counter,))
    tasks = EpochTasks(fit, counter, trained_on, best)
    return Watchers((*callbacks, tasks), (tasks,))
