"""The type of a column of text: whole numbers, numbers, true and false, dates, or text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "?")

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_DATE = r"^\d{4}-\d{2}-\d{2}"
_TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%#z")
_BOOLEAN = {"true": True, "false": False}


def is_number(cell: str) -> bool:
    """Whether a cell is a number, written with a point or a comma."""
    return _NUMBER.fullmatch(cell) is not None


def typed(column: pl.Series, *, decimal_comma: bool = False) -> pl.Series:
    """A column of text in the first type that every one of its cells fits.

    The types: whole numbers (Int64), numbers (Float64; `decimal_comma` allows 0,5 for 0.5), true and false in any case
    (Boolean), ISO dates and times (Date, Datetime), text (String, without spaces around it). Empty cells, NA, N/A, NaN,
    null and ? are missing (null) in every type. A column with nothing else stays text.
    """
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() == 0:
        return whole
    text = cleaned(column)
    n_missing = text.null_count()
    if n_missing == len(text):
        return text
    for candidate in _candidates(text, decimal_comma):
        if candidate.null_count() == n_missing:
            return candidate
    return text


def cleaned(column: pl.Series) -> pl.Series:
    """A column of text without spaces around its cells, with null for those that say that a value is missing."""
    text = column.str.strip_chars()
    return text.set(text.is_in(MISSING), None)


def first_not_a_number(column: pl.Series) -> tuple[int, str] | None:
    """Row (from 1) and content of the first cell of a column of text that is neither a number nor missing."""
    text = cleaned(column)
    wrong = (text.is_not_null() & text.cast(pl.Float64, strict=False).is_null()).arg_true()
    return (int(wrong[0]) + 1, str(text[int(wrong[0])])) if len(wrong) else None


def _candidates(text: pl.Series, decimal_comma: bool) -> Iterator[pl.Series]:
    """The column in each type, null in the cells that do not fit."""
    yield text.cast(pl.Int64, strict=False)
    yield text.cast(pl.Float64, strict=False)
    if decimal_comma:
        yield text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    yield text.str.to_lowercase().replace_strict(_BOOLEAN, default=None, return_dtype=pl.Boolean)
    if text.str.contains(_DATE).all():
        yield text.str.to_date("%Y-%m-%d", strict=False)
        for pattern in _TIMES:
            yield text.str.to_datetime(pattern, strict=False)
