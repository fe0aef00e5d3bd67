"""The numbers of a traced step, against steps worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import multilayer as ml
from multilayer.display.document import fixed
from multilayer.display.notations import NOTATIONS

every_notation = pytest.mark.parametrize("notation", NOTATIONS)

LN3 = math.log(3.0)


class TestByHand:
    """z = (0, ln 3), h = (1/2, 3/4), f = 1/2 for y = 1; σ′ = 1/4, 3/16 and 1/4."""

    def test_forward(self, halves: Any) -> None:
        hidden, output = ml.trace(*halves, [1, 2], 1).layers
        np.testing.assert_allclose(hidden.z, [[0, LN3]], atol=1e-15)
        np.testing.assert_allclose(hidden.h, [[0.5, 0.75]], atol=1e-15)
        np.testing.assert_allclose(output.z, [[0]], atol=1e-15)
        np.testing.assert_allclose(output.h, [[0.5]], atol=1e-15)

    def test_backward(self, halves: Any) -> None:
        step = ml.trace(*halves, [1, 2], 1).step
        hidden, output = step.layers
        assert step.value == pytest.approx(0.125)
        np.testing.assert_allclose(output.delta, [[-0.125]])
        np.testing.assert_allclose(hidden.h_gradient, [[-0.075, 0.05]])
        np.testing.assert_allclose(hidden.delta, [[-0.01875, 0.009375]])
        np.testing.assert_allclose(output.gradient.W, [[-0.0625, -0.09375]])
        np.testing.assert_allclose(output.gradient.b, [-0.125])
        np.testing.assert_allclose(hidden.gradient.W, [[-0.01875, -0.0375], [0.009375, 0.01875]])
        np.testing.assert_allclose(hidden.gradient.b, [-0.01875, 0.009375])

    def test_update(self, halves: Any) -> None:
        step = ml.trace(*halves, [1, 2], 1, rate=0.8).step
        hidden, output = step.layers
        np.testing.assert_allclose(output.updated.W, [[0.65, -0.325]])
        np.testing.assert_allclose(output.updated.b, [0.1])
        np.testing.assert_allclose(hidden.updated.W, [[0.215, -0.07], [0.3925, -0.215]])
        np.testing.assert_allclose(hidden.updated.b, [0.015, LN3 - 0.0075])
        assert step.value_after < step.value

    def test_lecture_004_has_the_opposite_sign_and_the_bias_in_column_0(self, read: Any, halves: Any) -> None:
        trace = ml.trace(*halves, [1, 2], 1, notation="004", rate=0.8)
        np.testing.assert_allclose(read.value(trace, "x"), [[1], [1], [2]])
        np.testing.assert_allclose(read.value(trace, "yʰ"), [[1], [0.5], [0.75]])
        np.testing.assert_allclose(read.value(trace, "δ"), [[0.5]])
        np.testing.assert_allclose(read.value(trace, "δᵒ"), [[0.125]])
        np.testing.assert_allclose(read.value(trace, "δʰ"), [[0.01875], [-0.009375]])
        np.testing.assert_allclose(read.value(trace, "ΔWᵒ"), [[0.1, 0.05, 0.075]])
        np.testing.assert_allclose(read.value(trace, "ΔWʰ"), [[0.015, 0.015, 0.03], [-0.0075, -0.0075, -0.015]])
        np.testing.assert_allclose(read.value(trace, "Wᵒ = Wᵒ + ΔWᵒ"), [[0.1, 0.65, -0.325]])

    def test_golden_text(self, halves: Any) -> None:
        assert str(ml.trace(*halves, [1, 2], 1, rate=0.8, depends_on="1.W[0, 1]", decimals=6)) == GOLDEN


GOLDEN = """\
One step
========
* depends on W₁[0, 1]

Given
-----
x  = [1]
     [2]
y  = 1
W₁ = [ 0.2   -0.1*]
     [ 0.4   -0.2 ]
b₁ = [0.000000]
     [1.098612]
W₂ = [ 0.6  -0.4]
b₂ = 0
η  = 0.8

Forward propagation
-------------------
z₁ = W₁ x + b₁  = [0.000000*]
                  [1.098612 ]
h₁ = σ(z₁)      = [0.500000*]
                  [0.750000 ]
z₂ = W₂ h₁ + b₂ = 0.000000*
f  = σ(z₂)      = 0.500000*
L  = ½ (f − y)² = 0.125000

Backpropagation
---------------
δ₂ = (f − y) ⊙ σ′(z₂)  = -0.125000*
δ₁ = (W₂ᵀ δ₂) ⊙ σ′(z₁) = [-0.018750*]
                         [ 0.009375*]

Gradient
--------
∇W₁ = δ₁ xᵀ  = [-0.018750  -0.037500]
               [ 0.009375   0.018750]
∇b₁ = δ₁     = [-0.018750]
               [ 0.009375]
∇W₂ = δ₂ h₁ᵀ = [-0.062500  -0.093750]
∇b₂ = δ₂     = -0.125000

Update
------
W₁ ← W₁ − η ∇W₁    = [ 0.215000  -0.070000]
                     [ 0.392500  -0.215000]
b₁ ← b₁ − η ∇b₁    = [0.015000]
                     [1.091112]
W₂ ← W₂ − η ∇W₂    = [ 0.650000  -0.325000]
b₂ ← b₂ − η ∇b₂    = 0.100000
L after the update = 0.101477"""


Matrices = list[NDArray[np.float64]]


def igd_step(W: Matrices, X: NDArray[Any], C: NDArray[Any], rate: float) -> tuple[Matrices, Matrices]:
    """Errors and new weights by lines 5 to 8 of 004's IGD_MLPd over a whole D (ML:IV-114, 94).

    Biases are column 0, examples are columns.
    """
    y = [np.vstack([np.ones(X.shape[1]), X])]
    for Ws in W:
        y.append(np.vstack([np.ones(X.shape[1]), 1 / (1 + np.exp(-Ws @ y[-1]))]))
    output = y[-1][1:]
    errors = [(C - output) * output * (1 - output)]
    for Ws, ys in zip(W[:0:-1], y[-2:0:-1], strict=True):
        errors.insert(0, ((Ws.T @ errors[0]) * ys * (1 - ys))[1:])
    return errors, [Ws + rate * error @ ys.T for Ws, error, ys in zip(W, errors, y[:-1], strict=True)]


@pytest.mark.parametrize("sizes", [(3, 2), (2, 3, 2), (3, 4, 2, 1)])
def test_a_batch_equals_the_algorithm_of_004(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(sizes))
    net = ml.Network(sizes, activation="sigmoid", output="sigmoid")
    theta = net.unpack(rng.normal(size=net.n_parameters))
    X, C = rng.normal(size=(5, sizes[0])), rng.uniform(size=(5, sizes[-1]))
    errors, W = igd_step([np.column_stack([b, W]) for W, b in theta], X.T, C.T, 0.3)
    step = ml.trace(ml.Objective(net, loss="squared", reduction="sum"), theta, X, C, rate=0.3).step
    for layer, error, new in zip(step.layers, errors, W, strict=True):
        np.testing.assert_allclose(layer.delta, -error.T, rtol=1e-12)
        np.testing.assert_allclose(np.column_stack([layer.updated.b, layer.updated.W]), new, rtol=1e-12)


class TestThresholds:
    """004's network for XOR (ML:IV-63)."""

    net = ml.Network([2, 2, 1], activation="heaviside", output="heaviside")
    theta = (
        ml.Layer(np.array([[-1.0, 1.0], [-1.0, 1.0]]), np.array([-0.5, 0.5])),
        ml.Layer(np.array([[1.0, -1.0]]), np.array([0.5])),
    )
    X = ((0, 0), (1, 0), (0, 1), (1, 1))

    @every_notation
    def test_forward_part_and_words(self, notation: Any) -> None:
        trace = ml.trace(ml.Objective(self.net), self.theta, self.X, [0, 1, 1, 0], notation=notation, rate=0.1)
        text = trace.text()
        assert "No gradient: 'heaviside' is flat" in text
        assert "Update" not in text
        assert "update" not in text
        assert trace.layers[0].delta is trace.layers[0].gradient is trace.layers[0].updated is None
        np.testing.assert_array_equal(trace.layers[-1].h[:, 0], [0, 1, 1, 0])

    def test_columns_of_004(self, read: Any) -> None:
        trace = ml.trace(ml.Objective(self.net), self.theta, self.X, [0, 1, 1, 0], notation="004")
        np.testing.assert_array_equal(read.value(trace, "Wʰ"), [[-0.5, -1, 1], [0.5, -1, 1]])
        np.testing.assert_array_equal(read.value(trace, "Wᵒ"), [[0.5, 1, -1]])
        np.testing.assert_array_equal(read.value(trace, "yʰ"), [[1, 1, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1]])
        np.testing.assert_array_equal(read.value(trace, "y"), [[0, 1, 1, 0]])

    def test_a_single_threshold_unit_has_its_perceptron_step(self) -> None:
        net = ml.Network([2, 1], output="heaviside")
        theta = (ml.Layer(np.array([[1.0, 1.0]]), np.array([0.0])),)
        trace = ml.trace(ml.Objective(net), theta, [2, 3], 0, rate=1.0)
        np.testing.assert_array_equal(trace.layers[0].updated.W, [[-1, -2]])
        np.testing.assert_array_equal(trace.layers[0].updated.b, [-1])


class TestArguments:
    def test_a_vector_and_a_batch_of_one_agree(self, halves: Any) -> None:
        one, batch = ml.trace(*halves, [1, 2], 1).step, ml.trace(*halves, [[1, 2]], [1]).step
        assert one.single
        assert not batch.single
        np.testing.assert_array_equal(one.layers[0].delta, batch.layers[0].delta)

    def test_nothing_given_is_changed(self, halves: Any) -> None:
        objective, theta = halves
        before = objective.network.pack(theta)
        ml.trace(objective, theta, [1, 2], 1, rate=5.0)
        np.testing.assert_array_equal(objective.network.pack(theta), before)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"notation": "005"}, r"^notation: came '005'; allowed: multilayer, 001"),
            ({"rate": 0.0}, r"^rate: must be positive"),
            ({"rate": math.inf}, r"^rate: must be positive"),
            ({"decimals": -1}, r"^decimals: must be an integer from 0 to 15"),
            ({"decimals": 2.0}, r"^decimals: must be an integer from 0 to 15"),
        ],
    )
    def test_refusals(self, halves: Any, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ml.trace(*halves, [1, 2], 1, **options)

    def test_refuses_inputs_of_another_length(self, halves: Any) -> None:
        with pytest.raises(ValueError, match=r"^x: must have shape \(n, 2\)"):
            ml.trace(*halves, [1, 2, 3], 1)
        with pytest.raises(ValueError, match=r"^x: has no rows"):
            ml.trace(*halves, np.empty((0, 2)), [])

    def test_refuses_a_rate_that_is_no_number(self, halves: Any) -> None:
        with pytest.raises(TypeError, match=r"^rate: must be a number, came str"):
            ml.trace(*halves, [1, 2], 1, rate="0.1")  # type: ignore[arg-type]

    def test_refuses_what_is_no_objective(self, halves: Any) -> None:
        objective, theta = halves
        with pytest.raises(TypeError, match=r"^objective: must be an Objective, came Network"):
            ml.trace(objective.network, theta, [1, 2], 1)

    def test_refuses_an_update_that_is_no_gradient_step(self, halves: Any) -> None:
        objective, theta = halves
        J = ml.Objective(objective.network, penalty=ml.L1(0.1, step="proximal"))
        with pytest.raises(ValueError, match=r"^rate: .*proximal"):
            ml.trace(J, theta, [1, 2], 1, rate=0.1)
        assert ml.trace(J, theta, [1, 2], 1).step.value_after is None

    @pytest.mark.parametrize("decimals", [0, 1, 8, 15])
    def test_decimals(self, halves: Any, decimals: int) -> None:
        text = ml.trace(*halves, [1, 2], 1, decimals=decimals).text()
        assert f"δ₂ = (f − y) ⊙ σ′(z₂)  = {-0.125:.{decimals}f}\n".replace("= -0\n", "= 0\n") in text

    @pytest.mark.parametrize(
        ("number", "text"), [(-0.0, "0.0000"), (-0.00004, "0.0000"), (-0.00006, "-0.0001"), (-10.0, "-10.0000")]
    )
    def test_no_minus_before_zero(self, number: float, text: str) -> None:
        assert fixed(number, 4) == text
