"""The layout of lectures that follow one input at a time, in column vectors, with weights and biases apart (001, 002).

Several inputs stand one after another, and their gradients are joined at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from multilayer.display.document import Document, Equation, Section
from multilayer.display.notations import words
from multilayer.display.step import Step, TracedLayer


@dataclass(frozen=True)
class Letters:
    """A lecture's letters, as LaTeX; layers are numbered from 1, number 0 being the input.

    Parameters
    ----------
    title : str
        Heading of the document.
    introduction : tuple of str
        Sentences before the numbers.
    x, y : str
        Input and target.
    loss : callable
        Of an input's number: the name of its L.
    alone, objective, count : str
        L where there is one input and no penalty, J otherwise, and N.
    W, b, z, h : callable
        Of a layer's number.
    delta, h_gradient : callable
        Of the name of L and a layer's number.
    gradient : callable
        Of the name of what is minimised and of a parameter.
    activated, slope : callable
        Of a layer's number, g(z) and the factor ⊙ g′(z).
    output_delta : str
        δ of the last layer.
    loss_formula : str
        L in terms of f and y.
    asked : str or None
        The weight whose dependents are marked.
    """

    title: str
    introduction: tuple[str, ...]
    x: str
    y: str
    loss: Callable[[int | str], str]
    alone: str
    objective: str
    count: str
    W: Callable[[int], str]
    b: Callable[[int], str]
    z: Callable[[int], str]
    h: Callable[[int], str]
    delta: Callable[[str, int], str]
    h_gradient: Callable[[str, int], str]
    gradient: Callable[[str, str], str]
    activated: Callable[[int], str]
    slope: Callable[[int], str]
    output_delta: str
    loss_formula: str
    asked: str | None


def write(step: Step, letters: Letters) -> Document:
    """A step in these letters."""
    alone = step.n_rows == 1
    sections = [Section("Given", tuple(_given(step, letters)))]
    for row in range(step.n_rows):
        where = "" if alone else f", input {row + 1} of {step.n_rows}"
        forward = tuple(_forward(step, letters, row))
        shown = () if alone else tuple(_input(step, letters, row))
        sections.append(Section(f"Forward propagation{where}", shown + forward))
        if step.no_gradient is None:
            sections.append(Section(f"Backpropagation{where}", tuple(_backward(step, letters, row))))
    if step.no_gradient is not None:
        sections.append(Section("Backpropagation", words.stopped(step)))
    if step.penalised or not alone:
        sections.append(Section("With the penalty" if alone else "All inputs", tuple(_joined(step, letters))))
    if step.rate is not None and step.no_gradient is None:
        sections.append(Section("Update", tuple(_update(step, letters))))
    return Document(letters.title, tuple(sections), letters.asked)


def _loss(step: Step, letters: Letters, number: int | str) -> str:
    """The name of one input's loss: J's own where the two are the same."""
    return letters.loss(number) if step.n_rows > 1 or step.penalised else letters.alone


def _given(step: Step, letters: Letters) -> Iterator[Equation | str]:
    yield from letters.introduction
    yield from words.groups_sentence(step)
    yield from words.penalty_sentence(step, letters.objective)
    if step.n_rows == 1:
        yield from _input(step, letters, 0)
    for layer in step.layers:
        for name, field in ((letters.W, "W"), (letters.b, "b")):
            values = getattr(layer.parameters, field)
            if values is not None:
                mark = words.entry_mark(step, layer, field)
                yield words.equation(name(layer.number), "", values, mark, given=True)
    if step.rate is not None:
        yield words.equation(r"\eta", "", np.array(step.rate), given=True)


def _input(step: Step, letters: Letters, row: int) -> Iterator[Equation]:
    yield words.equation(letters.x, "", step.X[row], given=True)
    yield words.equation(letters.y, "", step.Y[row], given=True)


def _forward(step: Step, letters: Letters, row: int) -> Iterator[Equation]:
    for layer in step.layers:
        number, marks = layer.number, layer.dependents
        bias = "" if layer.parameters.b is None else f" + {letters.b(number)}"
        formula = f"{letters.W(number)} {letters.h(number - 1)}{bias}"
        yield words.equation(letters.z(number), formula, layer.z[row], None if marks is None else marks.z)
        formula = letters.activated(number)
        yield words.equation(letters.h(number), formula, layer.h[row], None if marks is None else marks.h)
    yield words.equation(_loss(step, letters, row + 1), letters.loss_formula, np.array(step.losses[row]))


def _backward(step: Step, letters: Letters, row: int) -> Iterator[Equation]:
    """From the last layer to the first; the loop ends before it would need the activation of the input."""
    loss = _loss(step, letters, row + 1)
    formula = letters.output_delta
    for layer in reversed(step.layers):
        number, marks = layer.number, layer.dependents
        assert layer.delta is not None
        if layer.h_gradient is not None:
            name = letters.h_gradient(loss, number)
            product = f"{words.transposed(letters.W(number + 1))} {letters.delta(loss, number + 1)}"
            yield words.equation(name, product, layer.h_gradient[row], None if marks is None else marks.h_gradient)
            formula = name + letters.slope(number)
        name = letters.delta(loss, number)
        yield words.equation(name, formula, layer.delta[row], None if marks is None else marks.delta)
        if step.n_rows == 1 and not step.penalised:
            yield from _gradients(letters, layer, loss, loss)


def _gradients(
    letters: Letters, layer: TracedLayer, of: str, loss: str, factor: str = "", penalty: str = ""
) -> Iterator[Equation]:
    """∂/∂W and ∂/∂b of one layer, made of δ of `loss`; `factor` stands before, `penalty` after."""
    number, gradient = layer.number, layer.gradient
    assert gradient is not None
    delta, below = letters.delta(loss, number), words.transposed(letters.h(number - 1))
    W, b = letters.W(number), letters.b(number)
    yield words.equation(letters.gradient(of, W), f"{factor}{delta} {below}{penalty}", gradient.W)
    if gradient.b is not None:
        yield words.equation(letters.gradient(of, b), f"{factor}{delta}", gradient.b)


def _joined(step: Step, letters: Letters) -> Iterator[Equation]:
    """Objective and gradient over all inputs, with the penalty."""
    several = step.n_rows > 1
    factor = words.mean_factor(step, letters.count) + r"\sum_i " if several else ""
    loss = letters.loss("i" if several else 1)
    if step.penalised:
        yield words.equation(r"\lambda\Omega", "", np.array(step.penalty))
    total = words.with_penalty(step, f"{factor}{loss}")
    yield words.equation(letters.objective, total, np.array(step.value))
    if step.no_gradient is None:
        for layer in reversed(step.layers):
            penalty = words.penalty_gradient(step, letters.W(layer.number))
            yield from _gradients(letters, layer, letters.objective, loss, factor, penalty)


def _update(step: Step, letters: Letters) -> Iterator[Equation]:
    of = letters.objective if step.n_rows > 1 or step.penalised else letters.alone
    for layer in step.layers:
        for name, field in ((letters.W(layer.number), "W"), (letters.b(layer.number), "b")):
            values = getattr(layer.updated, field)
            if values is not None:
                change = rf"{name} \leftarrow {name} - \eta {letters.gradient(of, name)}"
                yield words.equation(change, "", values)
    assert step.value_after is not None
    yield words.equation(rf"{of} \text{{ after the update}}", "", np.array(step.value_after))
