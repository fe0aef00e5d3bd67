"""The order of each epoch, from scikit-learn's random stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.training.batches import Batches


def legacy_orders(
    random_state: np.random.RandomState | None, batches: Batches, weight: NDArray[Any] | None
) -> Callable[[], NDArray[np.int64]]:
    """A function that gives the order of the next epoch.

    Each one is a shuffle of the one before, as scikit-learn draws them, when its epoch begins.

    Parameters
    ----------
    random_state : RandomState or None
        Advanced by a shuffle an epoch; None leaves the rows in their order.
    batches : Batches
        How an epoch is cut.
    weight : ndarray (n,) or None
        Sample weights.

    Raises
    ------
    ZeroDivisionError
        As NumPy's average does in scikit-learn, in an epoch where a batch's weights add up to 0.
    """
    order = np.arange(batches.n_rows)
    doubtful = weight is not None and bool((weight <= 0.0).any())

    def next_order() -> NDArray[np.int64]:
        if random_state is not None:
            random_state.shuffle(order)
        if doubtful and weight is not None:
            sums = np.add.reduceat(weight[order], batches.starts(1)[:-1])
            if (sums == 0.0).any():
                raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        return order

    return next_order
