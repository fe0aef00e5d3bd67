"""What a trace says, before it is text, LaTeX or HTML: sections of equations with their numbers.

Names and formulas are LaTeX; plain text is derived from it, so that each stands once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Equation:
    """One line: a name, the formula that it equals, and its value.

    Parameters
    ----------
    name, formula : str
        LaTeX; the formula may be empty.
    values : ndarray (rows, columns)
        Numbers; one entry is shown without brackets.
    given : bool
        Whether the numbers are given rather than computed; a worksheet keeps them.
    marks : ndarray of bool, optional
        Entries that depend on the weight in question; broadcast to the values.
    """

    name: str
    formula: str
    values: NDArray[np.float64]
    given: bool = False
    marks: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Section:
    """A heading over equations and sentences; sentences hold LaTeX between dollar signs."""

    title: str
    parts: tuple[Equation | str, ...]


@dataclass(frozen=True)
class Document:
    """A whole trace.

    Parameters
    ----------
    title : str
        Plain words.
    sections : tuple of Section
        In the order of the computation.
    asked : str or None
        LaTeX name of the weight whose dependents are marked.
    """

    title: str
    sections: tuple[Section, ...]
    asked: str | None


@dataclass(frozen=True)
class Entry:
    """One printed number; `number` None is a blank."""

    number: str | None
    marked: bool


@dataclass(frozen=True)
class Style:
    """How numbers are shown.

    Parameters
    ----------
    decimals : int
        Digits after the point of computed numbers.
    blank : bool
        Leave computed numbers and marks out.
    """

    decimals: int
    blank: bool


def entries(equation: Equation, style: Style) -> list[list[Entry]]:
    """The numbers of an equation as they are printed."""
    decimals = _fewest_decimals(equation.values, style.decimals) if equation.given else style.decimals
    marks = np.zeros(equation.values.shape, dtype=bool)
    if equation.marks is not None and not style.blank:
        marks = np.broadcast_to(equation.marks, equation.values.shape)
    blank = style.blank and not equation.given

    def entry(value: float, marked: bool) -> Entry:
        return Entry(None if blank else fixed(value, decimals), marked)

    rows = zip(equation.values.tolist(), marks.tolist(), strict=True)
    return [[entry(*pair) for pair in zip(*row, strict=True)] for row in rows]


def fixed(value: float, decimals: int) -> str:
    """A number with the given decimals, and no minus before zero."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def _fewest_decimals(values: NDArray[np.float64], most: int) -> int:
    """The fewest decimals, up to `most`, that print all values exactly."""
    return next((d for d in range(most) if (np.round(values, d) == values).all()), most)
