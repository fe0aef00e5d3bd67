"""The library's own notation: z = W h + b, δ = ∂L/∂z; batches are rows, Z = H Wᵀ + b."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from multilayer.display.dependence import Weight
from multilayer.display.document import Document, Equation, Section
from multilayer.display.notations import words
from multilayer.display.step import Step, TracedLayer
from multilayer.network.layers import Hinges

ABBREVIATED = {"slope": "a", "knee": "k"}


def write(step: Step) -> Document:
    """A step in this notation."""
    sections = [
        Section("Given", (*_introduction(step), *_given(step))),
        Section("Forward propagation", tuple(_forward(step))),
    ]
    if step.no_gradient is None:
        sections += [
            Section("Backpropagation", tuple(_backward(step))),
            Section("Gradient", tuple(_gradient(step))),
        ]
        if step.rate is not None:
            sections.append(Section("Update", tuple(_update(step))))
    else:
        sections.append(Section("Backpropagation", words.stopped(step)))
    return Document("One step", tuple(sections), None if step.weight is None else weight_name(step.weight))


def weight_name(weight: Weight) -> str:
    """The weight as it is indexed in Python."""
    return f"{_field(weight.layer, weight.field)}[{', '.join(map(str, weight.index))}]"


class _Letters:
    """Letters of vectors for one input, of matrices for a batch of rows; layers are numbered from 1."""

    def __init__(self, step: Step) -> None:
        self.single = step.single
        self.x, self.y, self.f = ("x", "y", "f") if step.single else ("X", "Y", "F")
        self.last = step.layers[-1].number

    def z(self, number: int) -> str:
        return f"{'z' if self.single else 'Z'}_{number}"

    def h(self, number: int) -> str:
        if number in (0, self.last):
            return self.f if number else self.x
        return f"{'h' if self.single else 'H'}_{number}"

    def delta(self, number: int) -> str:
        return (r"\delta" if self.single else r"\Delta") + f"_{number}"

    def h_gradient(self, number: int) -> str:
        """∂L/∂h, from the layer above."""
        if self.single:
            return rf"W_{number + 1}^\top {self.delta(number + 1)}"
        return rf"{self.delta(number + 1)} W_{number + 1}"


def _field(number: int, field: str) -> str:
    return f"{ABBREVIATED.get(field, field)}_{number}"


def _line(
    step: Step, name: str, formula: str, values: NDArray[np.float64], marks: NDArray[np.bool_] | None = None
) -> Equation:
    """Rows of a batch, or one input as a column."""
    if step.single:
        return words.equation(name, formula, values[0], marks)
    return words.equation(name, formula, values, None if marks is None else marks[None])


def _introduction(step: Step) -> Iterator[str]:
    kinds = {layer.kind for layer in step.layers}
    if not step.single:
        yield "A batch has its inputs as rows."
    if "maxout" in kinds:
        yield "A maxout unit keeps the largest of neighbouring entries of $z$; $\\delta$ goes to the entry that was kept."
    if "apl" in kinds:
        yield "An APL layer has slopes $a$ and knees $k$: one row a hinge, one column a unit."
    if step.has_dropout:
        yield "Dropout passes values unchanged here: its masks belong to training, not to the objective."
    yield from words.penalty_sentence(step, "J")


def _given(step: Step) -> Iterator[Equation]:
    letters = _Letters(step)
    for name, values in ((letters.x, step.X), (letters.y, step.Y)):
        yield words.equation(name, "", values[0] if step.single else values, given=True)
    for layer in step.layers:
        yield from _parameters(step, layer, layer.parameters, given=True)
    if step.rate is not None:
        yield words.equation(r"\eta", "", np.array(step.rate), given=True)


def _parameters(step: Step, layer: TracedLayer, values: object, given: bool) -> Iterator[Equation]:
    """One equation a field of a layer's named tuple."""
    for field in layer.parameters._fields:
        array = getattr(values, field)
        if array is None:
            continue
        mark = words.entry_mark(step, layer, field) if given else None
        if field == "b" and not step.single:
            array, mark = array[None], None if mark is None else mark[None]
        name = _field(layer.number, field)
        name = name if given else rf"{name} \leftarrow {name} - \eta \nabla_{{{name}}}"
        yield words.equation(name, "", array, mark, given=given)


def _forward(step: Step) -> Iterator[Equation]:
    letters = _Letters(step)
    for layer in step.layers:
        number, below = layer.number, letters.h(layer.number - 1)
        W, marks = f"W_{number}", layer.dependents
        product = f"{W} {below}" if step.single else rf"{below} {W}^\top"
        bias = "" if layer.parameters.b is None else f" + b_{number}"
        yield _line(step, letters.z(number), product + bias, layer.z, None if marks is None else marks.z)
        formula = _activation(layer, letters.z(number))
        yield _line(step, letters.h(number), formula, layer.h, None if marks is None else marks.h)
    yield from _loss(step)


def _activation(layer: TracedLayer, z: str) -> str:
    match layer.kind:
        case "maxout":
            pieces = layer.z.shape[1] // layer.h.shape[1]
            return rf"\mathrm{{maxout}}_{{{pieces}}}({z})"
        case "apl":
            n = layer.number
            return rf"\max(0, {z}) + \sum a_{n} \odot \max(0, k_{n} - {z})"
    return words.applied(layer.activation, z)


def _loss(step: Step) -> Iterator[Equation]:
    head = step.objective.head
    formula = words.loss_formula(head, "f", "y", "k", step.Y.shape[1])
    yield words.equation("L", formula, step.losses)
    if step.n_rows > 1 or step.penalised:
        if step.penalised:
            yield words.equation(r"\lambda\Omega", "", np.array(step.penalty))
        total = words.mean_factor(step, "n") + r"\sum L" if step.n_rows > 1 else "L"
        yield words.equation("J", words.with_penalty(step, total), np.array(step.value))


def _backward(step: Step) -> Iterator[Equation]:
    letters, last = _Letters(step), step.layers[-1]
    z, f, y = letters.z(last.number), letters.f, letters.y
    slope = words.times_slope(last.activation, z)
    formula = words.output_delta(step.objective.head, f, y, slope, "L", z)
    for layer, above in pairwise((*reversed(step.layers), None)):
        assert layer is not None
        assert layer.delta is not None
        marks = None if layer.dependents is None else layer.dependents.delta
        yield _line(step, letters.delta(layer.number), formula, layer.delta, marks)
        if above is not None:
            formula = _delta(above, letters)


def _delta(layer: TracedLayer, letters: _Letters) -> str:
    """δ of a hidden layer."""
    gradient, z = letters.h_gradient(layer.number), letters.z(layer.number)
    match layer.kind:
        case "maxout":
            return rf"({gradient}) \text{{ at the entries kept}}"
        case "apl":
            n = layer.number
            return rf"({gradient}) \odot (1[{z} > 0] - \sum a_{n} \odot 1[{z} < k_{n}])"
    return words.through(gradient, layer.activation, z)


def _gradient(step: Step) -> Iterator[Equation]:
    letters, factor = _Letters(step), words.mean_factor(step, "n")
    for layer in step.layers:
        n, below, delta = layer.number, letters.h(layer.number - 1), letters.delta(layer.number)
        assert layer.gradient is not None
        product = rf"{delta} {below}^\top" if step.single else rf"{factor}{delta}^\top {below}"
        yield words.equation(rf"\nabla_{{W_{n}}}", product + words.penalty_gradient(step, f"W_{n}"), layer.gradient.W)
        if layer.gradient.b is not None:
            b = layer.gradient.b
            formula = delta if step.single else rf"{factor}\text{{column sums of }}{delta}"
            yield words.equation(rf"\nabla_{{b_{n}}}", formula, b if step.single else b[None])
        if isinstance(layer.gradient, Hinges):
            into = f"({letters.h_gradient(n)})"
            rows = factor if step.single else rf"{factor}\sum "
            z = letters.z(n)
            yield words.equation(
                rf"\nabla_{{a_{n}}}", rf"{rows}{into} \odot \max(0, k_{n} - {z})", layer.gradient.slope
            )
            yield words.equation(rf"\nabla_{{k_{n}}}", rf"{rows}{into} \odot a_{n} \odot 1[{z} < k_{n}]", layer.gradient.knee)


def _update(step: Step) -> Iterator[Equation]:
    for layer in step.layers:
        yield from _parameters(step, layer, layer.updated, given=False)
    assert step.value_after is not None
    letter = "J" if step.n_rows > 1 or step.penalised else "L"
    yield words.equation(rf"{letter} \text{{ after the update}}", "", np.array(step.value_after))
