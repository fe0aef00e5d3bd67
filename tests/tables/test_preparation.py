"""From training rows to numbers, and the same numbers for every other table."""

from __future__ import annotations

import datetime
import json
from math import sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.tables.columns import decide_columns
from multilayer.tables.errors import TableError
from multilayer.tables.preparation import Preparation
from multilayer.tables.target import TargetPreparation

N = 200


def prepare(frame: pl.DataFrame) -> Preparation:
    """Fitted on all columns but the last, which is the target."""
    return Preparation.fit(frame, decide_columns(frame, TargetPreparation.fit(frame, frame.columns[-1])))


def table(**columns: object) -> pl.DataFrame:
    """The columns and a target without meaning."""
    frame = pl.DataFrame(columns)
    return frame.with_columns(y=pl.Series([i % 2 == 0 for i in range(frame.height)]))


MIXED = table(
    age=[None if i % 9 == 0 else float(i % 50) for i in range(N)],
    rooms=[i % 4 for i in range(N)],
    town=[("Oslo", "Rome", None)[i % 3] for i in range(N - 1)] + ["Bonn"],
    owner=[(True, False, False, None)[i % 4] for i in range(N)],
    built=[datetime.date(1990, 1, 1) + datetime.timedelta(days=i * i) for i in range(N)],
    note=["the same"] * N,
)


def test_names() -> None:
    assert prepare(MIXED).names == (
        "age", "age is missing", "rooms",
        "town = Oslo", "town = Rome", "town = other", "town is missing",
        "owner", "owner is missing", "built",
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array(dtype: type) -> None:
    preparation = prepare(MIXED)
    X = preparation.transform(MIXED, dtype)
    assert X.shape == (N, len(preparation.names))
    assert X.dtype == dtype
    assert X.flags.c_contiguous
    assert np.isfinite(X).all()
    columns = dict(zip(preparation.names, X.T, strict=True))
    np.testing.assert_array_equal(columns["age is missing"], [i % 9 == 0 for i in range(N)])
    np.testing.assert_array_equal(columns["owner"], [i % 4 == 0 for i in range(N)])
    np.testing.assert_array_equal(columns["owner is missing"], [i % 4 == 3 for i in range(N)])
    np.testing.assert_array_equal(columns["town = Rome"], [i % 3 == 1 and i < N - 1 for i in range(N)])
    np.testing.assert_array_equal(np.flatnonzero(columns["town = other"]), [N - 1])
    np.testing.assert_array_equal(
        sum(column for name, column in columns.items() if name.startswith("town")), np.ones(N)
    )


def test_numbers_by_hand() -> None:
    # Quartiles 1, 2, 3, so r = −1, −½, 0, ½, 1; bent: r = 1 gives 3/√10, r = ½ gives 3/√37.
    X = prepare(table(x=[0, 1, 2, 3, 4])).transform(pl.DataFrame({"x": [4, 3, 2, None]}), np.float64)[:, 0]
    deviation = sqrt((9 / 10 + 9 / 37) * 2 / 5)
    np.testing.assert_allclose(X, [3 / sqrt(10) / deviation, 3 / sqrt(37) / deviation, 0, 0], atol=1e-15)


def test_training_rows_become_standard_and_outliers_stay_near() -> None:
    normal = np.random.default_rng(0).normal(7, 3, 5000)
    preparation = prepare(table(x=normal))
    X = preparation.transform(pl.DataFrame({"x": normal}), np.float64)
    assert X.mean() == pytest.approx(0, abs=1e-12)
    assert X.std() == pytest.approx(1)
    far = preparation.transform(pl.DataFrame({"x": [1e3, 1e100, 1e300, -1e300]}), np.float64)[:, 0]
    assert (np.diff(far[:3]) >= 0).all()
    assert np.abs(far).max() < 5


def test_order_and_scale_do_not_matter() -> None:
    x = np.random.default_rng(0).normal(size=N)
    one = prepare(table(x=x)).transform(pl.DataFrame({"x": x}), np.float64)[:, 0]
    assert (np.argsort(one) == np.argsort(x)).all()
    other = prepare(table(x=40 + 1000 * x)).transform(pl.DataFrame({"x": 40 + 1000 * x}), np.float64)[:, 0]
    np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


def test_rare_values_of_a_constant_column_stay_near() -> None:
    x = [0] * 999 + [255]
    X = prepare(table(x=x)).transform(pl.DataFrame({"x": x}), np.float64)
    assert 1 < X.max() < 10


def test_missing_only_in_other_tables_counts_as_the_median_and_the_commoner() -> None:
    frame = table(x=[0.0, 1.0, 5.0, 8.0], flag=[True, True, False, True], word=["a", "a", "b", "b"])
    preparation = prepare(frame)
    assert preparation.names == ("x", "flag", "word = a", "word = b")
    got = preparation.transform(pl.DataFrame({"x": [None, 3.0], "flag": [None, True], "word": [None, "c"]}), np.float64)
    np.testing.assert_array_equal(got[0], got[1])
    np.testing.assert_array_equal(got[0, 1:], [1, 0, 0])


def test_few_missing_values_have_no_column_of_their_own() -> None:
    numbers = [float(i) for i in range(20)]
    assert prepare(table(x=[None, None, *numbers])).names == ("x",)
    assert prepare(table(x=[None, None, None, *numbers])).names == ("x", "x is missing")


def test_one_value_or_missing_is_told_by_missing_alone() -> None:
    preparation = prepare(table(x=[3.0, None, 3.0, None, 3.0, 3.0, 3.0]))
    assert preparation.names == ("x is missing",)
    assert preparation.transform(pl.DataFrame({"x": [3.0, None]})).tolist() == [[0], [1]]


def test_unseen_category_is_other_or_nothing() -> None:
    with_rare = prepare(table(word=["a", "a", "b", "b", "c", "a"]))
    assert with_rare.names == ("word = a", "word = b", "word = other")
    assert with_rare.transform(pl.DataFrame({"word": ["new", "c", None, "b"]})).tolist() == [[0, 0, 1]] * 3 + [
        [0, 1, 0]
    ]
    without = prepare(table(word=["a", "a", "b", "b"]))
    assert without.transform(pl.DataFrame({"word": ["new", "a"]})).tolist() == [[0, 0], [1, 0]]


def test_other_tables_may_store_the_same_values_otherwise() -> None:
    frame = table(
        x=[1.5, 2.0, 4.0, 7.0],
        flag=[True, False, False, True],
        code=["1", "2", "1", "2"],
        day=[datetime.date(2020, 1, i) for i in (1, 2, 4, 3)],
    )
    preparation = prepare(frame)
    expected = preparation.transform(frame)
    other = frame.with_columns(
        pl.Series("x", ["1.5", " 2", "4", "7"]),
        pl.Series("flag", [1, 0, 0, 1]),
        pl.Series("code", [1.0, 2.0, 1.0, 2.0]),
        pl.col("day").cast(pl.Datetime("ns")),
    )
    np.testing.assert_array_equal(preparation.transform(other), expected)
    words = frame.with_columns(
        pl.Series("flag", ["True", "false", "FALSE", " true"]),
        pl.Series("code", ["1", "2", "1", "2"], dtype=pl.Categorical),
    )
    np.testing.assert_array_equal(preparation.transform(words), expected)


@given(st.permutations(range(N)), st.integers(1, N))
def test_rows_are_prepared_alone(order: list[int], count: int) -> None:
    preparation = prepare(MIXED)
    rows = order[:count]
    np.testing.assert_array_equal(preparation.transform(MIXED[rows]), preparation.transform(MIXED)[rows])


def test_other_columns_and_their_order_do_not_matter() -> None:
    preparation = prepare(MIXED)
    other = MIXED.select(reversed(MIXED.columns)).with_columns(extra=pl.lit("x")).drop("y", "note")
    np.testing.assert_array_equal(preparation.transform(other), preparation.transform(MIXED))


def test_missing_columns_are_named() -> None:
    with pytest.raises(TableError, match="lacks 'rooms', 'owner'; its columns are 'age', 'town'"):
        prepare(MIXED).transform(MIXED.select("age", "town", "built"))


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("age", ["31", "n/a", "old"], "'age' holds 'old' in row 3: numbers"),
        ("age", [31.0, 1.0, np.inf], "'age' holds inf in row 3: numbers must be finite"),
        ("rooms", [[1], [2], [3]], "'rooms' holds List"),
        ("owner", [0, 1, 2], "'owner' holds 2 in row 3: true or false"),
        ("owner", ["true", "yes", "no"], "'owner' holds 'yes' in row 2: true or false"),
        ("town", [[1], [2], [3]], "'town' holds List"),
    ],
)
def test_what_a_column_cannot_hold_is_named(column: str, values: list[object], words: str) -> None:
    with pytest.raises(TableError, match=words):
        prepare(MIXED).transform(MIXED[:3].with_columns(pl.Series(column, values)))


def test_no_column_to_learn_from_says_why() -> None:
    with pytest.raises(TableError, match="'x': always 1; 'word': repeats the target"):
        prepare(pl.DataFrame({"x": [1, 1, 1, 1], "word": ["a", "b", "a", "b"], "y": [0, 1, 0, 1]}))
    with pytest.raises(TableError, match="the target is the only one"):
        prepare(pl.DataFrame({"y": [0, 1]}))


def test_column_without_values_among_the_training_rows() -> None:
    frame = table(x=[None, None, 1.0, 2.0], z=[1.0, 2.0, 3.0, 5.0])
    columns = decide_columns(frame, TargetPreparation.fit(frame, "y"))
    preparation = Preparation.fit(frame[:2], columns)
    assert np.isfinite(preparation.transform(frame)).all()
    assert preparation.names == ("x is missing", "z")


CELLS = st.one_of(
    st.lists(st.none() | st.floats(-1e149, 1e149), min_size=8, max_size=8),
    st.lists(st.none() | st.integers(-5, 5), min_size=8, max_size=8),
    st.lists(st.none() | st.booleans(), min_size=8, max_size=8),
    st.lists(st.none() | st.sampled_from(["a", "b", "", "Ünï", "1"]), min_size=8, max_size=8),
)


@given(st.lists(CELLS, min_size=1, max_size=4))
def test_any_table_gives_finite_numbers_and_survives_json(columns: list[list[object]]) -> None:
    frame = table(**{f"x{j}": column for j, column in enumerate(columns)}, always=[0.5, 1.5] * 3 + [7.0, 8.0])
    preparation = prepare(frame)
    X = preparation.transform(frame, np.float64)
    assert np.isfinite(X).all()
    assert np.abs(X).max() <= 24  # (3 + 3) / ¼
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict(), allow_nan=False)))
    assert again == preparation
    np.testing.assert_array_equal(again.transform(frame, np.float64), X)
