"""Arrays of numbers as users give them: parameters, rows, sample weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_numbers(name: str, values: ArrayLike, allowed: str) -> NDArray[Any]:
    """Give an array of real numbers.

    Parameters
    ----------
    name : str
        What the caller's argument is called.
    values : array_like
        Numbers, truth values count as 0 and 1.
    allowed : str
        What the argument must be, in words.

    Raises
    ------
    ValueError
        If the rows differ in length, or anything is no real number.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: must be {allowed}; NumPy makes no array of it: {error}") from None
    if array.dtype.kind not in "iubf":
        raise ValueError(f"{name}: must be {allowed}, came dtype {array.dtype}")
    return array


def all_finite(values: NDArray[Any]) -> bool:
    """Whether no entry is NaN or infinite; looks at a block of rows at a time, so that no mask of all is made."""
    block = max(1, 2**18 * len(values) // max(1, values.size))
    return all(np.isfinite(values[i : i + block]).all() for i in range(0, len(values), block))


def check_inputs(X: ArrayLike, n_inputs: int, name: str = "X", dtype: Any = np.float64) -> NDArray[Any]:
    """Rows (n, D) of finite floats, or a ValueError that names what is wrong; SciPy sparse becomes CSR.

    Whole numbers and truth values become `dtype`; floats stay as they are, and nothing of them is copied.
    """
    allowed = f"numbers of shape (n, {n_inputs})"
    if hasattr(X, "tocsr"):
        rows = X.tocsr()
        values = as_numbers(name, rows.data, allowed)
    else:
        rows = values = as_numbers(name, X, allowed)
    if rows.ndim != 2 or rows.shape[1] != n_inputs:
        raise ValueError(f"{name}: must have shape (n, {n_inputs}), came {rows.shape}")
    if rows.dtype.kind != "f":
        rows = rows.astype(dtype)
    elif not all_finite(values):
        raise ValueError(f"{name}: holds NaN or infinity; fill or drop such rows first")
    return rows


def check_weight(sample_weight: Any, n_rows: int) -> NDArray[Any] | None:
    """Sample weights (n,) in float64, or a ValueError that names what is wrong."""
    if sample_weight is None:
        return None
    allowed = f"numbers of shape ({n_rows},)"
    weight = as_numbers("sample_weight", sample_weight, allowed).astype(np.float64)
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight: must be {allowed}, came shape {weight.shape}")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError("sample_weight: must be finite, none negative, and not all zero")
    return weight
