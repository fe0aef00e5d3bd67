"""Numbers and text from columns of any type."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from multilayer.tables.errors import TableError
from multilayer.tables.values import as_numbers, as_text, require_column

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([1, None, 3], [1, np.nan, 3]),
        ([True, False, None], [1, 0, np.nan]),
        (["1", " 2.5", "NA", None], [1, 2.5, np.nan, np.nan]),
        ([Decimal("1.25"), None], [1.25, np.nan]),
        ([None, None], [np.nan, np.nan]),
        ([datetime.date(1970, 1, 2), datetime.date(1969, 12, 31)], [86400, -86400]),
        ([datetime.datetime(1970, 1, 1, 0, 0, 1, 500000)], [1.5]),
        ([datetime.datetime(1970, 1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))], [0]),
        ([datetime.time(1, 0, 0, 250000)], [3600.25]),
        ([datetime.timedelta(minutes=1, milliseconds=500)], [60.5]),
    ],
)
def test_numbers(values: list[object], numbers: list[float]) -> None:
    got = as_numbers(pl.Series("x", values))
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, numbers)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_units_of_time(unit: str) -> None:
    moment = datetime.datetime(2001, 9, 9, 1, 46, 40)  # a thousand million seconds
    assert as_numbers(pl.Series("x", [moment], dtype=pl.Datetime(unit))).tolist() == [1e9]
    assert as_numbers(pl.Series("x", [datetime.timedelta(days=1)], dtype=pl.Duration(unit))).tolist() == [86400]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([" a ", None, ""], ["a", None, ""]),
        ([1, 2], ["1", "2"]),
        ([1.0, None, 2.0], ["1", None, "2"]),
        ([1.5, 2.0], ["1.5", "2.0"]),
        ([True, None], ["true", None]),
        ([None], [None]),
        ([datetime.date(2020, 2, 29)], ["2020-02-29"]),
    ],
)
def test_text(values: list[object], text: list[str | None]) -> None:
    assert as_text(pl.Series("x", values)).to_list() == text


def test_a_missing_column_is_named_with_its_nearest_neighbour() -> None:
    with pytest.raises(TableError, match=r"no column 'speices' \(did you mean 'species'\?\); its columns are 'island'"):
        require_column(pl.DataFrame({"island": ["a"], "species": ["b"]}), "speices")
