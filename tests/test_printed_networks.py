"""The lectures' printed threshold networks, all rows of their truth tables, with their own weights."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import multilayer as ml


def test_the_threshold_unit_of_example_3_2():
    # 001, Table 3.6: y = x2(x1 + ¬x3) = sgn(v), v = −2 + 2x1 + 4x2 − x3
    table = np.array(
        [
            [-1, -1, -1, -7, -1],
            [-1, -1, 1, -9, -1],
            [-1, 1, -1, 1, 1],
            [-1, 1, 1, -1, -1],
            [1, -1, -1, -3, -1],
            [1, -1, 1, -5, -1],
            [1, 1, -1, 5, 1],
            [1, 1, 1, 3, 1],
        ]
    )
    X, v, y = table[:, :3], table[:, 3], table[:, 4]
    theta = [ml.Layer([[2, 4, -1]], [-2])]
    assert ml.Network([3, 1]).forward(theta, X).ravel().tolist() == v.tolist()
    assert ml.Network([3, 1], output="sign").forward(theta, X).ravel().tolist() == y.tolist()
    logic = [2 * (x2 > 0 and (x1 > 0 or x3 < 0)) - 1 for x1, x2, x3 in X]
    assert y.tolist() == logic


def test_the_threshold_network_for_exclusive_or():
    # 001, Figure 3.11: z1 = sgn(1 − x1 + x2), z2 = sgn(−1 − x1 + x2), y = sgn(1 − z1 + z2)
    net = ml.Network([2, 2, 1], "sign", "sign")
    theta = [ml.Layer([[-1, 1], [-1, 1]], [1, -1]), ml.Layer([[-1, 1]], [1])]
    for x1, x2 in product((-1, 1), repeat=2):
        assert net.forward(theta, [[x1, x2]]).item() == (1 if x1 != x2 else -1)


def test_the_minimum_multilayer_perceptron_for_exclusive_or():
    # 004, ML:IV-61 to 63: the matrices' first columns are the weights of the constant input 1
    hidden, output = np.array([[-0.5, -1, 1], [0.5, -1, 1]]), np.array([[0.5, 1, -1]])
    net = ml.Network([2, 2, 1], "heaviside", "heaviside")
    theta = [ml.Layer(W[:, 1:], W[:, 0]) for W in (hidden, output)]
    X = [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert net.forward(theta, X).ravel().tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("function", "output", "low", "bias"),
    [(min, "sign", -1, -1), (max, "sign", -1, 1), (min, "heaviside", 0, -2), (max, "heaviside", 0, -1)],
)
def test_one_unit_computes_and_and_or(function, output, low, bias):
    # 001 and 004 call both solvable by one unit and print no weights: x1 + x2 + b ≥ 0
    net = ml.Network([2, 1], output=output)
    for x in product((low, 1), repeat=2):
        assert net.forward([ml.Layer([[1, 1]], [bias])], [x]).item() == function(x)


def test_one_unit_solves_exclusive_or_on_a_transformed_input():
    # 001: the input (x1, x2) is replaced by (x1, x1·x2) of ±1 inputs; x1·x2 = −1 exactly where they differ
    net = ml.Network([2, 1], output="sign")
    for x1, x2 in product((-1, 1), repeat=2):
        assert net.forward([ml.Layer([[0, -1]], [0])], [[x1, x1 * x2]]).item() == (1 if x1 != x2 else -1)


def test_thresholds_say_yes_at_zero():
    # 004, Definition 1: ≥ 0
    for name in ("heaviside", "sign"):
        net = ml.Network([1, 1], output=name)
        assert net.forward([ml.Layer([[1]], [0])], [[0.0], [-0.0]]).ravel().tolist() == [1, 1]
