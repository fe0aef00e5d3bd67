"""The library's own notation: z = W h + b, δ = ∂L/∂z; batches are rows, Z = H Wᵀ + b."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from multilayer.display.dependence import Weight
from multilayer.display.document import Document, Equation, Section
from multilayer.display.notations import words
from multilayer.display.step import Step, TracedLayer
from multilayer.network.layers import Hinges


def write(step: Step) -> Document:
    """A step in this notation."""
    letters = _Letters(step)
    sections = [
        Section("Given", (*_introduction(step), *_given(step, letters))),
        Section("Forward propagation", tuple(_forward(step, letters))),
    ]
    if step.no_gradient is None:
        sections += [
            Section("Backpropagation", tuple(_backward(step, letters))),
            Section("Gradient", tuple(_gradient(step, letters))),
        ]
        if step.rate is not None:
            sections.append(Section("Update", tuple(_update(step, letters))))
    else:
        sections.append(Section("Backpropagation", words.stopped(step)))
    asked = None if step.weight is None else weight_name(step.weight, letters)
    return Document("One step", tuple(sections), asked)


class _Letters:
    """Small letters of vectors for one input, capitals of matrices for a batch of rows; layers are counted from 1."""

    def __init__(self, step: Step) -> None:
        self.single = step.single
        self.x, self.y, self.f = ("x", "y", "f") if step.single else ("X", "Y", "F")
        self._last = step.layers[-1].number

    def parameter(self, field: str, number: int) -> str:
        """W, b, or an APL layer's slopes a and knees k."""
        return words.numbered({"slope": "a", "knee": "k"}.get(field, field), number)

    def z(self, number: int) -> str:
        return words.numbered("z" if self.single else "Z", number)

    def h(self, number: int) -> str:
        """Activations; the input for layer 0, the output for the last."""
        if number in (0, self._last):
            return self.f if number else self.x
        return words.numbered("h" if self.single else "H", number)

    def delta(self, number: int) -> str:
        return words.numbered(r"\delta" if self.single else r"\Delta", number)

    def h_gradient(self, number: int) -> str:
        """∂L/∂h of a hidden layer, from the layer above."""
        W, delta = self.parameter("W", number + 1), self.delta(number + 1)
        return rf"{W}^\top {delta}" if self.single else f"{delta} {W}"


def weight_name(weight: Weight, letters: _Letters) -> str:
    """The weight as it is indexed in Python."""
    return f"{letters.parameter(weight.field, weight.layer)}[{', '.join(map(str, weight.index))}]"


def _rows(
    step: Step, name: str, formula: str, values: NDArray[np.float64], marks: NDArray[np.bool_] | None
) -> Equation:
    """The rows of a batch, or one input as a column."""
    if step.single:
        return words.equation(name, formula, values[0], marks)
    return words.equation(name, formula, values, None if marks is None else marks[None])


def _introduction(step: Step) -> Iterator[str]:
    kinds = {layer.kind for layer in step.layers}
    if not step.single:
        yield "A batch has its inputs as rows."
    if "maxout" in kinds:
        yield "Maxout units keep the largest of neighbouring entries of $z$; $\\delta$ goes to the entry that was kept."
    if "apl" in kinds:
        yield "An APL layer has slopes $a$ and knees $k$: one row a hinge, one column a unit."
    if step.has_dropout:
        yield "Dropout passes values unchanged here: its masks belong to training, not to the objective."
    yield from words.groups_sentence(step)
    yield from words.penalty_sentence(step, "J")


def _given(step: Step, letters: _Letters) -> Iterator[Equation]:
    for name, values in ((letters.x, step.X), (letters.y, step.Y)):
        yield words.equation(name, "", values[0] if step.single else values, given=True)
    for layer in step.layers:
        for field in layer.parameters._fields:
            values, mark = getattr(layer.parameters, field), words.entry_mark(step, layer, field)
            if values is not None:
                yield _parameter(step, letters.parameter(field, layer.number), "", values, mark, given=True)
    if step.rate is not None:
        yield words.equation(r"\eta", "", np.array(step.rate), given=True)


def _parameter(
    step: Step,
    name: str,
    formula: str,
    values: NDArray[np.float64],
    mark: NDArray[np.bool_] | None = None,
    *,
    given: bool = False,
) -> Equation:
    """A matrix as it is; a bias as a column for one input, as the row that a batch adds."""
    if values.ndim == 1 and not step.single:
        values, mark = values[None], None if mark is None else mark[None]
    return words.equation(name, formula, values, mark, given=given)


def _forward(step: Step, letters: _Letters) -> Iterator[Equation]:
    for layer in step.layers:
        number, marks = layer.number, layer.dependents
        W, below, z = letters.parameter("W", number), letters.h(number - 1), letters.z(number)
        product = f"{W} {below}" if step.single else rf"{below} {W}^\top"
        bias = "" if layer.parameters.b is None else f" + {letters.parameter('b', number)}"
        yield _rows(step, z, product + bias, layer.z, None if marks is None else marks.z)
        formula = _activation(layer, letters, z)
        yield _rows(step, letters.h(number), formula, layer.h, None if marks is None else marks.h)
    yield words.equation("L", words.loss_formula(step.objective.head, "f", "y", "k", step.Y.shape[1]), step.losses)
    if step.penalised:
        yield words.equation(r"\lambda\Omega", "", np.array(step.penalty))
    if step.n_rows > 1 or step.penalised:
        total = words.mean_factor(step, "n") + r"\sum L" if step.n_rows > 1 else "L"
        yield words.equation("J", words.with_penalty(step, total), np.array(step.value))


def _activation(layer: TracedLayer, letters: _Letters, z: str) -> str:
    """h in terms of z."""
    match layer.kind:
        case "maxout":
            pieces = layer.z.shape[1] // layer.h.shape[1]
            return rf"\mathrm{{maxout}}_{{{pieces}}}({z})"
        case "apl":
            a, k = (letters.parameter(field, layer.number) for field in ("slope", "knee"))
            return rf"\max(0, {z}) + \sum {a} \odot \max(0, {k} - {z})"
    return words.applied(layer.activation, z)


def _backward(step: Step, letters: _Letters) -> Iterator[Equation]:
    last = step.layers[-1]
    z = letters.z(last.number)
    slope = words.times_slope(last.activation, z)
    output = words.output_delta(step.objective.head, letters.f, letters.y, slope, "L", z)
    for layer in reversed(step.layers):
        assert layer.delta is not None
        formula = output if layer is last else _hidden_delta(layer, letters)
        marks = None if layer.dependents is None else layer.dependents.delta
        yield _rows(step, letters.delta(layer.number), formula, layer.delta, marks)


def _hidden_delta(layer: TracedLayer, letters: _Letters) -> str:
    """δ of a hidden layer in terms of the layer above."""
    gradient, z = letters.h_gradient(layer.number), letters.z(layer.number)
    match layer.kind:
        case "maxout":
            return rf"({gradient}) \text{{ at the entries kept}}"
        case "apl":
            a, k = (letters.parameter(field, layer.number) for field in ("slope", "knee"))
            return rf"({gradient}) \odot (1[{z} > 0] - \sum {a} \odot 1[{z} < {k}])"
    return words.through(gradient, layer.activation, z)


def _gradient(step: Step, letters: _Letters) -> Iterator[Equation]:
    factor = words.mean_factor(step, "n")
    for layer in step.layers:
        number, gradient = layer.number, layer.gradient
        assert gradient is not None
        below, delta = letters.h(number - 1), letters.delta(number)
        W, b, a, k = (letters.parameter(field, number) for field in ("W", "b", "slope", "knee"))
        product = rf"{delta} {below}^\top" if step.single else rf"{factor}{delta}^\top {below}"
        yield _parameter(step, _nabla(W), product + words.penalty_gradient(step, W), gradient.W)
        if gradient.b is not None:
            sums = delta if step.single else rf"{factor}\text{{column sums of }}{delta}"
            yield _parameter(step, _nabla(b), sums, gradient.b)
        if isinstance(gradient, Hinges):
            z = letters.z(number)
            into = f"({letters.h_gradient(number)})" if step.single else rf"{factor}\sum ({letters.h_gradient(number)})"
            yield words.equation(_nabla(a), rf"{into} \odot \max(0, {k} - {z})", gradient.slope)
            yield words.equation(_nabla(k), rf"{into} \odot {a} \odot 1[{z} < {k}]", gradient.knee)


def _nabla(parameter: str) -> str:
    """∂J by a parameter."""
    return rf"\nabla_{{{parameter}}}"


def _update(step: Step, letters: _Letters) -> Iterator[Equation]:
    for layer in step.layers:
        assert layer.updated is not None
        for field in layer.updated._fields:
            values, name = getattr(layer.updated, field), letters.parameter(field, layer.number)
            if values is not None:
                yield _parameter(step, rf"{name} \leftarrow {name} - \eta {_nabla(name)}", "", values)
    assert step.value_after is not None
    letter = "J" if step.n_rows > 1 or step.penalised else "L"
    yield words.equation(rf"{letter} \text{{ after the update}}", "", np.array(step.value_after))
