"""Class labels: compared with the classes known, encoded as targets, and scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from multilayer.engines.protocol import Rows
from multilayer.estimators.several_targets import ColumnBinarizer, binarizer_of_columns, has_columns
from multilayer.network.targets import OneHot


def binarizer_of(y: NDArray[Any]) -> LabelBinarizer | ColumnBinarizer:
    """A binarizer fitted to checked labels; at once where nothing can be wrong or worth a warning.

    Distributions over k classes stand for the labels 0 … k − 1.
    """
    if is_soft(y):
        return LabelBinarizer().fit(np.arange(y.shape[1]))
    if has_columns(y):
        return binarizer_of_columns(y.T)
    if y.ndim == 1 and y.dtype.kind in "iubU":
        classes = np.unique(y)
        if 2 * len(classes) <= len(y):
            binarizer = LabelBinarizer()
            binarizer.y_type_ = "binary" if len(classes) <= 2 else "multiclass"
            binarizer.sparse_input_, binarizer.classes_ = False, classes
            return binarizer
    return LabelBinarizer().fit(y)


def is_soft(y: NDArray[Any]) -> bool:
    """Whether targets are distributions over the classes (n, k), not all of them certain."""
    if y.ndim != 2 or y.dtype.kind != "f" or hasattr(y, "tocsr"):
        return False
    return bool((y >= 0.0).all() and np.allclose(y.sum(axis=1), 1.0, atol=1e-6) and ((y > 0.0) & (y < 1.0)).any())


def smoothed(T: NDArray[Any] | OneHot, share: float, binarizer: Any) -> NDArray[Any] | OneHot:
    """Targets mixed with the uniform distribution: over the classes, or over 0 and 1 of a single unit or label.

    Szegedy et al. 2016, section 7.
    """
    if isinstance(binarizer, ColumnBinarizer):
        return binarizer.smoothed(np.asarray(T), share)
    if isinstance(T, OneHot):
        off = share / T.n_classes
        return OneHot(T.labels, T.n_classes, 1.0 - share + off, off)
    k = 2 if T.dtype == bool else T.shape[1]
    return (1.0 - share) * T + share / k


def weighted_by_class(class_weight: Any, y: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any] | None:
    """Sample weights times those of the rows' classes."""
    if class_weight is None:
        return weight
    of_classes = compute_sample_weight(class_weight, y)
    return of_classes if weight is None else of_classes * weight


def require_known_labels(y: NDArray[Any], known: Any, binarizer: Any, *, all_of_them: bool) -> None:
    """Refuse targets with other classes than the known ones, as `require_known_classes`, in each column by itself."""
    if isinstance(binarizer, ColumnBinarizer):
        for column, its_classes in zip(binarizer.columns(y), known, strict=True):
            require_known_classes(np.unique(column), its_classes, all_of_them=all_of_them)
    elif has_columns(y):
        raise ValueError(
            f"y: must be one column or label indicators as before, came several columns of classes, shape {y.shape}; a "
            "first partial_fit takes classes=[...] with an array for each"
        )
    elif not is_soft(y):
        require_known_classes(unique_labels(y), known, all_of_them=all_of_them)


def require_known_classes(given: NDArray[Any], known: NDArray[Any], *, all_of_them: bool) -> None:
    """Refuse other classes than the known ones, and with `all_of_them` also fewer, in scikit-learn's words."""
    if all_of_them:
        if set(given) != set(known):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {known}, `y` has {given}"
            )
    elif len(np.setdiff1d(given, known, assume_unique=True)):
        raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {known}. 'y' has {given}.")


def encoded(y: NDArray[Any], binarizer: LabelBinarizer | ColumnBinarizer) -> NDArray[Any] | OneHot:
    """Targets (n, k) of labels that the binarizer knows: labels of several classes, else zeros and ones.

    Distributions stay as they are, those of two classes as the probability of the second.
    """
    if isinstance(binarizer, ColumnBinarizer):
        return binarizer.transform(y)
    if is_soft(y):
        if y.shape[1] != len(binarizer.classes_):
            raise ValueError(f"y: must have a column for each of {len(binarizer.classes_)} classes, came {y.shape[1]}")
        return y[:, 1:] if y.shape[1] == 2 else y
    if y.ndim == 2 or binarizer.y_type_ not in ("binary", "multiclass"):
        return binarizer.transform(y).astype(bool)
    places = np.searchsorted(binarizer.classes_, y)
    if binarizer.y_type_ == "multiclass":
        return OneHot(places.astype(np.int32), len(binarizer.classes_))
    return places[:, None].astype(bool)


def accuracy_of_outputs(rows: Rows, binarizer: LabelBinarizer | ColumnBinarizer) -> Callable[[NDArray[Any]], float]:
    """A function from the outputs for these rows to the share, by weight, that is predicted right; several columns'
    mean share.

    Raises
    ------
    ValueError
        In scikit-learn's words, if all weights are 0.
    """
    Y, weight = rows.Y, rows.weight

    def right(f: NDArray[Any]) -> NDArray[Any]:
        if isinstance(Y, OneHot):
            return f.argmax(axis=1) == Y.labels
        if isinstance(binarizer, ColumnBinarizer):
            # No row may be right in all columns for long at first, which would end training.
            return (binarizer.places(f) == binarizer.places(Y)).mean(axis=1)
        if len(binarizer.classes_) == 1:  # the only one is always predicted
            return np.ones(len(f), bool)
        if binarizer.y_type_ == "multiclass":  # distributions
            return f.argmax(axis=1) == Y.argmax(axis=1)
        return ((f > 0.5) == (Y > 0.5)).all(axis=1)

    def share(f: NDArray[Any]) -> float:
        if weight is not None and not weight.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return float(np.average(right(f), weights=weight))

    return share
