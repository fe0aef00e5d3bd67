"""Columns of arrays as a data frame."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from multilayer.tables.frames import columns_to_frame


def test_columns_keep_order_type_and_values() -> None:
    columns = {
        "epoch": np.arange(3),
        "loss": np.array([0.5, np.nan, 0.25], np.float32),
        "done": np.array([False, False, True]),
    }
    frame = columns_to_frame(columns)
    assert frame.columns == ["epoch", "loss", "done"]
    assert frame.dtypes == [pl.Int64, pl.Float32, pl.Boolean]
    for name, values in columns.items():
        np.testing.assert_array_equal(frame[name].to_numpy(), values)


def test_no_columns() -> None:
    assert columns_to_frame({}).shape == (0, 0)


@pytest.mark.parametrize("other", [np.zeros(2), np.zeros((3, 1)), np.array(1.0)])
def test_columns_of_other_shapes_are_refused(other: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"'loss' has shape .*'epoch' has \(3,\)"):
        columns_to_frame({"epoch": np.arange(3), "loss": other})
