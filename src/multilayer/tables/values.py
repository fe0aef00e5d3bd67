"""A column's values as numbers or as text, whatever it was stored as."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

import numpy as np
import polars as pl

from multilayer.tables.cells import first_not_a_number
from multilayer.tables.errors import TableError, listed

Family = Literal["boolean", "number", "time", "text", "nothing", "other"]


def require_column(frame: pl.DataFrame, name: str) -> pl.Series:
    """The column of that name.

    Raises
    ------
    TableError
        if there is none, with the name nearest to it and those that there are.
    """
    if name not in frame.columns:
        near = get_close_matches(name, frame.columns, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise TableError(f"the table has no column {name!r}{meant}; its columns are {listed(frame.columns)}")
    return frame[name]


def family(column: pl.Series) -> Family:
    """What a column's type stands for; "nothing" if every value is missing, "other" for lists, structures and bytes."""
    dtype = column.dtype
    if column.null_count() == len(column):
        return "nothing"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric():
        return "number"
    if dtype.is_temporal():
        return "time"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "other"


def as_numbers(column: pl.Series) -> np.ndarray:
    """The values as numbers, float64 (n,), NaN where one is missing.

    False and true are 0 and 1; dates and times are seconds since 1970 (UTC), times of day seconds since midnight,
    durations seconds; text counts where every cell is a number.

    Raises
    ------
    TableError
        naming column, row and value, for text that is no number, for infinity, and for lists, structures and bytes.
    """
    kind = family(column)
    if kind == "nothing":
        return np.full(len(column), np.nan)
    if kind == "other":
        raise TableError(f"column {column.name!r} holds {column.dtype}: numbers are needed")
    if kind == "text":
        column = column.cast(pl.String)
        wrong = first_not_a_number(column)
        if wrong is not None:
            raise TableError(f"column {column.name!r} holds {wrong[1]!r} in row {wrong[0]}: numbers are needed")
        column = column.str.strip_chars()
    column = _seconds(column) if kind == "time" else column.cast(pl.Float64, strict=False)
    numbers = column.fill_null(np.nan).to_numpy()
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        row = int(infinite[0])
        raise TableError(f"column {column.name!r} holds {numbers[row]} in row {row + 1}: numbers must be finite")
    return numbers


def _seconds(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Time:
        return column.cast(pl.Int64).cast(pl.Float64) / 1e9
    if isinstance(column.dtype, pl.Duration):
        return column.dt.total_microseconds().cast(pl.Float64) / 1e6
    return column.dt.epoch("us").cast(pl.Float64) / 1e6


def as_truth(column: pl.Series) -> np.ndarray:
    """False and true as 0 and 1, float64 (n,), NaN where one is missing; 0 and 1 count too, and the words in any case.

    Raises
    ------
    TableError
        naming column, row and value, for anything else.
    """
    if family(column) == "text":
        words = column.cast(pl.String).str.strip_chars().str.to_lowercase()
        meanings = {None: np.nan, "false": 0.0, "true": 1.0}
        numbers = words.replace_strict(meanings, default=2.0, return_dtype=pl.Float64).to_numpy()
    else:
        numbers = as_numbers(column)
    wrong = np.flatnonzero(~np.isnan(numbers) & (numbers != 0) & (numbers != 1))
    if len(wrong):
        row = int(wrong[0])
        raise TableError(f"column {column.name!r} holds {column[row]!r} in row {row + 1}: true or false is needed")
    return numbers


def as_text(column: pl.Series) -> pl.Series:
    """The values as text without spaces around it, null where one is missing; whole numbers without a decimal point.

    Raises
    ------
    TableError
        for lists, structures and bytes.
    """
    kind = family(column)
    if kind == "nothing":
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    if kind == "other":
        raise TableError(f"column {column.name!r} holds {column.dtype}: text is needed")
    if kind == "number":
        whole = column.cast(pl.Int64, strict=False)
        column = whole if whole.null_count() == column.null_count() and (whole == column).all() else column
    return column.cast(pl.String).str.strip_chars()
