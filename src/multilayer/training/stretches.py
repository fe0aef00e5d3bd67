"""The updates of a run, laid out ahead: rows in their order, where batches begin, and the rule's scalars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import OnNonfinite, Stretch
from multilayer.random import stream
from multilayer.training.batches import Batches, IntArray
from multilayer.training.rules import Rule, scalar_rows
from multilayer.training.schedules import Timed

MOST = 2**17  # rows that are laid out at a time where nothing is seen between epochs
MOST_SEEN = 2**13  # likewise where the run may end after each
MOST_UPDATES = 2**15  # likewise batches: their scalars and reports take more memory than their rows


@dataclass
class Stretches:
    """The stretches of a run in turn; iterate once.

    Parameters
    ----------
    rule, schedule, batches
        What updates are made of; without a schedule of time `factor` has to be set.
    seed : int
        Of the order.
    on_nonfinite : {"stop", "continue"}
        As in `Stretch`.
    epochs : int
        Length of the run.
    seen : bool
        Whether a stretch ends with every epoch; otherwise it spans as many as keep it small.
    orders : callable or None
        Gives the next epoch's order when it begins, in place of the seed's.
    made : int
        Updates made in earlier runs, from which the rule and the schedule go on.
    planned : int or None
        Epochs that the schedule is laid out for, where they are not those of the run.
    factor : float
        On the rates of the epochs to come, where there is no schedule of time; may be set between stretches.
    """

    rule: Rule
    schedule: Timed | None
    batches: Batches
    seed: int
    on_nonfinite: OnNonfinite
    epochs: int
    seen: bool
    orders: Callable[[], IntArray] | None = None
    made: int = 0
    planned: int | None = None
    factor: float = 1.0

    def __iter__(self) -> Iterator[Stretch]:
        draw = self._source()
        per_epoch = self.batches.per_epoch
        ahead = 1 if self.orders is not None else max(1, (MOST_SEEN if self.seen else MOST) // self.batches.n_rows)
        # Rates that follow epochs depend on the one before.
        together = min(per_epoch, MOST_UPDATES) if self.schedule is None else MOST_UPDATES
        for done in range(0, self.epochs, ahead):
            count = min(ahead, self.epochs - done)
            order, starts = draw(count)
            for first, last in _cuts(0, count * per_epoch, together):
                before = self.made + done * per_epoch
                scalars = self._scalars(np.arange(before + first, before + last, dtype=np.float64))
                for a, b in _cuts(first, last, per_epoch if self.seen else MOST_UPDATES):
                    yield Stretch(
                        order[starts[a] : starts[b]],
                        starts[a : b + 1] - starts[a],
                        scalars[a - first : b - first],
                        self.on_nonfinite,
                    )
            del order, starts  # before the next are drawn

    def _source(self) -> Callable[[int], tuple[IntArray, IntArray]]:
        """A function that gives order and starts of the next epochs."""
        orders = self.orders
        if orders is not None:
            return lambda epochs: (orders(), self.batches.starts(epochs))
        generator = stream(self.seed, "order")
        return lambda epochs: self.batches.draw(generator, epochs)

    def _scalars(self, updates: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rule's scalars at these updates, counted from 0."""
        if self.schedule is None:
            factors = np.full(len(updates), self.factor)
        else:
            factors = self.schedule.factor(updates / self.batches.per_epoch, float(self.planned or self.epochs))
        return scalar_rows(self.rule, updates + 1.0, self.rule.rate * factors)


def _cuts(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Ends of the pieces of a range."""
    return ((i, min(i + size, stop)) for i in range(start, stop, size))
