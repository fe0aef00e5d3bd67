"""Data frames of other libraries, and dicts of columns, as polars data frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from math import isnan
from typing import Any

import numpy as np
import polars as pl

from multilayer.tables.errors import TableError, require_distinct


def to_polars(source: object) -> pl.DataFrame | None:
    """The data frame's columns as a polars data frame; None if it is no data frame.

    Taken: polars data frames; pandas data frames (their index is left out); whatever exports Arrow columns
    (`__arrow_c_stream__`: pyarrow, DuckDB, …); a mapping from a column's name to its values. NaN is a missing value
    (null).

    Raises
    ------
    TableError
        if two columns have the same name, columns differ in length, or a column mixes what no column can hold.
    """
    frame = _to_polars(source)
    return None if frame is None else nan_to_null(frame)


def nan_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    """The data frame with null instead of NaN."""
    return frame.with_columns(column.fill_nan(None) for column in frame.get_columns() if column.dtype.is_float())


def _to_polars(source: Any) -> pl.DataFrame | None:
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if isinstance(source, Mapping):
        require_distinct([str(name) for name in source], "the table")
        return _from_columns({str(name): _series(str(name), values) for name, values in source.items()})
    if _is_pandas(source):
        names = [str(name) for name in source.columns]
        require_distinct(names, "the table")
        return _from_columns({name: _series(name, source.iloc[:, j]) for j, name in enumerate(names)})
    if hasattr(source, "__arrow_c_stream__"):
        if hasattr(source, "column_names"):
            require_distinct([str(name) for name in source.column_names], "the table")
        return pl.DataFrame(source)
    return None


def _is_pandas(source: object) -> bool:
    # Known by its methods, so that pandas is not needed. Its own exports need pyarrow for columns of text.
    return all(hasattr(source, name) for name in ("columns", "iloc", "isna"))


def _pandas_values(column: Any) -> np.ndarray | list[Any]:
    values = column.to_numpy()
    if values.dtype != object:
        return values
    missing = column.isna().to_numpy()
    return [None if absent else value for value, absent in zip(values, missing, strict=True)]


def _series(name: str, values: Any) -> pl.Series:
    if isinstance(values, str | bytes | Mapping | Set) or not isinstance(values, Collection) or _is_scalar(values):
        raise TableError(f"column {name!r} is {values!r}: a column is a sequence of values, one a row")
    if hasattr(values, "isna"):
        values = _pandas_values(values)
    if isinstance(values, np.ndarray) and values.dtype == object:
        values = values.tolist()
    if isinstance(values, list | tuple):
        values = [None if isinstance(value, float) and isnan(value) else value for value in values]
    try:
        column = pl.Series(name, values, strict=False)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise TableError(f"column {name!r} cannot be read: {str(error).splitlines()[0]}") from error
    # Numbers of several types may mix; text and numbers became text, and other mixtures objects.
    mixed = column.dtype == pl.String and any(value is not None and not isinstance(value, str) for value in values)
    if mixed or column.dtype == pl.Object:
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        raise TableError(
            f"column {name!r} holds {', '.join(kinds)}: allowed are numbers, text, truth or times, not mixed"
        )
    return column


def _is_scalar(values: object) -> bool:
    return isinstance(values, np.ndarray) and values.ndim == 0


def _from_columns(columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise TableError(f"the columns differ in length: {lengths}")
    return pl.DataFrame(columns)
