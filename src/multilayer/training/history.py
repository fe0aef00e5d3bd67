"""What a run tells: a record an epoch, the history's columns, and the finished run."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import State
from multilayer.network.network import Parameters

Ending = Literal["epochs", "stopped", "interrupted", "nonfinite", "converged"]


@dataclass(frozen=True)
class Epoch:
    """One finished epoch, as callbacks and stopping conditions see it.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean over the rows (sum with ``reduction="sum"``) of their losses, each batch before its update; of a
        method that steps on all rows at once, after its step.
    penalty : float
        Mean of the penalty over the rows, likewise.
    rate : float or None
        The rule's rate at the epoch's last update; None where a method has no rate, and for Rprop.
    seconds : float
        Since the run began.
    validation_loss, validation_score, gradient_norm : float or None
        After the epoch, where asked for; the norm is of ∇J on all training rows.
    parameters : callable
        ``parameters()`` gives a copy of the current θ.
    epochs : int
        Of the run, at most.
    """

    epoch: int
    loss: float
    penalty: float
    rate: float | None
    seconds: float
    validation_loss: float | None = None
    validation_score: float | None = None
    gradient_norm: float | None = None
    parameters: Callable[[], Parameters] = field(repr=False, compare=False, default=tuple)
    epochs: int = field(repr=False, compare=False, default=0)


MEASURED = ("loss", "penalty", "rate", "seconds", "validation_loss", "validation_score", "gradient_norm")

Columns = Mapping[str, NDArray[np.float64]]


class Record:
    """Finished epochs as columns that grow, one epoch or many at a time."""

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def append(self, epoch: Epoch) -> None:
        """Add an epoch; the first one's values that are not None say which columns there are."""
        if not self._columns:
            self._columns = {name: array("d") for name in MEASURED if getattr(epoch, name) is not None}
        for name, column in self._columns.items():
            value = getattr(epoch, name)
            column.append(math.nan if value is None else value)

    def extend(self, epochs: Columns) -> None:
        """Add epochs between which nothing was looked at."""
        if not self._columns:
            self._columns = {name: array("d") for name in MEASURED if name in epochs}
        unmeasured = np.full(len(epochs["loss"]), np.nan)
        for name, column in self._columns.items():
            column.frombytes(epochs.get(name, unmeasured).tobytes())

    def history(self) -> History:
        """All of them; without any epoch, every column is there and empty."""
        columns = self._columns or {name: array("d") for name in MEASURED}
        return History({"epoch": np.arange(1, len(self) + 1), **{name: np.array(c) for name, c in columns.items()}})


class History(Mapping[str, NDArray[Any]]):
    """Columns of a run, one entry an epoch; those that were not asked for are absent.

    NaN stands for what was not measured any more because the run was interrupted.
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def __iter__(self) -> Any:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"History({len(self['epoch'])} epochs: {', '.join(self)})"

    def to_frame(self) -> Any:
        """The columns as a polars data frame."""
        from multilayer.tables.frames import columns_to_frame

        return columns_to_frame(self._columns)


@dataclass(frozen=True)
class Run:
    """A finished training run.

    Attributes
    ----------
    theta : tuple
        Parameters, one named tuple a layer.
    history : History
        Columns: epoch, loss, penalty, rate (where there is one), seconds, and what was asked for.
    ended : {"epochs", "stopped", "interrupted", "nonfinite", "converged"}
        Why it ended.
    message : str
        The same in words.
    best_epoch : int or None
        The epoch whose parameters `theta` are, where the best were restored (0: the initial ones).
    state : State or None
        The engine's last state: θ, the rule's memory, updates made, seed.
    """

    theta: Parameters
    history: History
    ended: Ending
    message: str
    best_epoch: int | None = None
    state: State | None = field(default=None, repr=False)


class Diverged(FloatingPointError):
    """A loss or gradient became NaN or infinite; `run` holds the run up to the update before."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message, run)
        self.run = run

    def __str__(self) -> str:
        return str(self.args[0])
