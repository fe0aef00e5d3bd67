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

MOST = 2**17  # rows that are laid out at a time where all of them will be used
MOST_SEEN = 2**13  # likewise where the run may end before
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
    orders : callable or None
        Gives the next epoch's order, in place of the seed's; asked for epochs only that are sure to begin.
    made : int
        Updates made in earlier runs, from which the rule and the schedule go on.
    planned : int or None
        Epochs that the schedule is laid out for, where they are not those of the run.
    sure : int
        How many epochs are sure to be run, with nothing to be seen between them; may be set between stretches.
    factor : float
        On the rates of the epochs to come, where there is no schedule of time; may be set between stretches.
    """

    rule: Rule
    schedule: Timed | None
    batches: Batches
    seed: int
    on_nonfinite: OnNonfinite
    epochs: int
    orders: Callable[[], IntArray] | None = None
    made: int = 0
    planned: int | None = None
    sure: int = 1
    factor: float = 1.0

    def __iter__(self) -> Iterator[Stretch]:
        draw = self._source()
        per_epoch = self.batches.per_epoch
        # Rates that follow epochs depend on the one before.
        together = min(per_epoch, MOST_UPDATES) if self.schedule is None else MOST_UPDATES
        done = 0
        while done < self.epochs:
            count = min(self._ahead(), self.epochs - done)
            order, starts = draw(count)
            for first, last in _cuts(0, count * per_epoch, together):
                before = self.made + done * per_epoch
                scalars = self._scalars(np.arange(before + first, before + last, dtype=np.float64))
                a = first
                while a < last:
                    b = min((a // per_epoch + self.sure) * per_epoch, last)
                    yield Stretch(
                        order[starts[a] : starts[b]],
                        starts[a : b + 1] - starts[a],
                        scalars[a - first : b - first],
                        self.on_nonfinite,
                    )
                    a = b
            del order, starts  # before the next are drawn
            done += count

    def _ahead(self) -> int:
        """Epochs to lay out at a time; orders of the seed's stream may be drawn in vain, but not many."""
        sure = min(self.sure, MOST // self.batches.n_rows)
        return max(1, sure if self.orders is not None else max(sure, MOST_SEEN // self.batches.n_rows))

    def _source(self) -> Callable[[int], tuple[IntArray, IntArray]]:
        """A function that gives order and starts of the next epochs."""
        orders = self.orders
        if orders is not None:
            return lambda epochs: (_one_after_another(orders, epochs), self.batches.starts(epochs))
        generator = stream(self.seed, "order")
        return lambda epochs: self.batches.draw(generator, epochs)

    def _scalars(self, updates: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rule's scalars at these updates, counted from 0."""
        if self.schedule is None:
            factors = np.full(len(updates), self.factor)
        else:
            factors = self.schedule.factor(updates / self.batches.per_epoch, float(self.planned or self.epochs))
        return scalar_rows(self.rule, updates + 1.0, self.rule.rate * factors)


def _one_after_another(orders: Callable[[], IntArray], epochs: int) -> IntArray:
    """The next epochs' orders in a row; each may be given in the memory of the one before."""
    return orders() if epochs == 1 else np.concatenate([orders().copy() for _ in range(epochs)])


def _cuts(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Ends of the pieces of a range."""
    return ((i, min(i + size, stop)) for i in range(start, stop, size))
