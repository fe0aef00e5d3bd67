"""Rows held out for early stopping."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from multilayer.engines.protocol import Rows
from multilayer.network.targets import OneHot


def hold_out(estimator: Any, rows: Rows, stratify: NDArray[Any] | None) -> tuple[Rows, Rows]:
    """Training rows and rows held out, drawn from the estimator's random state as scikit-learn draws them.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        For `validation_fraction`.
    rows : Rows
        All of them.
    stratify : ndarray (n,) or None
        Classes that both parts get in equal shares.

    Raises
    ------
    ValueError
        In scikit-learn's words, if fewer than two rows are held out.
    """
    train, held = train_test_split(
        np.arange(rows.X.shape[0]),
        random_state=estimator._random_state,
        test_size=estimator.validation_fraction,
        stratify=stratify,
    )
    if len(held) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return _taken(rows, train), _taken(rows, held)


def _taken(rows: Rows, numbers: NDArray[np.int64]) -> Rows:
    """Some of the rows."""
    Y = rows.Y
    taken = OneHot(Y.labels[numbers], Y.n_classes, Y.on, Y.off) if isinstance(Y, OneHot) else Y[numbers]
    return Rows(rows.X[numbers], taken, None if rows.weight is None else rows.weight[numbers])
