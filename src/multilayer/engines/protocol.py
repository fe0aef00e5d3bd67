"""What every engine offers. NumPy arrays at the border.

Laws, tested for every engine: `advance` equals gradient-then-apply for each batch; a stretch cut anywhere gives
the same bits; gradients of parts of a batch add up to the batch's; engines agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.plan import Plan
from multilayer.network.targets import OneHot

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Ending = Literal["complete", "interrupted", "nonfinite"]
OnNonfinite = Literal["stop", "continue"]

RELEASED = "program: its state was handed over; make a new program"


@dataclass(frozen=True)
class State:
    """All that an update changes.

    Parameters
    ----------
    theta : ndarray (P,) or (K, P)
        Parameters, of one network or of K members.
    slots : tuple of ndarray
        The rule's memory, each of θ's shape.
    step : int
        Updates made so far.
    seed : int or tuple of int
        Key of the dropout masks; one for each member of a population.
    """

    theta: FloatArray
    slots: tuple[FloatArray, ...]
    step: int = 0
    seed: int | tuple[int, ...] = 0


@dataclass(frozen=True)
class Rows:
    """A chunk of examples.

    Parameters
    ----------
    X : ndarray (n, D) or SciPy CSR matrix
        Inputs.
    Y : ndarray (n, k) or OneHot
        Encoded targets; labels of classes need not be written out as rows.
    weight : ndarray (n,), optional
        A weight a row.
    first_id : int
        Id of the first row; ids make dropout masks independent of chunks and workers.
    """

    X: Any
    Y: FloatArray | OneHot
    weight: FloatArray | None = None
    first_id: int = 0


@dataclass(frozen=True)
class Stretch:
    """Updates to be made in one call: a single one, part of an epoch, or many epochs.

    Batch j consists of the rows ``order[..., starts[j]:starts[j + 1]]``.

    Parameters
    ----------
    order : ndarray of int (m,) or (K, m)
        Row numbers, shared by all members or their own.
    starts : ndarray of int (batches + 1,)
        Where batches begin and end.
    scalars : ndarray (batches, number of the rule's scalars), float64
        In the order of the rule's `scalars`; schedules are inside.
    on_nonfinite : {"stop", "continue"}
        Whether a loss or gradient that is NaN or infinite ends the stretch before its update.
    """

    order: IntArray
    starts: IntArray
    scalars: NDArray[np.float64]
    on_nonfinite: OnNonfinite = "stop"


@dataclass(frozen=True)
class Report:
    """What a stretch did; one entry a batch, from before the batch's update.

    Parameters
    ----------
    done : int
        Batches whose update was made.
    loss, weight : ndarray (done,) or (done, K), float64
        Sums over the batch's rows.
    penalty : ndarray (done,) or (done, K), float64
        λΩ(θ), divided by the batch's weight where the plan says so.
    ended : {"complete", "interrupted", "nonfinite"}
        Why it ended; after "nonfinite" the state is the one before the batch `done`.
    """

    done: int
    loss: NDArray[np.float64]
    weight: NDArray[np.float64]
    penalty: NDArray[np.float64]
    ended: Ending


class Sums(NamedTuple):
    """Loss and weight summed over rows, () or (K,)."""

    loss: NDArray[np.float64]
    weight: NDArray[np.float64]


class Program(Protocol):
    """A plan made ready to run: owns buffers, threads, device memory, and the state."""

    def load(self, rows: Rows) -> Any:
        """Bring rows into the engine's own form."""

    def write(self, state: State) -> None:
        """Set the state; arrays are copied."""

    def read(self) -> State:
        """A copy of the state."""

    def read_theta(self) -> FloatArray:
        """A copy of θ alone."""

    def release(self) -> State:
        """The state itself, without a copy where that can be; the program cannot be used afterwards.

        Raises
        ------
        RuntimeError
            As all that needs the state does from then on.
        """

    def gradient(
        self, data: Any, order: IntArray | None = None, *, masks: bool = False, theta: FloatArray | None = None
    ) -> tuple[Sums, FloatArray]:
        """Loss and gradient summed over rows (all, or those in `order`), without penalty; adds over chunks.

        `masks` applies dropout as the next update would; `theta` stands in for the state's.
        """

    def loss(self, data: Any) -> Sums:
        """Loss summed over all rows, without dropout and penalty."""

    def apply(self, gradient: FloatArray, sums: Sums, scalars: NDArray[np.float64]) -> NDArray[np.float64]:
        """Update the state with a summed gradient; returns λΩ(θ) from before."""

    def advance(self, data: Any, stretch: Stretch, interrupt: Callable[[], bool] | None = None) -> Report:
        """Make a stretch's updates; `interrupt` is asked before each batch, and Ctrl-C ends it likewise."""

    def predict(self, X: Any, *, until: int | None = None) -> FloatArray:
        """Outputs, or the values after operation `until`."""


class Engine(Protocol):
    """Makes programs."""

    @property
    def name(self) -> str:
        """What it is called."""

    def refuses(self, plan: Plan, rule: UpdateRule, dtype: np.dtype[Any]) -> str | None:
        """Why this engine cannot run the plan, in words; None if it can."""

    def program(
        self,
        plan: Plan,
        rule: UpdateRule,
        *,
        dtype: Any = np.float64,
        members: int | None = None,
        n_threads: int | None = None,
    ) -> Program:
        """A program for the plan; `members` K trains K networks at once, None one without a leading axis."""
