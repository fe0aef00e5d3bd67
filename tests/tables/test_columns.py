"""The kind of every column, and why."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from multilayer.tables.columns import Column, decide_columns
from multilayer.tables.errors import TableError
from multilayer.tables.target import TargetPreparation

N = 40
TARGET = [i % 2 for i in range(N)]


def decide(values: list[object] | pl.Series, *, name: str = "x", target: list[object] | None = None) -> Column:
    frame = pl.DataFrame({name: values, "y": TARGET if target is None else target})
    (column,) = decide_columns(frame, TargetPreparation.fit(frame, "y"))
    assert column.name == name
    return column


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        (list(range(N)), "numeric", "from 0 to 39"),
        ([i % 3 for i in range(N)], "numeric", "from 0 to 2"),
        ([None, *range(1, N)], "numeric", "1 missing"),
        ([i % 3 == 0 for i in range(N)], "boolean", "true and false"),
        ([("red", "green", "blue")[i % 3] for i in range(N)], "categorical", "3 categories: 'blue', 'green', 'red'"),
        ([("red", None)[i % 3 == 0] for i in range(N)], "categorical", "14 missing"),
        ([datetime.date(2020, 1, 1 + i % 9) for i in range(N)], "numeric", "from 2020-01-01 to 2020-01-09, as seconds"),
        ([datetime.timedelta(hours=i) for i in range(N)], "numeric", "as seconds"),
        ([3] * N, "ignored", "always 3"),
        (["a"] * N, "ignored", "always 'a'"),
        ([None] * N, "ignored", "every value is missing"),
        ([f"Ticket {i}" for i in range(N)], "ignored", "every row has its own"),
        ([f"Ticket {i // 2 * (i % 7)}" for i in range(N)], "ignored", "free text: "),
        ([f"{i}.5" if i != 3 else "unknown" for i in range(N)], "ignored", "row 4 holds 'unknown'"),
        ([f"{i}.5" if i else "NA" for i in range(N)], "numeric", "from 1.5 to 39.5"),
        (
            pl.Series(["low", "low", "high", "high"] * (N // 4), dtype=pl.Enum(["low", "high"])),
            "categorical",
            "'high', 'low'",
        ),
        (pl.Series(["a", "b", "b", "a"] * (N // 4), dtype=pl.Categorical), "categorical", "'a', 'b'"),
        ([[1, 2]] * N, "ignored", "neither numbers nor text"),
        ([b"x"] * N, "ignored", "neither numbers nor text"),
    ],
)
def test_kinds(values: list[object], kind: str, reason: str) -> None:
    column = decide(values)
    assert column.kind == kind
    assert reason in column.reason


def test_more_categories_than_can_be_columns_are_text() -> None:
    n = 255 * 4
    for categories, kind in ((255, "categorical"), (256, "ignored")):
        values = [f"town {i % categories}" for i in range(n)]
        assert decide(values, target=[i % 3 for i in range(n)]).kind == kind


@pytest.mark.parametrize(
    "name", ["id", "ID", "user_id", "PassengerId", "customerID", "index", "Unnamed: 0", "unnamed_1"]
)
def test_identifiers(name: str) -> None:
    shuffled = np.random.default_rng(0).permutation(N).tolist()
    assert decide(shuffled, name=name).kind == "ignored"
    assert decide([value // 2 for value in shuffled], name=name).kind == "numeric"


@pytest.mark.parametrize("name", ["age", "humid", "paid", "Madrid", "grid", "cases"])
def test_whole_numbers_that_all_differ_are_numbers_under_other_names(name: str) -> None:
    assert decide(list(range(N)), name=name).kind == "numeric"


@pytest.mark.parametrize(
    ("values", "target", "repeats"),
    [
        ([("no", "yes")[y] for y in TARGET], TARGET, True),
        ([1 - y for y in TARGET], TARGET, True),
        ([(None, "dead")[y] for y in TARGET], TARGET, True),
        ([i % 3 for i in range(N)], [("a", "b", "c")[i % 3] for i in range(N)], True),
        ([("no", "yes")[y] for y in TARGET[1:]] + ["no"] * 1, [*TARGET[:-1], 0], False),
        ([i % 4 for i in range(N)], TARGET, False),
        ([i / 3 for i in range(N)], [i / 3 for i in range(N)], True),
        # One-to-one, as any two columns of different numbers are.
        ([i / 3 for i in range(N)], [(i / 3) ** 2 for i in range(N)], False),
    ],
)
def test_column_that_repeats_the_target(values: list[object], target: list[object], repeats: bool) -> None:
    column = decide(values, target=target)
    assert (column.reason == "repeats the target 'y': it would give the answer away") == repeats
    if repeats:
        # One row that breaks the rule makes the difference.
        other = next(value for value in target if value != target[0])
        assert decide([*values, values[0]], target=[*target, other]).kind != "ignored"


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e200])
def test_numbers_without_measure_are_refused(value: float) -> None:
    with pytest.raises(TableError, match=r"'x' holds -?(inf|1e\+200) in row 3"):
        decide([0.0, 1.0, value, *range(N - 3)])


def test_the_target_is_not_among_the_columns_and_order_is_kept() -> None:
    frame = pl.DataFrame({"b": range(N), "y": TARGET, "a": range(N)})
    assert [column.name for column in decide_columns(frame, TargetPreparation.fit(frame, "y"))] == ["b", "a"]
