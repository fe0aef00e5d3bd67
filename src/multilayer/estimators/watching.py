"""Who watches an estimator's training, and what may end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray

from multilayer.display.live.bars import ProgressBar
from multilayer.estimators.scikit_learn_callbacks import EpochTasks, FitTask
from multilayer.training.history import Epoch


class Watchers(NamedTuple):
    """What a task of the library's is given."""

    callbacks: tuple[Callable[[Epoch], object], ...]
    stop: tuple[Callable[[Epoch], bool], ...]


def watchers(
    estimator: Any,
    fit: FitTask | None,
    ended: Callable[[Epoch], bool],
    *,
    trained_on: NDArray[Any] | None = None,
    best: bool = False,
) -> Watchers:
    """The user's callbacks, the progress bar where one is asked for, and scikit-learn's callbacks where they are set.

    Parameters
    ----------
    fit, ended, trained_on, best
        As in `EpochTasks`; `fit` is None where no callbacks of scikit-learn's are set.
    """
    callbacks = (*estimator.callbacks, *((ProgressBar(shown=True),) if estimator.progress else ()))
    if fit is None:
        return Watchers(callbacks, (ended,))
    tasks = EpochTasks(fit, ended, trained_on, best)
    return Watchers((*callbacks, tasks), (tasks.stops,))
