"""001: z⁽ℓ⁾ = W⁽ℓ⁾h⁽ℓ⁻¹⁾ + b⁽ℓ⁾, h⁽ℓ⁾ = g(z⁽ℓ⁾), f = o(z⁽ᴸ⁺¹⁾), and errors ∇_z⁽ℓ⁾ L.

The order is that of the loop of its slide "Backpropagation".
The loop ends, at ℓ = 1, with the gradient at a z⁽⁰⁾, which does not exist; it is left out.
"""

from __future__ import annotations

from multilayer.display.dependence import Weight
from multilayer.display.document import Document
from multilayer.display.notations import one_by_one, words
from multilayer.display.step import Step


def write(step: Step) -> Document:
    """A step in this notation."""
    words.require_dense(step, "001")
    last, head = step.layers[-1].number, step.objective.head
    hidden = [layer.activation for layer in step.layers[:-1]]
    several = len(set(hidden)) > 1
    y = r"\mathbf{1}_y" if head.targets == "classes" else r"\mathbf{y}"
    delta = words.output_delta(head, r"\mathbf{f}", y, rf" \odot \mathbf{{o}}'({_z(last)})", "L", _z(last))

    def g(number: int) -> str:
        return r"\mathbf{o}" if number == last else _g(number if several else None)

    letters = one_by_one.Letters(
        title=words.title("001"),
        introduction=(_functions(hidden, several, head.output.name),),
        x=r"\mathbf{x}",
        y=y,
        loss=lambda number: f"L_{{{number}}}",
        alone="L",
        objective=r"\mathcal{L}",
        count="N",
        W=_W,
        b=_b,
        z=_z,
        h=lambda number: r"\mathbf{f}" if number == last else _h(number),
        delta=lambda loss, number: rf"\nabla_{{{_z(number)}}} {loss}",
        h_gradient=lambda loss, number: rf"\nabla_{{{_h(number)}}} {loss}",
        gradient=lambda of, parameter: rf"\nabla_{{{parameter}}} {of}",
        activated=lambda number: f"{g(number)}({_z(number)})",
        slope=lambda number: rf" \odot {g(number)}'({_z(number)})",
        output_delta=f"-({y} - \\mathbf{{f}})" if words.is_residual(head) else delta,
        loss_formula=words.loss_formula(head, r"\mathbf{f}", y, "c", step.Y.shape[1]),
        asked=None if step.weight is None else weight_name(step.weight),
    )
    return one_by_one.write(step, letters)


def weight_name(weight: Weight) -> str:
    """W_ij or b_i, counted from 1: the weight to unit i from unit j."""
    i = ",".join(str(k + 1) for k in weight.index)
    return rf"{_W(weight.layer) if weight.field == 'W' else _b(weight.layer)}_{{{i}}}"


def _functions(hidden: list[str], several: bool, output: str) -> str:
    """Which functions g and o are."""
    names = [
        rf"${_g(number if several else None)}$ is {words.spoken(name)}"
        for number, name in enumerate(hidden if several else hidden[:1], start=1)
    ]
    return ", ".join([rf"${_h(0)} = \mathbf{{x}}$", *names, rf"$\mathbf{{o}}$ is {words.spoken(output)}"]) + "."


def _g(number: int | None) -> str:
    """The activation, numbered where layers have different ones."""
    return r"\mathbf{g}" if number is None else rf"\mathbf{{g}}^{{({number})}}"


def _W(number: int) -> str:
    return rf"\mathbf{{W}}^{{({number})}}"


def _b(number: int) -> str:
    return rf"\mathbf{{b}}^{{({number})}}"


def _z(number: int) -> str:
    return rf"\mathbf{{z}}^{{({number})}}"


def _h(number: int) -> str:
    return rf"\mathbf{{h}}^{{({number})}}"
