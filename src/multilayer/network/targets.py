"""Targets as users give them, checked and brought into the form (n, k) that heads take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.formulas.groups import parts
from multilayer.network.arrays import as_numbers
from multilayer.network.checks import require_below_one, require_integer
from multilayer.network.head import Head

FloatArray = NDArray[np.floating[Any]]

BLOCK_ENTRIES = 2**16

HINTS = {
    "classes": "integer labels 0 … {top} of shape ({n},), or one distribution over the classes a row ({n}, {k})",
    "groups": "integer labels of shape ({n}, {g}), each below its group's size of {sizes}, or one distribution over "
    "each group's classes ({n}, {k})",
    "labels": "integer labels 0 … {top} of shape ({n},), or one class a row ({n}, {k}), marked by a 1 among zeros",
    "zero_one": "values in [0, 1] (or -1 and +1, read as 0 and 1) of shape {shape}",
    "signs": "-1 and +1 of shape {shape}",
    "numbers": "numbers of shape {shape}",
}


@dataclass(frozen=True)
class OneHot:
    """Targets (n, k) that are told by their labels, and written out where somebody reads them.

    Entry (i, c) is `on` where c is row i's label and `off` elsewhere. An index gives those rows as float64, an array
    of indices of any shape one row for each.

    Parameters
    ----------
    labels : ndarray (n,), int32
        In 0 … k − 1.
    n_classes : int
        k.
    on, off : float
        Targets of the label's class and of the others; with label smoothing s they are 1 − s + s/k and s/k.
    """

    labels: NDArray[np.int32]
    n_classes: int
    on: float = 1.0
    off: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """(n, k)."""
        return len(self.labels), self.n_classes

    def __getitem__(self, rows: Any) -> FloatArray:
        return np.where(np.equal.outer(self.labels[rows], np.arange(self.n_classes)), self.on, self.off)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> FloatArray:
        return self[:].astype(dtype, copy=False)


def one_hot(labels: ArrayLike, n_classes: int | None = None) -> FloatArray:
    """Labels as rows of the identity.

    Parameters
    ----------
    labels : array_like (n,)
        Integers 0 … n_classes − 1.
    n_classes : int, optional
        k; one more than the largest label unless given.

    Returns
    -------
    ndarray (n, k), float64
    """
    if n_classes is not None:
        require_integer("n_classes", n_classes)
    y = as_numbers("labels", labels, "integers of shape (n,)")
    if y.ndim != 1 or y.dtype.kind not in "iub":
        raise ValueError(f"labels: must be integers of shape (n,), came dtype {y.dtype}, shape {y.shape}")
    if n_classes is None:
        n_classes = int(y.max()) + 1 if y.size else 0
    _check_labels(y, n_classes)
    return OneHot(y.astype(np.int32), n_classes)[:]


def one_hot_by_group(labels: NDArray[Any], sizes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Labels of each group (n, g) as zeros and ones side by side, (n, sum of the sizes).

    Raises
    ------
    ValueError
        If a group's label is not below its size.
    """
    for column, size in zip(labels.T, sizes, strict=True):
        _check_labels(column, size)
    places = np.cumsum([0, *sizes[:-1]]) + labels
    marked = np.zeros((len(labels), sum(sizes)), dtype=bool)
    marked[np.arange(len(labels))[:, None], places] = True
    return marked


def encode(T: ArrayLike, head: Head, n_rows: int, n_outputs: int, *, label_smoothing: float = 0.0) -> FloatArray:
    """Targets as an array (n, k), float64; see `encode_keeping_labels`."""
    return np.asarray(encode_keeping_labels(T, head, n_rows, n_outputs, label_smoothing=label_smoothing))


def encode_keeping_labels(
    T: ArrayLike,
    head: Head,
    n_rows: int,
    n_outputs: int,
    *,
    label_smoothing: float = 0.0,
    dtype: Any = np.float64,
) -> FloatArray | OneHot:
    """Check targets against the head and give them as (n, k), integer labels without writing them out.

    Worked out in float64, a block of rows at a time; numbers that have the type and shape already are not copied.

    Parameters
    ----------
    T : array_like
        Integer labels (n,) or distributions (n, k) for a softmax or sparsemax output and for scores with a
        multi-class loss; by groups, integer labels (n, g) or a distribution in each group's columns; 0/1, soft
        values in [0, 1] or ±1 for a sigmoid unit's cross-entropy; ±1 for sign units; numbers otherwise. With one
        unit (n,) means (n, 1).
    head : Head
        Output and loss.
    n_rows, n_outputs : int
        n and k.
    label_smoothing : float
        s in [0, 1): targets become (1 − s)·y + s/k for distributions over k classes, (1 − s)·y + s/2 in [0, 1]
        (Szegedy et al. 2016, section 7).
    dtype : dtype
        Floating type of an array.

    Raises
    ------
    ValueError
        For a wrong shape, a value outside what the loss takes, NaN or infinity; nothing is broadcast.
    """
    shape = f"({n_rows}, {n_outputs})" + (f" or ({n_rows},)" if n_outputs == 1 else "")
    one_class = head.targets == "classes" and head.output.name == "identity"
    sizes = head.output.groups
    hint = HINTS["labels" if one_class else "groups" if sizes else head.targets].format(
        top=n_outputs - 1, n=n_rows, k=n_outputs, shape=shape, g=len(sizes), sizes=sizes
    )
    allowed = f"output {head.output.name!r} with loss {head.loss.name!r} takes {hint}"
    y = as_numbers("T", T, f"numbers; {allowed}")
    if sizes and y.shape == (n_rows, len(sizes)) and y.dtype.kind in "iub":
        try:
            y = one_hot_by_group(y, sizes)
        except ValueError as error:
            raise ValueError(f"T: {error}; {allowed}") from None
    elif head.targets == "classes" and not sizes and y.shape == (n_rows,) and y.dtype.kind in "iub":
        try:
            _check_labels(y, n_outputs)
        except ValueError as error:
            raise ValueError(f"T: {error}; {allowed}") from None
        on, off = (_smooth(value, head, n_outputs, label_smoothing) for value in (1.0, 0.0))
        return OneHot(y.astype(np.int32, copy=False), n_outputs, on, off)
    if n_outputs == 1 and y.shape == (n_rows,):
        y = y[:, None]
    if y.shape != (n_rows, n_outputs):
        raise ValueError(f"T: came shape {y.shape}, dtype {y.dtype}; {allowed}")
    size = max(1, BLOCK_ENTRIES // n_outputs)
    classes = np.repeat(sizes, sizes) if sizes else n_outputs
    blocks = [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]
    as_signs = head.targets == "zero_one" and all(_are_signs(y[block]).all() for block in blocks)
    rows = y if head.targets == "numbers" and y.dtype == dtype else np.empty((n_rows, n_outputs), dtype)
    for block in blocks:
        part = y[block].astype(np.float64)
        if as_signs:
            part = (part + 1.0) / 2.0
        _check_values(part, head, block.start, allowed)
        if rows is not y:
            rows[block] = _smooth(part, head, classes, label_smoothing)
    return rows


def _check_labels(y: NDArray[Any], k: int) -> None:
    """Refuse labels outside 0 … k − 1."""
    if y.size and (y.min() < 0 or y.max() >= k):
        raise ValueError(f"labels: must lie in 0 … {k - 1}, came {int(y.min())} … {int(y.max())}")


def _are_signs(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Which entries are −1 or +1."""
    return (y == 1) | (y == -1)


def _check_values(y: FloatArray, head: Head, first: int, allowed: str) -> None:
    """Refuse values (n, k) that the loss does not take; `first` is the number of the first row."""
    finite = np.isfinite(y).all(axis=1)
    if not finite.all():
        raise ValueError(f"T: has NaN or infinity in row {first + int(np.argmin(finite))}; {allowed}")
    match head.targets:
        case "classes":
            groups = [y for (y,) in parts(head.output.groups or y.shape[1:], y)]
            wrong = (y < 0).any(axis=1) | np.any([np.abs(part.sum(axis=1) - 1.0) > 1e-6 for part in groups], axis=0)
            if head.output.name == "identity":
                wrong |= y.max(axis=1) < 1.0
        case "zero_one":
            wrong = ((y < 0) | (y > 1)).any(axis=1)
        case "signs":
            wrong = ~_are_signs(y).all(axis=1)
        case "numbers":
            counts = head.loss.name in ("poisson", "unguarded_poisson")
            wrong = (y < 0).any(axis=1) if counts else np.zeros(len(y), dtype=bool)
    if wrong.any():
        row = int(np.argmax(wrong))
        also = ", none negative" if head.targets == "numbers" else ""
        raise ValueError(f"T: row {first + row} is {y[row].tolist()}; {allowed}{also}")


def _smooth(y: Any, head: Head, k: Any, smoothing: float) -> Any:
    """Mix targets, an array or a number, with the uniform distribution over k classes, of each output if by groups."""
    if smoothing == 0.0:
        return y
    return (1.0 - smoothing) * y + smoothing / (2.0 if head.targets == "zero_one" else k)


def require_smoothing(smoothing: float, head: Head) -> None:
    """Refuse a label smoothing outside [0, 1), or of targets that are no probabilities."""
    require_below_one("label_smoothing", smoothing)
    if smoothing and (head.targets not in ("zero_one", "classes") or head.output.name == "identity"):
        raise ValueError(
            f"label_smoothing: needs targets that are probabilities, came output {head.output.name!r} "
            f"with loss {head.loss.name!r}"
        )
