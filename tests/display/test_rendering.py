"""Text, LaTeX and HTML of a trace: each is whole, and all say the same numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import multilayer as ml
from multilayer.display.notations import NOTATIONS
from multilayer.display.rendering.plain import plain, plain_sentence

every_notation = pytest.mark.parametrize("notation", NOTATIONS)


@pytest.fixture(params=["one", "batch", "deep", "single layer"])
def example(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Arguments of a trace: of one input or several, shallow and deep, with every kind of addition."""
    sizes = {"one": [2, 3, 2], "batch": [2, 3, 2], "deep": [2, *[2] * 11, 2], "single layer": [2, 2]}[request.param]
    net = ml.Network(sizes, activation="tanh", output="sigmoid")
    x: Any = [0.5, -1.5]
    t: Any = [0, 1]
    if request.param != "one":
        x, t = [x, [2.0, 1.0]], [t, [1, 1]]
    penalty = None if request.param == "one" else ml.ElasticNet(0.1, 0.2)
    J = ml.Objective(net, penalty=penalty, loss=None if request.param == "deep" else "squared")
    return {"objective": J, "theta": net.initialize(0), "x": x, "t": t, "rate": 0.5, "depends_on": "1.W[0, 0]"}


def for_mathtext(latex: str) -> str:
    """The same formula in the part of LaTeX that matplotlib knows."""
    latex = latex.replace(r"\tfrac", r"\frac").replace(r"\boldsymbol{\delta}", r"\delta")
    latex = re.sub(r"\\text\{([^}]*)\}", lambda m: rf"\mathrm{{{m[1].strip()}}}".replace(" ", r"\ "), latex)
    return latex.replace(r"\begin{pmatrix}", "(").replace(r"\\", ";").replace(r"\end{pmatrix}", ")")


class TestLatex:
    @every_notation
    def test_formulas_are_read_by_another_program(self, example: Any, notation: Any, read: Any) -> None:
        parser = MathTextParser("path")
        trace = ml.trace(**example, notation=notation)
        formulas = {str(trace.document.asked), *(f"{e.name} = {e.formula}" for e in read.equations(trace))}
        for latex in {re.sub(r"\d", "1", formula) for formula in formulas}:  # those that differ in more than numbers
            parser.parse(f"${for_mathtext(latex)}$")
        for section in trace.document.sections:
            for sentence in section.parts:
                if isinstance(sentence, str):
                    parser.parse(for_mathtext(sentence))

    @every_notation
    @pytest.mark.parametrize("blank", [False, True])
    def test_brackets_and_environments_match(self, example: Any, notation: Any, blank: bool) -> None:
        latex = ml.trace(**example, notation=notation, blank=blank).latex()
        depth = 0
        for bracket in re.findall(r"[{}]", latex):
            depth += 1 if bracket == "{" else -1
            assert depth >= 0
        assert depth == 0
        stack = []
        for kind, name in re.findall(r"\\(begin|end)\{([\w*]+)\}", latex):
            if kind == "begin":
                stack.append(name)
            else:
                assert stack.pop() == name
        assert not stack
        assert len(re.findall(r"\\left\[", latex)) == len(re.findall(r"\\right\]", latex))
        assert re.search(r"\\begin\{align\*\}\s*\\end", latex) is None

    def test_columns_of_an_array_are_declared(self, example: Any) -> None:
        latex = ml.trace(**example, notation="003").latex()
        for columns, body in re.findall(r"\\begin\{array\}\{(r+)\} (.*?) \\end\{array\}", latex):
            assert {row.count("&") + 1 for row in body.split(r" \\ ")} == {len(columns)}

    def test_boxes_mark_what_text_marks(self, example: Any) -> None:
        trace = ml.trace(**example)
        assert trace.latex().count(r"\boxed{") == len(re.findall(r"\d\*", trace.text()))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


class TestHtml:
    @every_notation
    def test_tags_match_and_no_latex_is_left(self, example: Any, notation: Any) -> None:
        html = ml.trace(**example, notation=notation)._repr_html_()
        tags = Tags()
        tags.feed(html)
        tags.close()
        assert not tags.open
        assert "script" not in tags.seen
        assert "\\" not in html
        assert "$" not in html

    def test_marks_are_those_of_the_text(self, example: Any) -> None:
        trace = ml.trace(**example)
        legend = 1
        assert trace._repr_html_().count("<mark>") == len(re.findall(r"\d\*", trace.text())) + legend


class TestText:
    @every_notation
    def test_numbers_are_those_of_the_latex(self, example: Any, notation: Any) -> None:
        trace = ml.trace(**example, notation=notation, decimals=7)
        numbers = r"-?\d+\.\d{7}"
        assert re.findall(numbers, trace.text()) == re.findall(numbers, trace.latex())
        assert re.findall(numbers, trace.text()) == re.findall(numbers, trace._repr_html_())

    @every_notation
    def test_no_latex_is_left(self, example: Any, notation: Any) -> None:
        assert not re.search(r"[\\${}^]", ml.trace(**example, notation=notation).text())

    def test_matrices_stand_in_columns(self) -> None:
        net = ml.Network([3, 2])
        theta = (ml.Layer(np.array([[1.0, -10.5, 0.25], [-2.0, 3.0, 4.0]]), np.zeros(2)),)
        text = ml.trace(ml.Objective(net), theta, [0, 0, 0], [0, 0]).text()
        assert "W₁ = [  1.00  -10.50    0.25]\n     [ -2.00    3.00    4.00]\n" in text

    def test_prompt_and_print_show_it(self, example: Any) -> None:
        trace = ml.trace(**example)
        assert repr(trace) == str(trace) == trace.text()
        assert trace._repr_latex_() == trace.latex()


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"W^{(2)\top} \delta_{2}", "W⁽²⁾ᵀ δ₂"),
        (r"\nabla_{\mathbf{z}^{(1)}} L", "∇z⁽¹⁾ L"),
        (r"\mathbf{y}^{\mathsf{h}_{1}}", "yʰ₁"),
        (r"\begin{pmatrix}1\\X\end{pmatrix}", "(1; X)"),
        (r"\Theta^{(1)}_{2,1}", "Θ⁽¹⁾₂₁"),
        (r"w_{10,2}", "w_(10,2)"),
        (r"\tfrac{1}{2} \sum_{k} (f_{k} - y_{k})^2", "½ Σₖ (fₖ − yₖ)²"),
        (r"\tfrac{1}{N} \sum_D x", "(1/N) Σ_D x"),
        (r"\partial \Omega/\partial W", "∂Ω/∂W"),
        (r"z^{\mathrm{in}}", "zⁱⁿ"),
        (r"\mathrm{leaky\_relu}'(z)", "leaky_relu′(z)"),
    ],
)
def test_formulas_as_plain_text(latex: str, text: str) -> None:
    assert plain(latex) == text


def test_only_formulas_of_a_sentence_are_changed() -> None:
    assert plain_sentence(r"A rate_of $\eta$ - and $x_0$.") == "A rate_of η - and x₀."


@pytest.mark.parametrize("latex", [r"\unknown", "a}", "}"])
def test_what_is_not_understood_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match=r"^latex: "):
        plain(latex)
