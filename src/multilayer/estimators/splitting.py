"""Parting the rows of a table at random, once for scoring and once for choosing the best epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.random import stream

IntArray = NDArray[np.int64]


def part_rows(n_rows: int, share: float, *, seed: int, labels: IntArray | None = None) -> tuple[IntArray, IntArray]:
    """Row numbers to keep and row numbers to set apart, each in rising order.

    With `labels` every class gives its share, rounded up or down, but never its only row: what is kept has all classes.
    The rows are permuted, sorted by class, and every (1/share)-th is taken from a random start on.

    Parameters
    ----------
    n_rows : int
        Rows, ≥ 2.
    share : float
        In (0, ½]: the part of the rows that is set apart; at least one row is.
    seed : int
        The same seed parts in the same way.
    labels : ndarray of int (n_rows,), optional
        Classes.
    """
    generator = stream(seed, "split")
    order = generator.permutation(n_rows)
    spared = np.zeros(n_rows, dtype=bool)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
        spared = np.bincount(labels)[labels[order]] == 1
    ticks = np.floor(np.arange(n_rows + 1) * share + generator.random())
    apart = (np.diff(ticks) > 0) & ~spared
    if not apart.any():
        apart[-1] = True
    return np.sort(order[~apart]), np.sort(order[apart])
