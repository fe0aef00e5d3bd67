"""002: zⁱⁿ = W⁽¹⁾x + b⁽¹⁾, z = φ⁽¹⁾(zⁱⁿ), yⁱⁿ = W⁽²⁾z + b⁽²⁾, y = φ⁽²⁾(yⁱⁿ), error E, δ⁽ℓ⁾ = ∂E/∂(that layer's "in").

The lecture's components W_jk run from unit j to unit k, while its matrices run to ← from, as y = φ(Wz + b) needs.
Here the matrices stand as in the equations, so that W_jk is row k, column j; a weight's name has the lecture's order.
With more than one hidden layer, which the lecture leaves as an exercise, z has the layer's number.
"""

from __future__ import annotations

from multilayer.display.dependence import Weight
from multilayer.display.document import Document
from multilayer.display.notations import one_by_one, words
from multilayer.display.step import Step

INDEX_ORDER = (
    "Matrices run to $\\leftarrow$ from, as in $W z + b$; the lecture's component $W_{jk}$ runs from $j$ to $k$ and is "
    "row $k$, column $j$ here."
)


def write(step: Step) -> Document:
    """A step in this notation."""
    words.require_dense(step, "002")
    last, head = step.layers[-1].number, step.objective.head

    def h(number: int) -> str:
        if number in (0, last):
            return "y" if number else "x"
        return "z" if last == 2 else f"z^{{({number})}}"

    def z(number: int) -> str:
        return rf"{h(number)[:-1]}\mathrm{{in}}}}" if h(number).endswith("}") else rf"{h(number)}^{{\mathrm{{in}}}}"

    def slope(number: int) -> str:
        return rf" \odot [{_function(number)}]'({z(number)})"

    functions = ", ".join(f"${_function(layer.number)}$ is {words.spoken(layer.activation)}" for layer in step.layers)
    letters = one_by_one.Letters(
        title=words.title("002"),
        introduction=(functions + ".", INDEX_ORDER),
        x="x",
        y="t",
        loss=lambda number: f"E^{{({number})}}",
        alone="E",
        objective="E",
        count="N",
        W=_W,
        b=_b,
        z=z,
        h=h,
        delta=lambda loss, number: rf"\delta^{{({number})}}",
        h_gradient=lambda loss, number: rf"\partial {loss}/\partial {h(number)}",
        gradient=lambda of, parameter: rf"\partial {of}/\partial {parameter}",
        activated=lambda number: f"{_function(number)}({z(number)})",
        slope=slope,
        output_delta=words.output_delta(head, "y", "t", slope(last), "E", z(last)),
        loss_formula=words.loss_formula(head, "y", "t", "k", step.Y.shape[1], target_first=True),
        asked=None if step.weight is None else weight_name(step.weight),
    )
    return one_by_one.write(step, letters)


def weight_name(weight: Weight) -> str:
    """W_jk, from unit j to unit k, or b_k, counted from 1."""
    name = _W(weight.layer) if weight.field == "W" else _b(weight.layer)
    return f"{name}_{{{','.join(str(i + 1) for i in reversed(weight.index))}}}"


def _W(number: int) -> str:
    return f"W^{{({number})}}"


def _b(number: int) -> str:
    return f"b^{{({number})}}"


def _function(number: int) -> str:
    return rf"\varphi^{{({number})}}"
