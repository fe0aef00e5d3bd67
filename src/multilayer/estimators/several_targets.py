"""Several columns of classes at once: each is a softmax of its own over a group of the network's outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from multilayer.formulas.groups import parts
from multilayer.network.targets import one_hot_by_group


@dataclass(frozen=True, eq=False)
class ColumnBinarizer:
    """The classes of each column of targets; it stands where a `LabelBinarizer` stands for a single column.

    Parameters
    ----------
    classes_ : list of ndarray
        Each column's classes, sorted.
    """

    classes_: list[NDArray[Any]]
    y_type_: ClassVar[str] = "multiclass-multioutput"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of classes in each column."""
        return tuple(len(classes) for classes in self.classes_)

    def columns(self, y: NDArray[Any]) -> list[NDArray[Any]]:
        """The columns of targets (n, g); refuses another number of them."""
        if y.ndim != 2 or y.shape[1] != len(self.classes_):
            raise ValueError(f"y: must have shape (n, {len(self.classes_)}), one column a target, came {y.shape}")
        return list(y.T)

    def transform(self, y: NDArray[Any]) -> NDArray[np.bool_]:
        """Known labels (n, g) as zeros and ones (n, sum of the sizes)."""
        known = zip(self.classes_, self.columns(y), strict=True)
        return one_hot_by_group(np.column_stack([np.searchsorted(*pair) for pair in known]), self.sizes)

    def places(self, f: NDArray[Any]) -> NDArray[np.intp]:
        """Where the largest output of each column's classes is, (n, g)."""
        return np.column_stack([part.argmax(axis=1) for part in self.parts(f)])

    def labels(self, f: NDArray[Any]) -> NDArray[Any]:
        """Labels (n, g) by outputs (n, sum of the sizes)."""
        chosen = [classes[place] for classes, place in zip(self.classes_, self.places(f).T, strict=True)]
        one_kind = len({column.dtype.kind for column in chosen}) == 1
        return np.column_stack(chosen if one_kind else [column.astype(object) for column in chosen])

    def parts(self, f: NDArray[Any]) -> list[NDArray[Any]]:
        """Outputs of each column's classes."""
        return [part for (part,) in parts(self.sizes, f)]

    def smoothed(self, T: NDArray[Any], share: float) -> NDArray[np.float64]:
        """Zeros and ones mixed with the uniform distribution over each column's classes."""
        return (1.0 - share) * T + share / np.repeat(self.sizes, self.sizes)

    def accuracy(self, y: NDArray[Any], predicted: NDArray[Any], weight: Any = None) -> float:
        """Share of the rows, by weight, whose labels (n, g) are right in every column."""
        right = np.column_stack([a == b for a, b in zip(self.columns(y), predicted.T, strict=True)])
        return float(np.average(right.all(axis=1), weights=weight))


def has_columns(y: NDArray[Any]) -> bool:
    """Whether checked targets are several columns of classes; scikit-learn's own test does not take strings beside
    numbers, whose columns are looked at one by one.
    """
    if y.ndim != 2:
        return False
    if y.dtype == object:
        columns = [np.array(column.tolist()) for column in y.T]
        if len({column.dtype.kind for column in columns}) > 1:
            return all(type_of_target(column) in ("binary", "multiclass") for column in columns)
    return bool(type_of_target(y) == ColumnBinarizer.y_type_)


def binarizer_of_columns(columns: Iterable[Any]) -> ColumnBinarizer:
    """A binarizer of columns that hold each class at least once."""
    return ColumnBinarizer([np.unique(np.asarray(column)) for column in columns])


def are_columns(classes: Any) -> bool:
    """Whether classes are given as a list with an array for each of several columns of targets."""
    return isinstance(classes, list | tuple) and len(classes) > 1 and all(np.ndim(column) == 1 for column in classes)


def begin_partial_fit(estimator: Any, classes: Sequence[Any]) -> None:
    """Learn the classes of each column in the first call of `partial_fit`, and compare them in later ones."""
    given, known = binarizer_of_columns(classes), getattr(estimator, "classes_", None)
    if known is None:
        estimator._label_binarizer, estimator.classes_ = given, given.classes_
    elif len(known) != len(classes) or not all(map(np.array_equal, known, given.classes_)):
        raise ValueError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}")
