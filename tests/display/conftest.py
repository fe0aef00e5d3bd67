"""Traces to look at, and how to read a number off one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import multilayer as ml
from multilayer.display.document import Equation
from multilayer.display.rendering.plain import plain


class Reader:
    """Finds equations of a trace by their printed names."""

    @staticmethod
    def equations(trace: ml.Trace) -> list[Equation]:
        return [part for section in trace.document.sections for part in section.parts if isinstance(part, Equation)]

    def names(self, trace: ml.Trace) -> set[str]:
        return {plain(e.name) for e in self.equations(trace)}

    def value(self, trace: ml.Trace, name: str) -> NDArray[np.float64]:
        """The numbers behind the first equation of that name."""
        return next(e.values for e in self.equations(trace) if plain(e.name) == name)

    def marks(self, trace: ml.Trace, name: str) -> NDArray[np.bool_]:
        equation = next(e for e in self.equations(trace) if plain(e.name) == name)
        assert equation.marks is not None
        return np.broadcast_to(equation.marks, equation.values.shape)


@pytest.fixture
def read() -> Reader:
    return Reader()


@pytest.fixture
def halves() -> tuple[ml.Objective, Any]:
    """A 2-2-1 network whose sigmoids give 1/2, 3/4 and 1/2 at x = (1, 2), so that a step can be worked by hand."""
    net = ml.Network([2, 2, 1], activation="sigmoid", output="sigmoid")
    theta = (
        ml.Layer(np.array([[0.2, -0.1], [0.4, -0.2]]), np.array([0.0, math.log(3.0)])),
        ml.Layer(np.array([[0.6, -0.4]]), np.array([0.0])),
    )
    return ml.Objective(net, loss="squared", reduction="sum"), theta
