"""Columns of NumPy arrays as a data frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl


def columns_to_frame(columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """A polars data frame with these columns, in this order.

    Parameters
    ----------
    columns : mapping from a column's name to its values, arrays (n,) of one length

    Raises
    ------
    ValueError
        if an array has another shape than the first, naming both.
    """
    shapes = {name: np.shape(values) for name, values in columns.items()}
    for name, shape in shapes.items():
        first, expected = next(iter(shapes.items()))
        if len(shape) != 1 or shape != expected:
            raise ValueError(
                f"columns: {name!r} has shape {shape}, {first!r} has {expected}; "
                "every column is an array (n,) of the same length"
            )
    return pl.DataFrame({name: pl.Series(name, values) for name, values in columns.items()})
