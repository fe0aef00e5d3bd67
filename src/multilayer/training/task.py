"""What every method of training is given, checked before any work starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Rows
from multilayer.network.arrays import check_inputs, check_weight
from multilayer.network.checks import require_integer, require_truth
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.plan import Plan
from multilayer.network.targets import encode_keeping_labels
from multilayer.training.history import Epoch
from multilayer.training.schedules import Plateau
from multilayer.training.stopping import Condition, Patience, require_condition

Score = Callable[[NDArray[Any]], float]


@dataclass(frozen=True)
class Task:
    """What to minimise, on which rows, for how long, and what to look at meanwhile.

    Parameters
    ----------
    network : Network
        f, whose parameters are sought.
    plan : Plan
        The objective as engines compute it.
    rows : Rows
        Training rows.
    epochs : int
        Epochs, or a method's iterations, at most.
    validation : Rows or None
        Rows whose loss is measured after every epoch.
    score : callable or None
        From the outputs on the validation rows to a number, larger when better.
    stop : sequence of Condition
        Asked after every epoch.
    callbacks : sequence of callable
        Called with every epoch.
    restore_best : bool
        Whether the run ends with the parameters of its best epoch.
    """

    network: Network
    plan: Plan
    rows: Rows
    epochs: int
    validation: Rows | None = None
    score: Score | None = None
    stop: Sequence[Condition] = ()
    callbacks: Sequence[Callable[[Epoch], object]] = ()
    restore_best: bool = False

    def __post_init__(self) -> None:
        require_integer("epochs", self.epochs, least=0)
        require_truth("restore_best", self.restore_best)
        if self.score is not None and not callable(self.score):
            raise TypeError(f"score: must be a callable from outputs to a number, came {self.score!r}")
        for condition in self.stop:
            require_condition(condition)
        if not isinstance(self.callbacks, Sequence) or not all(map(callable, self.callbacks)):
            raise TypeError(f"callbacks: must be a sequence of callables that take an Epoch, came {self.callbacks!r}")
        self.require_watched(self.stop)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Enter the callbacks that are context managers, and leave them however the run ends."""
        with ExitStack() as stack:
            for callback in self.callbacks:
                if isinstance(callback, AbstractContextManager):
                    stack.enter_context(callback)
            yield

    def require_watched(self, watching: Iterable[Condition | Plateau]) -> None:
        """Refuse a condition that watches what is not measured."""
        watched = {w.on for w in watching if isinstance(w, (Patience, Plateau))}
        if self.validation is None and (self.restore_best or self.score is not None or watched - {"loss"}):
            raise ValueError("validation: needed for restore_best, score, and whatever watches the validation rows")
        if self.score is None and "validation_score" in watched:
            raise ValueError("score: needed to watch 'validation_score'")


def training_rows(objective: Objective, X: Any, T: Any, sample_weight: Any, dtype: np.dtype[Any]) -> Rows:
    """Rows checked and encoded for an objective, targets in the computation's type; an empty table is refused."""
    network = objective.network
    with np.errstate(over="ignore"):  # what the type cannot hold is infinite in the loss too, and answered there
        inputs = check_inputs(X, network.n_inputs, dtype=dtype)
        n_rows = inputs.shape[0]
        if n_rows == 0:
            raise ValueError("X: has no rows")
        smoothing = objective.label_smoothing
        targets = encode_keeping_labels(
            T, objective.head, n_rows, network.n_outputs, label_smoothing=smoothing, dtype=dtype
        )
    return Rows(inputs, targets, check_weight(sample_weight, n_rows))


def validation_rows(objective: Objective, validation: tuple[Any, ...], dtype: np.dtype[Any]) -> Rows:
    """Validation rows, checked; inputs in the computation's type too, since they are looked at after every epoch."""
    if not isinstance(validation, tuple) or len(validation) not in (2, 3):
        came = f"a tuple of {len(validation)}" if isinstance(validation, tuple) else type(validation).__name__
        raise TypeError(f"validation: must be a tuple (X, T) or (X, T, sample_weight), came {came}")
    X, T, *weight = validation
    try:
        rows = training_rows(objective, X, T, weight[0] if weight else None, dtype)
    except ValueError as error:
        raise ValueError(f"validation: {error}") from error
    with np.errstate(over="ignore"):
        return replace(rows, X=rows.X.astype(dtype, copy=False))
