"""From the input columns of a table to one array of numbers, the same way for training and prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from multilayer.tables.columns import Column
from multilayer.tables.encoders import ENCODERS, Encoder, encoder_from_dict, encoder_to_dict
from multilayer.tables.errors import TableError, listed


@dataclass(frozen=True)
class Preparation:
    """What was learned from the training rows, one encoder for each column that is not ignored."""

    columns: tuple[Column, ...]
    encoders: tuple[Encoder, ...]

    @staticmethod
    def fit(frame: pl.DataFrame, columns: Iterable[Column]) -> Preparation:
        """Learn medians, scales and categories.

        Parameters
        ----------
        frame : the training rows
        columns : the kinds of its columns (`decide_columns`)

        Raises
        ------
        TableError
            if every column is ignored, with the reason of each.
        """
        columns = tuple(columns)
        used = [column for column in columns if column.kind != "ignored"]
        if not used:
            reasons = "; ".join(f"{column.name!r}: {column.reason}" for column in columns)
            raise TableError(f"the table has no column to learn from ({reasons or 'the target is the only one'})")
        return Preparation(columns, tuple(ENCODERS[column.kind].fit(frame[column.name]) for column in used))

    @property
    def names(self) -> tuple[str, ...]:
        """What each column of the array is, such as `age`, `age is missing`, `sex = male`."""
        return tuple(name for encoder in self.encoders for name in encoder.names)

    def transform(self, frame: pl.DataFrame, dtype: Any = np.float32) -> np.ndarray:
        """The array (n, d) of the rows of `frame`, d = len(names), finite, contiguous by rows.

        Other columns of the frame, the target among them, are not looked at.

        Raises
        ------
        TableError
            if columns are missing, naming them, or hold what they cannot, naming column, row and value.
        """
        absent = [encoder.name for encoder in self.encoders if encoder.name not in frame.columns]
        if absent:
            raise TableError(f"the table lacks {listed(absent)}; its columns are {listed(frame.columns, limit=40)}")
        array = np.empty((frame.height, len(self.names)), dtype)
        start = 0
        for encoder in self.encoders:
            stop = start + len(encoder.names)
            array[:, start:stop] = encoder.encode(frame[encoder.name])
            start = stop
        return array

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "columns": [dict(vars(column)) for column in self.columns],
            "encoders": [encoder_to_dict(encoder) for encoder in self.encoders],
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Preparation:
        """The inverse of `to_dict`."""
        return Preparation(
            tuple(Column(**column) for column in data["columns"]),
            tuple(encoder_from_dict(encoder) for encoder in data["encoders"]),
        )
