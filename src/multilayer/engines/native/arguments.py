"""What a caller hands over, as the compiled module takes it: copied at most once, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import IntArray


def numbers(name: str, values: Any, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Real numbers in the given type and in order of memory; None in the shape stands for any length."""
    given = np.asarray(values)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name}: must be real numbers, came dtype {given.dtype}")
    if given.shape != shape and (
        given.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, given.shape, strict=True))
    ):
        wanted = str(tuple("n" if n is None else n for n in shape)).replace("'", "")
        raise ValueError(f"{name}: must have shape {wanted}, came {given.shape}")
    return _in_order(given, dtype)


def whole_numbers(name: str, values: Any, axes: tuple[int, ...]) -> IntArray:
    """Whole numbers as int64, in order of memory, with one of the numbers of axes."""
    given = np.asarray(values)
    if given.dtype.kind not in "iu":
        raise TypeError(f"{name}: must be whole numbers, came dtype {given.dtype}")
    if given.ndim not in axes:
        raise ValueError(f"{name}: must have {' or '.join(map(str, axes))} axes, came shape {given.shape}")
    return _in_order(given, np.dtype(np.int64))


def csr(X: Any, dtype: np.dtype[Any], n_inputs: int) -> tuple[NDArray[Any], IntArray, IntArray]:
    """Values, columns and where rows begin, of a SciPy matrix; values behind the last row's are left out."""
    if X.ndim != 2 or X.shape[1] != n_inputs:
        raise ValueError(f"X: must have shape (n, {n_inputs}), came {X.shape}")
    rows = X.tocsr()
    begins = whole_numbers("X.indptr", rows.indptr, (1,))
    if len(begins) != X.shape[0] + 1:
        raise ValueError(
            f"X: of {X.shape[0]} rows must have as many entries and one more in indptr, came {len(begins)}"
        )
    columns = np.asarray(rows.indices)
    if columns.dtype.kind not in "iu" or columns.ndim != 1:
        raise TypeError(f"X.indices: must be whole numbers of shape (n,), came {columns.dtype} of {columns.shape}")
    columns = columns[: begins[-1]]
    if columns.size and not 0 <= columns.min() <= columns.max() < n_inputs:
        raise ValueError(f"X: must have column indices in [0, {n_inputs}), came {columns.min()} to {columns.max()}")
    return numbers("X", rows.data, dtype, (None,))[: begins[-1]], _in_order(columns, np.dtype(np.int32)), begins


def _in_order(given: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The array itself if it is of the type, in order of memory and aligned; else a copy that is."""
    if given.dtype == dtype and given.flags.c_contiguous and given.flags.aligned:
        return given
    with np.errstate(over="ignore", invalid="ignore"):  # what the type cannot hold is infinite in the loss too
        return np.array(given, dtype, order="C")
