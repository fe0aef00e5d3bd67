"""003: samples are columns, A⁽¹⁾ = (Θ⁽¹⁾)ᵀ (1; X), Z = σ(A⁽¹⁾), A⁽²⁾ = (Θ⁽²⁾)ᵀ (1; Z), Y = σ(A⁽²⁾), δ⁽³⁾ = Y − L.

Row 0 of Θ holds the biases. δ⁽³⁾ belongs to Θ⁽²⁾ because the lecture counts the input as layer 1; δ⁽²⁾, which it does
not name, stands for the factor of X in its equation (7). The derivative has the shape of Θ, so that it is (1; Z)(δ⁽³⁾)ᵀ
where the lecture's compact line after equation (6) prints the transpose without the 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from multilayer.display.dependence import Weight
from multilayer.display.document import Document, Equation, Section
from multilayer.display.notations import words
from multilayer.display.step import Step, TracedLayer
from multilayer.network.layers import Hinges, Layer


def write(step: Step) -> Document:
    """A step in this notation."""
    words.require_dense(step, "003")
    sections = [
        Section("Given", tuple(_given(step))),
        Section("Forward propagation", tuple(_forward(step))),
    ]
    if step.no_gradient is None:
        sections.append(Section("Backward propagation", tuple(_backward(step))))
        if step.rate is not None:
            sections.append(Section("Update", tuple(_update(step))))
    else:
        sections.append(Section("Backward propagation", words.stopped(step)))
    asked = None if step.weight is None else weight_name(step.weight, step)
    return Document(words.title("003"), tuple(sections), asked)


def weight_name(weight: Weight, step: Step) -> str:
    """Θ_jk, from unit j to unit k, with j = 0 for a bias; counted from 1 otherwise."""
    to = weight.index[0] + 1
    come_from = weight.index[1] + 1 if weight.field == "W" else 0
    return f"{_Theta(weight.layer)}_{{{come_from},{to}}}"


class _Letters:
    """Small letters for one sample, capitals for a matrix of columns."""

    def __init__(self, step: Step) -> None:
        self._capital = not step.single
        self._last = step.layers[-1].number

    def _letter(self, letter: str) -> str:
        return letter.upper() if self._capital else letter

    def a(self, number: int) -> str:
        return f"{self._letter('a')}^{{({number})}}"

    def z(self, number: int) -> str:
        """Activations of a layer: the input x for 0, the output y for the last."""
        if number in (0, self._last):
            return self._letter("y" if number else "x")
        return self._letter("z") if self._last == 2 else f"{self._letter('z')}^{{({number})}}"


def _Theta(number: int) -> str:
    return rf"\Theta^{{({number})}}"


def _delta(number: int) -> str:
    """δ of the layer that Θ⁽ⁿᵘᵐᵇᵉʳ⁾ leads to, the input counted as layer 1."""
    return rf"\delta^{{({number + 1})}}"


def _below(step: Step, layer: TracedLayer) -> str:
    """(1; Z) of the layer below."""
    z = _Letters(step).z(layer.number - 1)
    return z if layer.parameters.b is None else rf"\begin{{pmatrix}}1\\{z}\end{{pmatrix}}"


def _joined(values: Layer | Hinges) -> NDArray[np.float64]:
    """Θ: the biases as row 0 above Wᵀ."""
    return words.with_bias(values.W, values.b).T


def _mark(step: Step, layer: TracedLayer) -> NDArray[np.bool_] | None:
    mark = words.joined_mark(step, layer)
    return None if mark is None else mark.T


def _given(step: Step) -> Iterator[Equation | str]:
    if not step.single:
        yield "Samples are columns."
    if any(layer.parameters.b is not None for layer in step.layers):
        x, z = ("x", "z") if step.single else ("X", "Z")
        yield f"Row 0 of $\\Theta$ holds the biases; the ones above ${x}$ and ${z}$ are left out of their numbers."
    yield from words.groups_sentence(step)
    yield from words.penalty_sentence(step, "E")
    yield words.equation(_Letters(step).z(0), "", step.X.T, given=True)
    yield words.equation("L", "", step.Y.T, given=True)
    for layer in step.layers:
        yield words.equation(_Theta(layer.number), "", _joined(layer.parameters), _mark(step, layer), given=True)
    if step.rate is not None:
        yield words.equation(r"\eta", "", np.array(step.rate), given=True)


def _forward(step: Step) -> Iterator[Equation]:
    letters = _Letters(step)
    for layer in step.layers:
        number, marks = layer.number, layer.dependents
        product = rf"({_Theta(number)})^\top {_below(step, layer)}"
        yield words.equation(letters.a(number), product, layer.z.T, None if marks is None else marks.z)
        activated = words.applied(layer.activation, letters.a(number))
        yield words.equation(letters.z(number), activated, layer.h.T, None if marks is None else marks.h)
    several = step.n_rows > 1
    rows = (words.mean_factor(step, "M") + r"\sum_m ", "m") if several else ("", "")
    y = letters.z(step.layers[-1].number)
    formula = words.loss_formula(step.objective.head, y, "L", "k", step.Y.shape[1], log=r"\ln", rows=rows)
    if step.penalised:
        yield words.equation(r"\lambda\Omega", "", np.array(step.penalty))
    yield words.equation("E", words.with_penalty(step, formula), np.array(step.value))


def _backward(step: Step) -> Iterator[Equation | str]:
    letters, last = _Letters(step), step.layers[-1].number
    if len(step.layers) > 1:
        yield (
            f"${_delta(last)}$ counts the input as layer 1; $\\Theta_{{1\\dots}}$ is $\\Theta$ without row 0; "
            "the errors of hidden layers stand for a factor of equation (7)."
        )
    for layer in reversed(step.layers):
        number, a = layer.number, letters.a(layer.number)
        slope = words.times_slope(layer.activation, a)
        if number == last:
            formula = words.output_delta(step.objective.head, letters.z(last), "L", slope, "E", a)
        else:
            above = step.layers[number]
            rows = "" if above.parameters.b is None else r"_{1\dots}"
            formula = words.through(f"{_Theta(number + 1)}{rows} {_delta(number + 1)}", layer.activation, a)
        assert layer.delta is not None
        marks = None if layer.dependents is None else layer.dependents.delta
        yield words.equation(_delta(number), formula, layer.delta.T, marks)
    for layer in reversed(step.layers):
        assert layer.gradient is not None
        factor = words.mean_factor(step, "M")
        penalty = words.penalty_gradient(step, _Theta(layer.number))
        formula = rf"{factor}{_below(step, layer)} ({_delta(layer.number)})^\top{penalty}"
        yield words.equation(_derivative(layer.number), formula, _joined(layer.gradient))


def _derivative(number: int) -> str:
    return rf"\partial E/\partial {_Theta(number)}"


def _update(step: Step) -> Iterator[Equation]:
    for layer in step.layers:
        assert layer.updated is not None
        Theta = _Theta(layer.number)
        change = rf"{Theta} \leftarrow {Theta} - \eta {_derivative(layer.number)}"
        yield words.equation(change, "", _joined(layer.updated))
    assert step.value_after is not None
    yield words.equation(r"E \text{ after the update}", "", np.array(step.value_after))
