"""`trace`: one step of a network with every number, in the library's notation or a lecture's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.display.document import Document, Style
from multilayer.display.notations import NOTATIONS, Notation
from multilayer.display.rendering.html import to_html
from multilayer.display.rendering.latex import to_latex
from multilayer.display.rendering.text import to_text
from multilayer.display.step import Step, TracedLayer, take_step
from multilayer.network.objective import Objective

MOST_DECIMALS = 15


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """A traced step and how it is shown: as text at the prompt and by ``print``, as a table in a notebook.

    Attributes
    ----------
    step : Step
        Every number: rows, targets, losses, J, and the layers with z, h, δ, gradients, updated parameters.
    notation : str
        Whose letters, signs and order of indices.
    decimals : int
        Digits after the point of computed numbers.
    blank : bool
        Whether this is a worksheet, with blanks for computed numbers.
    """

    step: Step
    notation: Notation
    decimals: int
    blank: bool

    @property
    def layers(self) -> tuple[TracedLayer, ...]:
        """The layers of the step, ``layers[0].z`` being the first layer's pre-activations."""
        return self.step.layers

    @property
    def document(self) -> Document:
        """What is shown, before it is text, LaTeX or HTML."""
        return NOTATIONS[self.notation](self.step)

    def text(self) -> str:
        """Give the trace as plain text."""
        return to_text(self.document, self._style)

    def latex(self) -> str:
        """Give the trace as LaTeX; needs the package amsmath."""
        return to_latex(self.document, self._style)

    def worksheet(self) -> Trace:
        """Give the same trace with blanks for computed numbers and marks."""
        return replace(self, blank=True)

    def solution(self) -> Trace:
        """Give the same trace with all numbers and marks."""
        return replace(self, blank=False)

    @property
    def _style(self) -> Style:
        return Style(self.decimals, self.blank)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return to_html(self.document, self._style)

    def _repr_latex_(self) -> str:
        return self.latex()


def trace(
    objective: Objective,
    theta: Sequence[Any] | NDArray[Any],
    x: ArrayLike,
    t: ArrayLike,
    *,
    notation: Notation = "multilayer",
    rate: float | None = None,
    decimals: int = 4,
    blank: bool = False,
    depends_on: str | None = None,
) -> Trace:
    """Trace one step: every z, h, δ, ∇W and ∇b, and with a rate the parameters before and after θ ← θ − η∇J(θ).

    The numbers are those of the network's own propagation (001: "Backpropagation"; 002; 003: sections 1 and 3; 004:
    ML:IV-85 to 101). δ belongs to each row's own loss; averaging, sum and penalty enter the gradients. Dropout passes
    values unchanged, as in `Objective.value_and_gradient`.

    Parameters
    ----------
    objective : Objective
        J, with the network.
    theta : parameters
        As `Network.initialize` gives them.
    x : array_like (D,) or (n, D)
        One input, or a batch of rows; 003 and 004 show a batch as columns, 001 and 002 one input after another.
    t : array_like
        The input's target, or the rows' targets as the objective takes them.
    notation : {"multilayer", "001", "002", "003", "004"}
        The library's notation or a lecture's, with its letters, its sign of δ (004: −∂L/∂z), its order of indices and
        its places of biases.
    rate : float, optional
        η > 0; shows the update.
    decimals : int
        Digits after the point of computed numbers, 0 to 15; given ones show as few as they need, up to this.
    blank : bool
        A worksheet: blanks for computed numbers and marks. `Trace.solution` fills them in.
    depends_on : str, optional
        A weight, as ``"2.W[0, 1]"``: layer 2 (counted from 1), to unit 0, from unit 1 (counted from 0 as in NumPy); or
        ``"2.b[0]"``. Marks every z, h, output and δ that depends on it, by the graph of the computation (004: ML:IV-92,
        ML:IV-121); a marked term may still stand still, behind a relu at 0 for example.

    Returns
    -------
    Trace
        ``print`` it, or call ``text()`` or ``latex()``; ``layers`` and ``step`` hold the numbers.
        Through threshold units no gradient flows: the forward part is shown, and why the rest is missing.

    Raises
    ------
    ValueError, TypeError
        Naming the argument; for a lecture's notation also if the network has layers that the lecture has no letters for
        (dropout, maxout, APL).
    """
    if notation not in NOTATIONS:
        raise ValueError(f"notation: came {notation!r}; allowed: {', '.join(NOTATIONS)}")
    if isinstance(decimals, bool) or not isinstance(decimals, (int, np.integer)) or not 0 <= decimals <= MOST_DECIMALS:
        raise ValueError(f"decimals: must be an integer from 0 to {MOST_DECIMALS}, came {decimals!r}")
    traced = Trace(take_step(objective, theta, x, t, rate, depends_on), notation, int(decimals), blank)
    _ = traced.document  # a notation without letters for some layer refuses here, not when it is printed
    return traced
