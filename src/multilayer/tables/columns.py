"""What each column of a table is to a model, with the reason in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from multilayer.tables.cells import first_not_a_number
from multilayer.tables.errors import TableError, listed
from multilayer.tables.target import TargetPreparation
from multilayer.tables.values import as_numbers, as_text, family, require_column

Kind = Literal["numeric", "categorical", "boolean", "ignored"]

# Text in more categories than this, or in more than one for two rows, is read as names or prose.
MOST_CATEGORIES = 255
# Beyond this, squares and differences of numbers overflow.
LARGEST_NUMBER = 1e150
_NAMED_LIKE_AN_IDENTIFIER = re.compile(r"(^|[^A-Za-z])(id|Id|ID|index|Index)$|[a-z]I[dD]$|^[Uu]nnamed")


@dataclass(frozen=True)
class Column:
    """An input column: its kind, why it has it, and how many of its values are missing."""

    name: str
    kind: Kind
    reason: str
    missing: int = 0


def decide_columns(frame: pl.DataFrame, target: TargetPreparation) -> tuple[Column, ...]:
    """Decide the kind of every column but the target, in the table's order.

    - numeric: numbers, also whole numbers with few values, and numbers stored as text if they are too many for
      categories; dates and times, as seconds since 1970
    - boolean: true and false
    - categorical: text in at most 255 categories that has on average at least two rows for each
    - ignored: one value throughout; nothing but missing values; identifiers (whole numbers, all different, in a column
      named like one: `id`, `customer_id`, `PassengerId`, `index`, unnamed); other text; lists, structures and bytes;
      and a column that repeats the target: the same numbers, or each of its values goes with one class and the reverse,
      as `alive` repeats `survived`

    Parameters
    ----------
    frame : the training rows
    target : the prepared target, which knows its column and whether it holds classes

    Raises
    ------
    TableError
        if the target's column is missing, or numbers are infinite or beyond ±1e150.
    """
    goal = require_column(frame, target.name)
    inputs = [column for column in frame.get_columns() if column.name != target.name]
    return tuple(_decide(column, goal, bool(target.classes)) for column in inputs)


def _decide(column: pl.Series, goal: pl.Series, classes: bool) -> Column:
    kind, reason = _kind(column, goal, classes)
    missing = column.null_count()
    if missing and kind != "ignored":
        reason += f"; {missing} missing"
    return Column(column.name, kind, reason, missing)


def _kind(column: pl.Series, goal: pl.Series, classes: bool) -> tuple[Kind, str]:
    what = family(column)
    if what == "nothing":
        return "ignored", "every value is missing"
    if what == "other":
        return "ignored", f"holds {column.dtype}, neither numbers nor text"
    if column.n_unique() == 1:
        return "ignored", f"always {column[0]!r}"
    if _repeats(column, goal, classes):
        return "ignored", f"repeats the target {goal.name!r}: it would give the answer away"
    if what == "boolean":
        return "boolean", "true and false"
    if what == "text":
        return _kind_of_text(column)
    return _kind_of_numbers(column, what == "time")


def _repeats(column: pl.Series, goal: pl.Series, classes: bool) -> bool:
    if family(goal) == family(column) == "number" and (column == goal).all():
        return True
    distinct = goal.n_unique()
    return classes and column.n_unique() == distinct == pl.DataFrame({"column": column, "goal": goal}).n_unique()


def _kind_of_numbers(column: pl.Series, is_time: bool) -> tuple[Kind, str]:
    numbers = as_numbers(column)
    present = numbers[~np.isnan(numbers)]
    row = int(np.argmax(np.nan_to_num(np.abs(numbers))))
    if abs(numbers[row]) > LARGEST_NUMBER:
        raise TableError(
            f"column {column.name!r} holds {numbers[row]} in row {row + 1}: "
            f"numbers beyond ±{LARGEST_NUMBER:g} cannot be scaled"
        )
    if is_time:
        return "numeric", f"times from {column.min()!s} to {column.max()!s}, as seconds"
    different = len(np.unique(present)) == len(present)
    if different and column.dtype.is_integer() and _NAMED_LIKE_AN_IDENTIFIER.search(column.name):
        return "ignored", "identifier: whole numbers, all different"
    return "numeric", f"numbers from {present.min():g} to {present.max():g}"


def _kind_of_text(column: pl.Series) -> tuple[Kind, str]:
    text = as_text(column).drop_nulls()
    categories = text.unique().sort()
    if len(categories) <= min(MOST_CATEGORIES, len(text) / 2):
        return "categorical", f"{len(categories)} categories: {listed(categories, limit=8)}"
    wrong = first_not_a_number(column.cast(pl.String))
    if wrong is None:
        return _kind_of_numbers(column, is_time=False)
    if text.cast(pl.Float64, strict=False).count() > 0.9 * len(text):
        return "ignored", f"free text, although most cells are numbers: row {wrong[0]} holds {wrong[1]!r}"
    if len(categories) == len(text):
        return "ignored", "identifier or free text: every row has its own"
    return "ignored", f"free text: {len(categories)} different texts in {len(text)} rows"
