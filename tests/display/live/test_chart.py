"""Curves of braille: dots where the values are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.display.live.chart import chart

values = st.floats(-1e6, 1e6)


def rows(text: object) -> list[str]:
    """The lines of a chart without the labels on the left and without the last one."""
    return ["".join(c for c in line if c >= "⠀") for line in str(text).splitlines()[:-1]]


def test_a_falling_line_by_hand() -> None:
    lines = str(chart({"training": [1.0, 0.0]}, 24, 4)).splitlines()
    assert lines[0].startswith("1 ")
    assert lines[2].startswith("0 ")
    assert lines[-1] == "  epoch 2  training 0"
    assert lines[0][2] != "⠀"  # begins at the top left …
    assert lines[2][-1] != "⠀"  # … and ends at the bottom right
    assert set(lines[0][13:]) == set(lines[2][2:13]) == {"⠀"}


def test_a_constant_lies_flat() -> None:
    lit = [row for row in rows(chart({"training": [3.0] * 9}, 30, 6)) if set(row) - {"⠀"}]
    assert len(lit) == 1
    assert len(set(lit[0])) == 1


@given(st.lists(values, min_size=1, max_size=300), st.integers(24, 90), st.integers(4, 20))
def test_fits_and_names_the_extremes(curve: list[float], width: int, height: int) -> None:
    lines = str(chart({"training": curve}, width, height)).splitlines()
    assert len(lines) == height
    assert {len(line) for line in lines[:-1]} == {width}
    assert lines[0].strip().startswith(f"{max(curve):.4g}")
    assert lines[-2].strip().startswith(f"{min(curve):.4g}")
    assert lines[-1].endswith(f"epoch {len(curve)}  training {curve[-1]:.4g}")


@given(st.lists(values, min_size=2, max_size=40))
def test_a_curve_has_no_gaps(curve: list[float]) -> None:
    """Every column has a dot, whichever way up."""
    for turned in (curve, [-v for v in curve]):
        columns = zip(*rows(chart({"training": turned}, 40, 8)), strict=True)
        assert all(set(column) - {"⠀"} for column in columns)


def test_what_is_not_finite_is_left_out() -> None:
    text = chart({"training": [math.nan, 2.0, math.inf, 1.0]}, 30, 5)
    lines = str(text).splitlines()
    assert lines[0].startswith("2 ")
    assert lines[-2].startswith("1 ")


def test_nothing_finite_is_an_empty_chart() -> None:
    assert all(set(row) <= {"⠀"} for row in rows(chart({"training": [math.nan]}, 30, 5)))


def test_two_curves_have_two_colours() -> None:
    text = chart({"training": [1.0, 0.0], "validation": [0.0, 1.0]}, 30, 6)
    colours = {str(span.style) for span in text.spans} - {"dim"}
    assert len(colours) == 2


@pytest.mark.parametrize("n", [10, 10_000])
def test_long_runs_are_thinned_to_the_width(n: int) -> None:
    curve = np.linspace(1.0, 0.0, n).tolist()
    text = str(chart({"training": curve}, 40, 8))
    assert text.splitlines()[-1] == f"  epoch {n}  training 0"
    assert text.splitlines()[0][2] != "⠀"
