"""A fit as the callbacks of scikit-learn 1.9 and later see it: a task, and in it a task for each epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any

from numpy.typing import NDArray
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight

from multilayer.estimators.learned import coefs_of, intercepts_of
from multilayer.training.history import Epoch
from multilayer.training.stopping import Condition, Watch, start

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
except ImportError:  # scikit-learn 1.7 and 1.8

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Where scikit-learn has no callbacks, estimators have no `set_callbacks`."""


CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_")


@dataclass(frozen=True)
class FitTask:
    """A fit that is watched.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        What is fitted.
    context : sklearn.callback.CallbackContext
        scikit-learn's account of the task.
    X, y, sample_weight
        As the user gave them.
    """

    estimator: Any
    context: Any
    X: Any
    y: Any
    sample_weight: Any

    def data(self, trained_on: NDArray[Any] | None = None) -> dict[str, Any]:
        """Rows, targets and weights as hooks take them: all, or those with the numbers given, taken when asked for."""
        weight = self.sample_weight
        if trained_on is None:
            return {"X": self.X, "y": self.y, "metadata": None if weight is None else {"sample_weight": weight}}

        def metadata() -> dict[str, Any] | None:
            return None if weight is None else {"sample_weight": _check_sample_weight(weight, self.X)[trained_on]}

        return {
            "X": cache(lambda: _safe_indexing(self.X, trained_on)),
            "y": cache(lambda: _safe_indexing(self.y, trained_on)),
            "metadata": cache(metadata),
        }

    def end(self) -> None:
        """The estimator is fitted."""
        self.context.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes={}, **self.data())


def fit_task(estimator: Any, X: Any, y: Any, sample_weight: Any, *, epochs: int) -> FitTask | None:
    """The task of a fit that begins, of so many epochs at most; None where no callbacks are set."""
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    task = FitTask(estimator, estimator._init_callback_context(max_subtasks=epochs), X, y, sample_weight)
    task.context.call_on_fit_task_begin(estimator=estimator, **task.data())
    return task


class EpochTasks:
    """The tasks of a fit's epochs: a callback of the library's, to be entered, and a stopping condition too.

    Hooks are called when the estimator's records hold the epoch. The estimator that they may ask for has the weights
    with which the fit would end there.

    Parameters
    ----------
    fit : FitTask
        What the epochs belong to.
    counter : Condition
        Brings the estimator's records up to date after an epoch, and may end the run.
    trained_on : ndarray of int, optional
        Numbers of the rows trained on, where others are held out.
    best : bool
        Whether the fit ends with the best weights.
    """

    def __init__(self, fit: FitTask, counter: Condition, trained_on: NDArray[Any] | None, best: bool) -> None:
        self._fit, self._best = fit, best
        self._data = fit.data(trained_on)
        self._counter = start(counter)
        self._context: Any = None
        self._reason: str | None = None

    def __enter__(self) -> EpochTasks:
        self._begin(self._initial)
        return self

    def __exit__(self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if error is None and self._context is not None:  # an epoch that was interrupted, or a step that was not needed
            self._context.call_on_fit_task_end(estimator=self._fit.estimator)

    def __call__(self, epoch: Epoch) -> None:
        """End the epoch's task, and begin the next one's if there will be one."""
        self._reason = self._counter.observe(epoch)
        last = epoch.epoch >= epoch.epochs

        def reached() -> dict[str, Any]:
            return self._attributes(epoch)

        context, self._context = self._context, None
        asked = context.call_on_fit_task_end(
            estimator=self._fit.estimator, reconstruction_attributes=reached, **self._data
        )
        if last:
            return
        if asked and self._reason is None:
            self._reason = "a callback asked for it"
        if self._reason is None:
            self._begin(reached)

    def watch(self) -> Watch:
        """Start watching; every epoch has been seen as a callback when it is shown here."""
        return Watch(lambda epoch: self._reason)

    def _begin(self, attributes: Callable[[], dict[str, Any]]) -> None:
        """Begin an epoch's task."""
        self._context = self._fit.context.subcontext(task_name="epoch")
        self._context.call_on_fit_task_begin(
            estimator=self._fit.estimator, reconstruction_attributes=attributes, **self._data
        )

    def _initial(self) -> dict[str, Any]:
        """What the estimator would be without any epoch."""
        estimator = self._fit.estimator
        return {name: [array.copy() for array in getattr(estimator, name)] for name in ("coefs_", "intercepts_")}

    def _attributes(self, epoch: Epoch) -> dict[str, Any]:
        """What the estimator would be if it ended with this epoch; nothing is shared that will change."""
        estimator = self._fit.estimator
        curves = {name: list(getattr(estimator, name)) for name in CURVES if getattr(estimator, name, None) is not None}
        if self._best:
            return {"coefs_": estimator._best_coefs, "intercepts_": estimator._best_intercepts, **curves}
        theta = epoch.parameters()
        return {"coefs_": coefs_of(theta), "intercepts_": intercepts_of(theta), **curves}
