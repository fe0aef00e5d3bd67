"""What the notations share: formulas of activations, output errors, losses and penalties with any letters put in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from multilayer.display.document import Equation
from multilayer.display.step import Step, TracedLayer
from multilayer.formulas.losses import squared
from multilayer.formulas.own_losses import OwnLoss, residual
from multilayer.network.head import Head
from multilayer.network.penalty import L1, L2
from multilayer.network.per_layer import PerLayer

FloatArray = NDArray[np.float64]

FUNCTIONS = {"sigmoid": r"\sigma", "tanh": r"\tanh"}


def function(name: str) -> str:
    """An activation's or output's name in a formula."""
    return FUNCTIONS.get(name, rf"\mathrm{{{escaped(name)}}}")


def applied(name: str, z: str) -> str:
    """g(z); z itself for identity."""
    return z if name == "identity" else f"{function(name)}({z})"


def times_slope(name: str, z: str) -> str:
    """The factor ⊙ g′(z) of backpropagation; nothing for identity."""
    return "" if name == "identity" else rf" \odot {function(name)}'({z})"


def through(factor: str, name: str, z: str) -> str:
    """`factor` ⊙ g′(z), the factor in brackets where something follows."""
    slope = times_slope(name, z)
    return f"({factor}){slope}" if slope else factor


def escaped(name: str) -> str:
    """A name of a function or loss, perhaps a user's own, for a formula."""
    return re.sub(r"\W", "", name).replace("_", r"\_")


def spoken(name: str) -> str:
    """The same for a sentence."""
    return re.sub(r"[\W_]+", " ", name)


def is_residual(head: Head) -> bool:
    """Whether the output's error is f − y: the output's own loss (001; 003, eq. 6)."""
    return isinstance(head.loss, OwnLoss) and head.loss.delta is residual


def is_squared(head: Head) -> bool:
    """Whether the loss is ½(f − y)²."""
    return head.loss.name == "squared" and (isinstance(head.loss, OwnLoss) or head.loss.function is squared)


def output_delta(head: Head, f: str, y: str, slope: str, loss: str, z: str) -> str:
    """∂L/∂z of the last layer; `slope` is the factor ⊙ o′(z), used where each output has its own z."""
    if is_residual(head):
        return f"{f} - {y}"
    if isinstance(head.loss, OwnLoss) or head.output.rowwise:
        return rf"\partial {loss}/\partial {z}"
    if is_squared(head):
        return f"({f} - {y}){slope}"
    return rf"\partial {loss}/\partial {f}{slope}"


def loss_formula(
    head: Head,
    f: str,
    y: str,
    index: str,
    n_outputs: int,
    *,
    log: str = r"\log",
    target_first: bool = False,
    rows: tuple[str, str] = ("", ""),
) -> str:
    """L in terms of f and y, summed over the outputs where there are several.

    `rows` is what stands before where rows are summed as well, and the rows' own index.
    """
    sums, row_index = rows
    if not (is_squared(head) or head.loss.name == "cross_entropy"):
        return rf"{sums}\text{{{spoken(head.loss.name)} loss}}"
    indices = ",".join(i for i in (index if n_outputs > 1 else "", row_index) if i)
    sums += rf"\sum_{index} " if n_outputs > 1 else ""
    f, y = component(f, indices), component(y, indices)
    if is_squared(head):
        difference = f"{y} - {f}" if target_first else f"{f} - {y}"
        return rf"\tfrac{{1}}{{2}} {sums}({difference})^2"
    if head.output.name == "softmax":
        return f"-{sums}{y} {log} {f}"
    return f"-{sums}[{y} {log} {f} + (1 - {y}) {log}(1 - {f})]"


def component(vector: str, indices: str) -> str:
    """An entry of a vector or matrix, not in bold; of 001's 1_y it is 1 where y is the entry's class."""
    if vector == r"\mathbf{1}_y":
        return f"1_{{(y={indices})}}"
    entry = re.sub(r"\\mathbf\{(\w)\}", r"\1", vector)
    return f"{entry}_{{{indices}}}" if indices else entry


def numbered(letter: str, number: int) -> str:
    """A letter with a layer's number as its index."""
    return f"{letter}_{{{number}}}"


def mean_factor(step: Step, letter: str) -> str:
    """1/N where the mean over several rows is taken."""
    return rf"\tfrac{{1}}{{{letter}}} " if step.averaged else ""


def penalty_sentence(step: Step, objective: str) -> tuple[str, ...]:
    """What the penalty is, if there is one; `objective` is J's letter."""
    penalty = step.objective.penalty
    if penalty is None:
        return ()
    terms = []
    if penalty.l1:
        terms.append(f"{_strength(penalty.l1)} $\\sum |w|$")
    if penalty.l2:
        terms.append(f"{_strength(penalty.l2)} $\\cdot \\tfrac{{1}}{{2}} \\sum w^2$")
    name = {L1: "L1", L2: "L2"}.get(type(penalty), "elastic net")
    divided = ", divided by the number of rows" if step.objective.penalty_in_mean else ""
    sizes = " + ".join(terms) or "0"
    return (f"${objective}$ has the {name} penalty $\\lambda\\Omega$ = {sizes}{divided}, on weights, not on biases.",)


def _strength(given: PerLayer) -> str:
    """A penalty's strength, or those of the layers in turn."""
    return f"({', '.join(f'{s:g}' for s in given)})" if isinstance(given, Sequence) else f"{given:g}"


def groups_sentence(step: Step) -> tuple[str, ...]:
    """Which units the output is taken of, if it is by groups."""
    output = step.objective.head.output
    if not output.groups:
        return ()
    starts = accumulate((1, *output.groups[:-1]))
    ranges = ", ".join(f"{a}–{a + size - 1}" for a, size in zip(starts, output.groups, strict=True))
    return (f"The {spoken(output.name)} is taken by groups of output units: {ranges}.",)


def with_penalty(step: Step, losses: str) -> str:
    """λΩ before a sum of losses, where there is a penalty."""
    if not step.penalised:
        return losses
    return rf"\lambda\Omega - {losses[1:]}" if losses.startswith("-") else rf"\lambda\Omega + {losses}"


def penalty_gradient(step: Step, weights: str) -> str:
    """The penalty's part of a gradient."""
    return rf" + \lambda \partial\Omega/\partial {weights}" if step.penalised else ""


def stopped(step: Step) -> tuple[str, ...]:
    """Why there is no backward propagation, as a sentence."""
    assert step.no_gradient is not None
    return (f"No gradient: {step.no_gradient.removeprefix('activation: ')}",)


def require_dense(step: Step, notation: str) -> None:
    """Refuse layers that a lecture has no letters for."""
    foreign = [layer.kind for layer in step.layers if layer.kind != "dense"] + ["dropout"] * step.has_dropout
    if foreign:
        name = {"maxout": "Maxout", "apl": "APL", "dropout": "Dropout"}[foreign[0]]
        raise ValueError(f"notation: lecture {notation} has no {name} layers; use notation='multilayer'")


def equation(
    name: str, formula: str, values: FloatArray, marks: NDArray[np.bool_] | None = None, *, given: bool = False
) -> Equation:
    """An equation whose values may be a number, a vector (a column) or a matrix."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 2:
        values = values.reshape(-1, 1)
    if marks is not None and marks.ndim < 2:
        marks = marks.reshape(-1, 1)
    return Equation(name, formula, values, given, marks)


def entry_mark(step: Step, layer: TracedLayer, field: str) -> NDArray[np.bool_] | None:
    """The mark on the weight in question itself, in its layer's array."""
    if step.weight is None or (step.weight.layer, step.weight.field) != (layer.number, field):
        return None
    mark = np.zeros(np.shape(getattr(layer.parameters, field)), dtype=bool)
    mark[step.weight.index] = True
    return mark


def transposed(matrix: str) -> str:
    """Mᵀ; a superscript that M has already is kept beside it."""
    return f"{matrix[:-1]}\\top}}" if matrix.endswith("}") and "^{" in matrix else rf"{matrix}^\top"


def joined_mark(step: Step, layer: TracedLayer) -> NDArray[np.bool_] | None:
    """The mark on the weight in question in [b, W]."""
    W, b = (entry_mark(step, layer, field) for field in ("W", "b"))
    if W is None and b is None:
        return None
    W = np.zeros(layer.parameters.W.shape, dtype=bool) if W is None else W
    if layer.parameters.b is None:
        return W
    return np.column_stack([np.zeros(len(W), dtype=bool) if b is None else b, W])


def with_bias(W: FloatArray, b: FloatArray | None) -> FloatArray:
    """[b, W]: the bias as column 0, where there is one."""
    return W if b is None else np.column_stack([b, W])


def with_ones(columns: FloatArray, biased: bool) -> FloatArray:
    """(1; columns): a row of ones above, where there is a bias."""
    return np.vstack([np.ones(columns.shape[1]), columns]) if biased else columns


def title(notation: str) -> str:
    """The heading of a trace in a lecture's notation."""
    return f"One step in the notation of {notation}"
