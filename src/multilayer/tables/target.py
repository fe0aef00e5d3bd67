"""The column to predict: classes as labels 0, 1, …, or numbers in units of their standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from multilayer.tables.errors import TableError, listed
from multilayer.tables.values import as_numbers, as_text, as_truth, family, require_column

Task = Literal["classification", "regression"]
Class = str | int | bool

MOST_CLASSES_OF_NUMBERS = 20
MOST_CLASSES_OF_TEXT = 1000


def with_known_target(frame: pl.DataFrame, target: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows whose target is known, and a note that says how many others were left out.

    Raises
    ------
    TableError
        if there is no such column, or no row has a target.
    """
    column = require_column(frame, target)
    missing = column.null_count()
    if missing == len(column):
        raise TableError(f"the target {target!r} is missing in every row")
    if missing == 0:
        return frame, ()
    note = f"{missing} of {len(column)} rows left out: their {target!r} is missing"
    return frame.filter(column.is_not_null()), (note,)


@dataclass(frozen=True)
class TargetPreparation:
    """What the target is, and how it becomes an array and back.

    Classification: labels k = position in the sorted `classes`. Regression: t = (y − mean) / deviation, with the mean
    and the standard deviation (divided by n) of the rows it was fitted on.
    """

    name: str
    task: Task
    reason: str
    classes: tuple[Class, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0

    @staticmethod
    def fit(frame: pl.DataFrame, name: str, task: Task | None = None) -> TargetPreparation:
        """Decide what the target is and gather its classes or its scale.

        Text, true and false are classes. Numbers are classes if they are whole and have two values, or at most 20 that
        fill at least half of the range from the smallest to the largest, with at least five rows a value on average;
        otherwise it is a regression. `task` decides instead. Fit on the whole table rather than on the training rows,
        so that a rare class is known even if it falls on the others.

        Parameters
        ----------
        frame : rows whose target is known (`with_known_target`)
        name : the target's column
        task : "classification", "regression" or None, to decide by the values

        Raises
        ------
        TableError
            if there is no such column; if values are missing, infinite, or neither numbers nor text; if there is only
            one class or one number, naming it; if nearly every row has its own text.
        """
        column = require_column(frame, name)
        kind = family(column)
        if column.null_count():
            raise TableError(f"the target {name!r} is missing in {column.null_count()} of {len(column)} rows")
        if kind in ("time", "other"):
            raise TableError(f"the target {name!r} holds {column.dtype}: it must be numbers, text, or true and false")
        if task not in ("classification", "regression", None):
            raise ValueError(f"task: {task!r}; allowed are 'classification', 'regression' and None (the values decide)")
        if column.n_unique() == 1:
            raise TableError(f"the target {name!r} is always {column[0]!r}: there is nothing to learn")
        decided, reason = _task(column) if task is None else (task, "as asked")
        if decided == "regression":
            numbers = as_numbers(column)
            with np.errstate(over="ignore", invalid="ignore"):
                deviation = float(np.std(numbers))
            if not 0 < deviation < np.inf:
                raise TableError(f"the target {name!r} cannot be scaled: its standard deviation is {deviation}")
            return TargetPreparation(name, "regression", reason, mean=float(np.mean(numbers)), deviation=deviation)
        return TargetPreparation(name, "classification", reason, _classes(column))

    def encode(self, frame: pl.DataFrame) -> np.ndarray:
        """Labels, int64 (n,), or scaled numbers, float64 (n,).

        A full stop after a class is left out, unless it makes another class: UCI's test set of Adult writes ">50K." for
        the ">50K" of its training set.

        Raises
        ------
        TableError
            if the column is missing, a value is missing, is no number, or is none of the classes; names row and value.
        """
        column = require_column(frame, self.name)
        if column.null_count():
            raise TableError(f"the target {self.name!r} is missing in {column.null_count()} of {len(column)} rows")
        if self.task == "regression":
            return (as_numbers(column) - self.mean) / self.deviation
        if self.classes == (False, True) and isinstance(self.classes[0], bool):
            return as_truth(column).astype(np.int64)
        stopped = {f"{label}.": k for k, label in enumerate(self.classes)}
        position = stopped | {str(label): k for k, label in enumerate(self.classes)}
        labels = as_text(column).replace_strict(position, default=-1, return_dtype=pl.Int64).to_numpy(writable=True)
        unknown = np.flatnonzero(labels < 0)
        if len(unknown):
            row = int(unknown[0])
            raise TableError(
                f"the target {self.name!r} holds {column[row]!r} in row {row + 1}; "
                f"the classes are {listed(self.classes, limit=20)}"
            )
        return labels

    def decode(self, values: np.ndarray) -> np.ndarray:
        """The inverse of `encode`: classes for labels, int (n,), or numbers for scaled ones, float (n,)."""
        if self.task == "regression":
            return np.asarray(values) * self.deviation + self.mean
        return np.array(self.classes)[values]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "task": self.task,
            "reason": self.reason,
            "classes": list(self.classes),
            "mean": self.mean,
            "deviation": self.deviation,
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> TargetPreparation:
        """The inverse of `to_dict`."""
        return TargetPreparation(**{**data, "classes": tuple(data["classes"])})


def _task(column: pl.Series) -> tuple[Task, str]:
    """What the values say, and why."""
    kind = family(column)
    n, distinct = len(column), column.n_unique()
    if kind == "boolean":
        return "classification", "true and false"
    if kind == "text":
        return "classification", f"text in {distinct} classes"
    numbers = as_numbers(column)
    if not _are_whole(numbers):
        return "regression", f"numbers from {numbers.min():g} to {numbers.max():g}"
    span = numbers.max() - numbers.min() + 1
    few = distinct <= MOST_CLASSES_OF_NUMBERS and distinct >= span / 2 and n >= 5 * distinct
    if distinct == 2 or few:
        return "classification", f"whole numbers with {distinct} values from {numbers.min():g} to {numbers.max():g}"
    return "regression", f"whole numbers with {distinct} values from {numbers.min():g} to {numbers.max():g}"


def _classes(column: pl.Series) -> tuple[Class, ...]:
    kind = family(column)
    distinct = column.n_unique()
    if kind == "text":
        if distinct > min(MOST_CLASSES_OF_TEXT, max(2, len(column) / 2)):
            raise TableError(
                f"the target {column.name!r} has {distinct} different texts in {len(column)} rows: too many for classes"
            )
        return tuple(as_text(column).unique().sort().to_list())
    if kind == "boolean":
        return (False, True)
    numbers = np.unique(as_numbers(column))
    if not _are_whole(numbers):
        raise TableError(f"the target {column.name!r} holds numbers that are not whole: they cannot be classes")
    return tuple(int(number) for number in numbers)


def _are_whole(numbers: np.ndarray) -> bool:
    # Beyond 2⁵³ every float64 is whole, and means nothing by it.
    return bool((numbers == np.round(numbers)).all() and np.abs(numbers).max() <= 2**53)
