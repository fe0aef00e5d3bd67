"""Which rows make each batch, epoch after epoch."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from multilayer.random import SAMPLINGS, Sampling, epoch_orders

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Batches:
    """How rows are dealt into batches.

    Parameters
    ----------
    n_rows : int
        Rows.
    batch_size : int
        Rows a batch, 1 … n_rows; the last of an epoch may be shorter.
    sampling : {"given", "shuffle", "replacement"}
        The order of the data (004: FOREACH (x, c) ∈ D), a fresh permutation each epoch, or independent
        uniform draws (001: "Sample a single training example uniformly at random").
    """

    n_rows: int
    batch_size: int
    sampling: Sampling

    @property
    def per_epoch(self) -> int:
        """Batches an epoch."""
        return -(-self.n_rows // self.batch_size)

    def starts(self, epochs: int) -> IntArray:
        """Where the batches of so many epochs begin and end in their order, as a `Stretch` takes it."""
        starts = np.empty(epochs * self.per_epoch + 1, dtype=np.int64)
        within = np.arange(0, self.n_rows, self.batch_size)
        np.add(self.n_rows * np.arange(epochs)[:, None], within, out=starts[:-1].reshape(epochs, self.per_epoch))
        starts[-1] = epochs * self.n_rows
        return starts

    def draw(self, generator: np.random.Generator, epochs: int) -> tuple[IntArray, IntArray]:
        """Order and starts of the next epochs, as a `Stretch` takes them."""
        return epoch_orders(generator, self.n_rows, epochs, self.sampling).ravel(), self.starts(epochs)


def batches(n_rows: int, batch_size: int | None, sampling: str) -> Batches:
    """Check the arguments and describe the batches.

    Parameters
    ----------
    n_rows : int
        Rows, ≥ 1.
    batch_size : int or None
        None takes all rows, in their order unless they are drawn with replacement; more than `n_rows` counts
        as all.
    sampling : str
        As in `Batches`.
    """
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling: must be one of {', '.join(map(repr, SAMPLINGS))}, came {sampling!r}")
    if batch_size is None:
        # A permutation of the full batch changes nothing but the rounding of its sums.
        return Batches(n_rows, n_rows, "given" if sampling == "shuffle" else sampling)
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral) or batch_size < 1:
        raise ValueError(f"batch_size: must be an integer of at least 1, or None for all rows, came {batch_size!r}")
    return Batches(n_rows, min(int(batch_size), n_rows), sampling)
