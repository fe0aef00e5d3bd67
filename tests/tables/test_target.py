"""What a target is, and that it comes back from its array."""

from __future__ import annotations

import datetime
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from multilayer.tables.errors import TableError
from multilayer.tables.target import TargetPreparation, with_known_target


def fit(values: list[object], **options: str) -> TargetPreparation:
    return TargetPreparation.fit(pl.DataFrame({"y": values}), "y", **options)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", "c", "a", "b", "c"], ("a", "b", "c")),
        ([True, False], (False, True)),
        ([0, 1], (0, 1)),
        ([-1, 1, 1], (-1, 1)),
        ([2.0, 7.0], (2, 7)),
        ([100, 0], (0, 100)),
        (list(range(10)) * 5, tuple(range(10))),
        ([3, 4, 5, 6, 7, 8] * 5, (3, 4, 5, 6, 7, 8)),
        (["x", "y"], ("x", "y")),
    ],
)
def test_classification(values: list[object], classes: tuple[object, ...]) -> None:
    target = fit(values)
    assert target.task == "classification"
    assert target.classes == classes
    assert [type(label) for label in target.classes] == [type(label) for label in classes]


@pytest.mark.parametrize(
    "values",
    [
        [0.5, 1.0],
        list(range(10)) * 4,  # four rows a value
        list(range(21)) * 9,  # more than twenty values
        [0, 10, 20, 30] * 9,  # a range mostly empty
        [14999, 500001, 352100],
    ],
)
def test_regression(values: list[object]) -> None:
    target = fit(values)
    assert target.task == "regression"
    assert target.classes == ()


def test_task_as_asked() -> None:
    assert fit([3, 4, 5] * 9, task="regression").task == "regression"
    assert fit(list(range(10)), task="classification").classes == tuple(range(10))
    assert fit(["1", "2", "1"], task="regression").mean == pytest.approx(4 / 3)
    for values, task in (([0.5, 1.5], "classification"), (["a", "b"], "regression")):
        with pytest.raises(TableError, match="'y'"):
            fit(values, task=task)
    with pytest.raises(ValueError, match="'clustering'; allowed are 'classification', 'regression'"):
        fit([1, 2], task="clustering")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a"] * 5, "always 'a'"),
        ([3] * 5, "always 3"),
        ([1, None], "missing in 1 of 2"),
        ([f"name {i}" for i in range(9)], "9 different texts in 9 rows"),
        ([0.5, np.inf], "inf in row 2"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "Date"),
        ([[1], [2]], "List"),
        ([1e200, 2.0], "cannot be scaled"),
    ],
)
def test_what_is_no_target(values: list[object], words: str) -> None:
    with pytest.raises(TableError, match=words):
        fit(values)


def test_missing_column_names_those_that_there_are() -> None:
    frame = pl.DataFrame({"height": [1], "width": [2]})
    for action in (lambda: TargetPreparation.fit(frame, "y"), lambda: with_known_target(frame, "y")):
        with pytest.raises(TableError, match=r"'y'.*'height', 'width'"):
            action()


def test_rows_without_target_are_left_out_and_counted() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3], "y": ["a", None, "b"]})
    known, notes = with_known_target(frame, "y")
    assert known["x"].to_list() == [1, 3]
    assert notes == ("1 of 3 rows left out: their 'y' is missing",)
    assert with_known_target(known, "y") == (known, ())
    with pytest.raises(TableError, match="every row"):
        with_known_target(frame.with_columns(y=pl.lit(None)), "y")


@given(
    st.lists(st.sampled_from(["a", "b", "cc"]), min_size=2)
    | st.lists(st.booleans(), min_size=2)
    | st.lists(st.integers(3, 4), min_size=2)
)
def test_classes_come_back(values: list[object]) -> None:
    assume(len(set(values)) > 1 and 2 * len(set(values)) <= max(len(values), 4))
    frame = pl.DataFrame({"y": values})
    target = TargetPreparation.fit(frame, "y")
    labels = target.encode(frame)
    assert labels.dtype == np.int64
    assert target.decode(labels).tolist() == values


@given(st.lists(st.floats(-1e9, 1e9), min_size=2))
def test_numbers_come_back_and_are_standard(values: list[float]) -> None:
    assume(np.std(values) > 1e-6 * np.abs(values).max())
    frame = pl.DataFrame({"y": values})
    target = TargetPreparation.fit(frame, "y", "regression")
    scaled = target.encode(frame)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1)
    np.testing.assert_allclose(target.decode(scaled), values, rtol=1e-9, atol=1e-12 * np.abs(values).max())


@pytest.mark.parametrize("values", [["b", "a", "a", "b"], [True, False], [5, 3], [0.25, 0.75, 8.0]])
def test_json_keeps_everything(values: list[object]) -> None:
    target = fit(values)
    assert TargetPreparation.from_dict(json.loads(json.dumps(target.to_dict()))) == target


def test_other_tables_may_write_the_same_classes_otherwise() -> None:
    numbers, truth = fit([0, 1]), fit([True, False])
    assert numbers.encode(pl.DataFrame({"y": [1.0, 0.0]})).tolist() == [1, 0]
    assert truth.encode(pl.DataFrame({"y": ["TRUE", "false"]})).tolist() == [1, 0]
    assert fit(["1", "2", "1", "2"]).encode(pl.DataFrame({"y": [2, 1]})).tolist() == [1, 0]


def test_a_full_stop_after_a_class_is_left_out_unless_it_makes_another() -> None:
    assert fit(["<=50K", ">50K"] * 5).encode(pl.DataFrame({"y": [">50K.", "<=50K."]})).tolist() == [1, 0]
    assert fit(["no", "no."] * 5).encode(pl.DataFrame({"y": ["no.", "no"]})).tolist() == [1, 0]


def test_unknown_class_is_named() -> None:
    with pytest.raises(TableError, match="'c' in row 2; the classes are 'a', 'b'"):
        fit(["a", "b", "a", "b"]).encode(pl.DataFrame({"y": ["a", "c"]}))
    with pytest.raises(TableError, match="missing in 1 of 2"):
        fit([0, 1]).encode(pl.DataFrame({"y": [0, None]}))
    with pytest.raises(TableError, match="'many' in row 1"):
        fit([0.5, 1.0]).encode(pl.DataFrame({"y": ["many"]}))
