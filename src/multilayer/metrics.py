"""Scores of predictions. Larger is better for accuracies, R² and the area; smaller for errors and log loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    """The share of predictions that are right.

    Parameters
    ----------
    y, predicted : (n,) labels of any kind, or (n, k) several 0/1 labels a row, right only if all k are

    Raises
    ------
    ValueError
        if the shapes differ, there are no rows, or a number is NaN or infinite; so do all functions here.
    """
    y, predicted = _pair(y, predicted)
    right = y == predicted
    return float(np.mean(right.all(axis=1) if right.ndim == 2 else right))


def balanced_accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    """The mean over the classes in `y` of the share of their rows that is predicted right (mean recall).

    Parameters
    ----------
    y, predicted : (n,) labels
    """
    y, predicted = _pair(y, predicted, n_dimensions=1)
    _, place = np.unique(y, return_inverse=True)
    return float(np.mean(np.bincount(place, weights=y == predicted) / np.bincount(place)))


def confusion_matrix(y: ArrayLike, predicted: ArrayLike, classes: ArrayLike | None = None) -> NDArray[np.int64]:
    """How many rows of class i (row i) were predicted as class j (column j), int64 (k, k).

    Parameters
    ----------
    y, predicted : (n,) labels
    classes : (k,) the order of rows and columns; None takes all labels that occur, sorted

    Raises
    ------
    ValueError
        also if a label is none of the classes, or a class stands twice.
    """
    y, predicted = _pair(y, predicted, n_dimensions=1)
    present = np.unique(np.concatenate([y, predicted]))
    order = present if classes is None else np.asarray(classes)
    if len(np.unique(order)) != len(order):
        raise ValueError(f"classes: {order.tolist()} holds a class twice")
    unknown = np.setdiff1d(present, order)
    if len(unknown):
        raise ValueError(f"classes: {order.tolist()} lacks the label {unknown[0]!r}")
    sorting = np.argsort(order)
    row, column = (sorting[np.searchsorted(order, labels, sorter=sorting)] for labels in (y, predicted))
    k = len(order)
    return np.bincount(row * k + column, minlength=k * k).reshape(k, k)


def log_loss(y: ArrayLike, probabilities: ArrayLike) -> float:
    """The mean over rows of −log p of the class that is right, in nats.

    Zero probabilities count as the smallest step above zero of their type (float64: 2.2e-16), as in scikit-learn.

    Parameters
    ----------
    y : (n,) int labels 0 … k − 1
    probabilities : (n, k), or (n,) for the probability of label 1 of two

    Raises
    ------
    ValueError
        also if a label is no column, or a probability lies outside [0, 1].
    """
    labels, p = np.asarray(y), np.asarray(probabilities)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    if p.ndim == 1:
        p = np.stack([1.0 - p, p], axis=1)
    if labels.ndim != 1 or p.ndim != 2 or len(labels) != len(p) or len(labels) == 0:
        raise ValueError(f"probabilities: shape {p.shape} for labels {labels.shape}; allowed is (n, k) for (n,), n ≥ 1")
    if labels.dtype.kind not in "iub" or labels.min() < 0 or labels.max() >= p.shape[1]:
        raise ValueError(f"y: labels must be whole numbers from 0 to {p.shape[1] - 1}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities: must lie in [0, 1]")
    right = p[np.arange(len(labels)), labels.astype(np.int64)]
    return float(-np.mean(np.log(np.maximum(right, np.finfo(p.dtype).eps), dtype=np.float64)))


def area_under_roc(y: ArrayLike, scores: ArrayLike) -> float:
    """The probability that a random row of class 1 has a higher score than one of class 0; ties count one half.

        A = (R₁ − n₁(n₁ + 1)/2) / (n₁ n₀),   R₁: sum of the ranks of class 1, tied scores sharing their mean rank

    Source: Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve"
    (1982): the Wilcoxon statistic.

    Parameters
    ----------
    y : (n,) 0 or 1, or false and true
    scores : (n,) numbers that are the larger, the likelier class 1 is

    Raises
    ------
    ValueError
        also if `y` holds anything else, or only one class.
    """
    y, scores = _pair(y, scores, n_dimensions=1)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"y: must hold 0 and 1 only, not {np.setdiff1d(y, (0, 1))[0]!r}")
    positive = y == 1
    n_positive = int(positive.sum())
    n_negative = len(y) - n_positive
    if n_positive == 0 or n_negative == 0:
        raise ValueError(f"y: holds only class {int(n_positive > 0)}; the area needs both")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = float(mean_rank[place][positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def r2(y: ArrayLike, predicted: ArrayLike) -> float:
    """The coefficient of determination, 1 − Σ(y − f)² / Σ(y − ȳ)²; for (n, k) the mean over the k columns.

    A column of equal y has 1 if it is predicted exactly and 0 otherwise, as in scikit-learn.

    Parameters
    ----------
    y, predicted : (n,) or (n, k) numbers, n ≥ 2
    """
    y, predicted = _numbers(y, predicted)
    if len(y) < 2:
        raise ValueError("y: one row has no spread; R² needs at least two")
    residual = ((y - predicted) ** 2).sum(axis=0)
    # Equal values need not sum to n times themselves, so their spread is not always exactly 0.
    spread = np.where(np.ptp(y, axis=0) == 0, 0.0, ((y - y.mean(axis=0)) ** 2).sum(axis=0))
    share = np.where(residual == 0, 0.0, np.where(spread == 0, 1.0, residual / np.where(spread == 0, 1.0, spread)))
    return float(np.mean(1.0 - share))


def root_mean_squared_error(y: ArrayLike, predicted: ArrayLike) -> float:
    """√(mean (y − f)²); for (n, k) the mean over the k columns of theirs.

    Parameters
    ----------
    y, predicted : (n,) or (n, k) numbers
    """
    y, predicted = _numbers(y, predicted)
    return float(np.mean(np.sqrt(np.mean((y - predicted) ** 2, axis=0))))


def mean_absolute_error(y: ArrayLike, predicted: ArrayLike) -> float:
    """Mean |y − f|; for (n, k) over all n·k.

    Parameters
    ----------
    y, predicted : (n,) or (n, k) numbers
    """
    y, predicted = _numbers(y, predicted)
    return float(np.mean(np.abs(y - predicted)))


def _pair(y: ArrayLike, other: ArrayLike, n_dimensions: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    first, second = np.asarray(y), np.asarray(other)
    allowed = (1, 2) if n_dimensions is None else (n_dimensions,)
    if first.shape != second.shape or first.ndim not in allowed or len(first) == 0:
        shapes = " or ".join(("(n,)", "(n, k)")[dimensions - 1] for dimensions in allowed)
        raise ValueError(f"y has shape {first.shape}, the other {second.shape}; allowed is {shapes} for both, n ≥ 1")
    for array in (first, second):
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise ValueError("y and the predictions must be free of NaN and infinity")
    return first, second


def _numbers(y: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = _pair(y, predicted)
    return first.astype(np.float64), second.astype(np.float64)
