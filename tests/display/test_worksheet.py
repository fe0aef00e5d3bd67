"""Worksheets: blanks for whatever is computed, the same layout, and the way back to the solution."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import multilayer as ml
from multilayer.display.notations import NOTATIONS

every_notation = pytest.mark.parametrize("notation", NOTATIONS)

NUMBER = re.compile(r"-?\d+\.\d{4}")


class TestWorksheet:
    @pytest.fixture
    def example(self) -> tuple[Any, ...]:
        net = ml.Network([2, 3, 2], activation="tanh", output="softmax")
        theta = net.unpack((np.arange(net.n_parameters) - 8) / 10)
        return ml.Objective(net, penalty=ml.L2(0.1)), theta, [[0.5, -1.5], [2.0, 1.0]], [0, 1]

    @every_notation
    @pytest.mark.parametrize("form", ["text", "latex", "_repr_html_"])
    def test_shows_no_computed_number(self, read: Any, example: Any, notation: Any, form: str) -> None:
        """All given numbers have one decimal, so that four decimals betray a computed one."""
        trace = ml.trace(*example, notation=notation, rate=0.5, blank=True, depends_on="1.W[0, 0]")
        assert not NUMBER.findall(getattr(trace, form)())
        assert len(NUMBER.findall(getattr(trace.solution(), form)())) == sum(
            e.values.size for e in read.equations(trace) if not e.given
        )

    @every_notation
    def test_keeps_what_is_given(self, read: Any, example: Any, notation: Any) -> None:
        trace = ml.trace(*example, notation=notation, rate=0.5, blank=True)
        text = trace.text()
        for number in ("-1.5", "-0.8", "0.7", "0.5"):
            assert number in text
        assert sum(e.given for e in read.equations(trace)) >= 5

    @every_notation
    def test_has_the_layout_of_its_solution(self, example: Any, notation: Any) -> None:
        blank = ml.trace(*example, notation=notation, rate=0.5, blank=True)
        solution = blank.solution()
        shapes = [[re.sub(r"[-_.\d\s]+", " ", line) for line in t.text().splitlines()] for t in (blank, solution)]
        assert shapes[0] == shapes[1]

    def test_blanks_have_one_size(self, example: Any) -> None:
        blanks = re.findall(r"_{3,}", ml.trace(*example, blank=True).text())
        assert len(set(blanks)) == 1

    def test_marks_are_left_to_the_student(self, example: Any) -> None:
        sheet = ml.trace(*example, blank=True, depends_on="1.W[0, 0]")
        assert "Mark what depends on W₁[0, 0]." in sheet.text()
        assert "*" not in sheet.text()
        assert "boxed" not in sheet.latex()
        assert "<mark>" not in sheet._repr_html_()
        assert "0.8000*" not in sheet.solution().text()
        assert sheet.solution().text().count("*") > 5

    def test_there_and_back(self, example: Any) -> None:
        solution = ml.trace(*example)
        assert solution.worksheet().solution().text() == solution.text()
        assert solution.worksheet().text() == ml.trace(*example, blank=True).text()
