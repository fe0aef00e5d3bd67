"""Rows held out by a splitter of scikit-learn's, or by row numbers: groups stay together, time keeps its order."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import _num_samples

from multilayer.estimators.parameters import STOCHASTIC_SOLVERS

Numbers = NDArray[np.integer[Any]]

# R² needs two rows; scikit-learn asks as many of its own split.
FEWEST_HELD_OUT = 2


def require_use_of_groups(estimator: Any) -> None:
    """Refuse groups that nothing would heed.

    Raises
    ------
    ValueError
        Saying what is in the way.
    """
    splitter = estimator.validation_fraction
    if estimator.solver not in STOCHASTIC_SOLVERS and estimator.rule is None:
        came = f"solver {estimator.solver!r}, which holds no rows out"
    elif not estimator.early_stopping:
        came = "early_stopping=False, which holds no rows out"
    elif estimator.validation_data is not None:
        came = "validation_data, in place of a split"
    elif not hasattr(splitter, "split") or _ignores_groups(splitter):
        came = f"validation_fraction={splitter!r}"
    else:
        return
    raise ValueError(
        "groups: used by a splitter in validation_fraction alone that heeds them, such as GroupShuffleSplit, came with "
        f"{came}"
    )


def last_split(
    given: Any, X: Any, y: NDArray[Any], groups: Any, random_state: np.random.RandomState
) -> tuple[Numbers, Numbers]:
    """Numbers of the rows to train on and of those held out: the last of several splits, which of time has most rows.

    Parameters
    ----------
    given : splitter or iterable
        With a method ``split(X, y, groups)``, or pairs (train, test) of row numbers.
    X, y : array or CSR matrix (n, D), ndarray
        Rows and their targets.
    groups : array_like (n,) or None
        For the splitter.
    random_state : RandomState
        What a splitter draws from whose own `random_state` is None.

    Raises
    ------
    ValueError
        Naming `validation_fraction`, where the splitter cannot split these rows, and for row numbers that are no split.
    """
    n_rows = X.shape[0]
    if groups is not None and _num_samples(groups) != n_rows:
        raise ValueError(f"groups: must have one entry for each of {n_rows} rows, came {_num_samples(groups)}")
    if hasattr(given, "split"):
        if getattr(given, "random_state", 0) is None:
            given = copy.copy(given)
            given.random_state = random_state
        try:
            splits = list(given.split(X, y, groups))
        except ValueError as error:
            raise ValueError(f"validation_fraction: {error}") from error
    else:
        splits = list(given)
    if not splits:
        raise ValueError("validation_fraction: must give at least one split, came none")
    try:
        train, held = splits[-1]
    except (TypeError, ValueError):
        raise ValueError(
            f"validation_fraction: must give pairs (train, test) of row numbers, came {splits[-1]!r}"
        ) from None
    train, held = (_numbers(part, rows, n_rows) for part, rows in ((train, "training"), (held, "test")))
    if not len(train) or len(held) < FEWEST_HELD_OUT:
        raise ValueError(
            f"validation_fraction: the last split must leave rows to train on and {FEWEST_HELD_OUT} or more test rows, "
            f"came {len(train)} and {len(held)}"
        )
    both = np.intersect1d(train, held)
    if len(both):
        raise ValueError(
            f"validation_fraction: training and test rows must not overlap, came row {both[0]} in both"
            + (f", and {len(both) - 1} more" if len(both) > 1 else "")
        )
    return train, held


def _ignores_groups(splitter: Any) -> bool:
    """Whether a splitter says that it takes no groups; one that does not say so is given them."""
    if not hasattr(splitter, "get_metadata_routing"):
        return False
    return not get_routing_for_object(splitter).consumes("split", {"groups"})


def _numbers(part: Any, rows: str, n_rows: int) -> Numbers:
    """Row numbers, checked."""
    numbers = np.asarray(part)
    if numbers.size == 0:
        return np.empty(0, np.intp)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        came = f"dtype {numbers.dtype}, shape {numbers.shape}"
        raise ValueError(f"validation_fraction: {rows} rows must be row numbers in one dimension, came {came}")
    unknown = numbers[(numbers < 0) | (numbers >= n_rows)]
    if len(unknown):
        raise ValueError(
            f"validation_fraction: {rows} rows must lie between 0 and {n_rows - 1}, the last row, came {unknown[0]}"
        )
    return numbers
