"""004: Wʰ, Wᵒ (or Wʰ₁ … Wʰ_d) with the biases as column 0, yʰ = (1; σ(Wʰx)), y = σ(Wᵒyʰ), and δ = −∂L/∂z.

The sections are lines 5 to 8 of the algorithms IGD_MLP2 (ML:IV-96 to 101) and IGD_MLPd (ML:IV-111 to 116). Several
examples stand as columns, as in "Forward Propagation: Batch Mode" (ML:IV-86); their updates are summed over D
(ML:IV-94, 95).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from multilayer.display.dependence import Weight
from multilayer.display.document import Document, Equation, Section
from multilayer.display.notations import words
from multilayer.display.step import Step, TracedLayer
from multilayer.formulas.own_losses import residual


def write(step: Step) -> Document:
    """A step in this notation."""
    words.require_dense(step, "004")
    sections = [
        Section("Given", tuple(_given(step))),
        Section("Line 5: model function evaluation (forward propagation)", tuple(_forward(step))),
        Section("Line 6: calculation of the residual vector", tuple(_residual(step))),
    ]
    if step.no_gradient is None:
        per = "per example" if step.n_rows == 1 else "per batch D"
        sections += [
            Section("Line 7a: derivative of the loss (backpropagation)", tuple(_backward(step))),
            Section(f"Line 7b: derivative of the loss, {per}", tuple(_change(step))),
        ]
        if step.rate is not None:
            sections.append(Section("Line 8: parameter vector update, one gradient step down", tuple(_update(step))))
    else:
        sections.append(Section("Line 7: derivative of the loss (backpropagation)", words.stopped(step)))
    asked = None if step.weight is None else weight_name(step.weight, step)
    return Document(words.title("004"), tuple(sections), asked)


def weight_name(weight: Weight, step: Step) -> str:
    """w_ij, to unit i from unit j, with j = 0 for a bias; counted from 1 otherwise."""
    to = weight.index[0] + 1
    come_from = weight.index[1] + 1 if weight.field == "W" else 0
    return f"w_{{{to},{come_from}}}^{_layer(step, weight.layer)}"


def _layer(step: Step, number: int) -> str:
    """The superscript of a layer: h and o for up to two layers, h_1 … h_d for more."""
    d = len(step.layers)
    if d > 2:
        return rf"{{\mathsf{{h}}_{{{number}}}}}"
    return r"{\mathsf{o}}" if number == d else r"{\mathsf{h}}"


def _W(step: Step, number: int) -> str:
    return f"W^{_layer(step, number)}"


def _z(step: Step, number: int) -> str:
    return rf"\mathbf{{z}}^{_layer(step, number)}"


def _y(step: Step, number: int) -> str:
    """y of a layer: x for 0, the output y(x) for the last."""
    if number in (0, len(step.layers)):
        return r"\mathbf{y}" if number else r"\mathbf{x}"
    return rf"\mathbf{{y}}^{_layer(step, number)}"


def _delta(step: Step, number: int) -> str:
    return rf"\boldsymbol{{\delta}}^{_layer(step, number)}"


def _loss(step: Step) -> str:
    return "L_2" if words.is_squared(step.objective.head) else "L"


def _biased(step: Step, number: int) -> bool:
    """Whether the layer above number `number` has biases, so that y_0 = 1 stands above this layer's y."""
    return number < len(step.layers) and step.layers[number].parameters.b is not None


def _given(step: Step) -> Iterator[Equation | str]:
    if any(layer.parameters.b is not None for layer in step.layers):
        yield "Column 0 of each $W$ holds the biases, for $x_0 = 1$ and $y_0 = 1$."
    if step.n_rows > 1:
        yield "Examples of $D$ are columns."
    yield from words.groups_sentence(step)
    yield from words.penalty_sentence(step, _loss(step))
    yield words.equation(r"\mathbf{x}", "", words.with_ones(step.X.T, _biased(step, 0)), given=True)
    yield words.equation(r"\mathbf{c}", "", step.Y.T, given=True)
    for layer in step.layers:
        parameters = words.with_bias(layer.parameters.W, layer.parameters.b)
        yield words.equation(_W(step, layer.number), "", parameters, words.joined_mark(step, layer), given=True)
    if step.rate is not None:
        yield words.equation(r"\eta", "", np.array(step.rate), given=True)


def _forward(step: Step) -> Iterator[Equation]:
    for layer in step.layers:
        number, marks = layer.number, layer.dependents
        product = f"{_W(step, number)} {_y(step, number - 1)}"
        yield words.equation(_z(step, number), product, layer.z.T, None if marks is None else marks.z)
        formula, biased = words.applied(layer.activation, _z(step, number)), _biased(step, number)
        if biased:
            formula = rf"\begin{{pmatrix}}1\\{formula}\end{{pmatrix}}"
        mark = None if marks is None else np.r_[np.zeros(int(biased), dtype=bool), marks.h]
        yield words.equation(_y(step, number), formula, words.with_ones(layer.h.T, biased), mark)
    rows = (words.mean_factor(step, "n") + r"\sum_D ", "") if step.n_rows > 1 else ("", "")
    head, k = step.objective.head, step.Y.shape[1]
    formula = words.loss_formula(head, r"\mathbf{y}", r"\mathbf{c}", "u", k, target_first=True, rows=rows)
    if step.penalised:
        yield words.equation(r"\lambda\Omega", "", np.array(step.penalty))
    yield words.equation(_loss(step), words.with_penalty(step, formula), np.array(step.value))


def _residual(step: Step) -> Iterator[Equation]:
    last = step.layers[-1]
    marks = None if last.dependents is None else last.dependents.h
    difference = -residual(last.z, last.h, step.Y)
    yield words.equation(r"\boldsymbol{\delta}", r"\mathbf{c} - \mathbf{y}", difference.T, marks)


def _backward(step: Step) -> Iterator[Equation]:
    for layer in reversed(step.layers):
        assert layer.delta is not None
        formula = _output_delta(step) if layer is step.layers[-1] else _hidden_delta(step, layer)
        marks = None if layer.dependents is None else layer.dependents.delta
        yield words.equation(_delta(step, layer.number), formula, -layer.delta.T, marks)


def _output_delta(step: Step) -> str:
    """δ of the last layer, from line 6's residual where the loss allows."""
    head, last = step.objective.head, step.layers[-1]
    delta, z = r"\boldsymbol{\delta}", _z(step, last.number)
    if words.is_residual(head):
        return delta
    if not words.is_squared(head) or head.output.rowwise:
        return rf"-\partial {_loss(step)}/\partial {z}"
    return delta + _slope(last, r"\mathbf{y}", z)


def _hidden_delta(step: Step, layer: TracedLayer) -> str:
    """((W)ᵀ δ of the layer above) ⊙ g′, its row 0 left out."""
    number = layer.number
    product = rf"({_W(step, number + 1)})^\top {_delta(step, number + 1)}"
    slope = _slope(layer, _y(step, number), _z(step, number))
    if not _biased(step, number):
        return f"({product}){slope}" if slope else product
    size = "l" if len(step.layers) <= 2 else words.numbered("l", number)
    projection = rf"_{{1\dots {size}}}"
    if layer.activation == "sigmoid":
        return f"[({product}){slope}]{projection}"
    return f"[{product}]{projection}{slope}"


def _slope(layer: TracedLayer, y: str, z: str) -> str:
    """⊙ y ⊙ (1 − y) for sigmoid units, ⊙ g′(z) for others."""
    if layer.activation == "sigmoid":
        return rf" \odot {y} \odot (1 - {y})"
    return words.times_slope(layer.activation, z)


def _change(step: Step) -> Iterator[Equation]:
    """ΔW = η δ ⊗ y; without a rate the negative gradient that it is made of."""
    sums = words.mean_factor(step, "n") + r"\sum_D " if step.n_rows > 1 else ""
    for layer in step.layers:
        assert layer.gradient is not None
        W, number = _W(step, layer.number), layer.number
        product = rf"{sums}({_delta(step, number)} \otimes {_y(step, number - 1)})"
        if step.penalised:
            product += rf" - \lambda \partial\Omega/\partial {W}"
        descent: NDArray[np.float64] = -words.with_bias(layer.gradient.W, layer.gradient.b)
        if step.rate is None:
            yield words.equation(rf"-\nabla^{_layer(step, number)} {_loss(step)}", product, descent)
        else:
            product = f"[{product}]" if step.penalised else product
            yield words.equation(rf"\Delta {W}", rf"\eta \cdot {product}", step.rate * descent)


def _update(step: Step) -> Iterator[Equation]:
    for layer in step.layers:
        assert layer.updated is not None
        W = _W(step, layer.number)
        yield words.equation(rf"{W} = {W} + \Delta {W}", "", words.with_bias(layer.updated.W, layer.updated.b))
    assert step.value_after is not None
    yield words.equation(rf"{_loss(step)} \text{{ after the update}}", "", np.array(step.value_after))
