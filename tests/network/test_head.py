"""Heads: which losses go with which outputs, and what they are together."""

from __future__ import annotations

import math

import numpy as np
import pytest

import multilayer as ml
from multilayer.formulas.losses import LOSS_NAMES
from multilayer.formulas.outputs import OUTPUTS, output
from multilayer.formulas.own_losses import OwnLoss
from multilayer.network.head import allowed_losses, join

# Outputs whose rows sum to 1 need two units to say anything.
PAIRS = [
    (name, loss, k)
    for name, o in OUTPUTS.items()
    for k in ((2, 3) if o.rowwise else (1, 3))
    for loss in allowed_losses(o, k > 1)
]
PAIRS += [
    (output(o, groups=(1, 2)), loss, 3) for o in OUTPUTS.values() if o.rowwise for loss in allowed_losses(o, True)
]
# e^z itself overflows.
FAR_OUT = [pair for pair in PAIRS if isinstance(join(*pair).loss, OwnLoss) and pair[0] != "exp"]


@pytest.mark.parametrize(
    ("output", "k", "loss", "targets"),
    [
        ("identity", 1, "squared", "numbers"),
        ("identity", 3, "squared", "numbers"),
        ("tanh", 1, "squared", "numbers"),
        ("relu", 2, "squared", "numbers"),
        ("sigmoid", 1, "cross_entropy", "zero_one"),
        ("sigmoid", 3, "cross_entropy", "zero_one"),
        ("softmax", 3, "cross_entropy", "classes"),
        ("sparsemax", 2, "sparsemax", "classes"),
        ("exp", 1, "poisson", "numbers"),
        ("heaviside", 1, "perceptron", "zero_one"),
        ("sign", 1, "perceptron", "signs"),
    ],
)
def test_outputs_have_their_own_loss(output, k, loss, targets):
    head = join(output, None, k)
    assert (head.loss.name, head.targets) == (loss, targets)
    assert head == join(output, loss, k)


def test_scores_have_a_binary_and_a_multiclass_form():
    for loss in ("hinge", "perceptron"):
        assert join("identity", loss, 1).targets == "signs"
        assert join("identity", loss, 3).targets == "classes"


def test_every_output_has_a_loss_and_every_loss_an_output():
    assert {loss for _, loss, _ in PAIRS} == set(LOSS_NAMES)
    assert {output(name).name for name, _, _ in PAIRS} == set(OUTPUTS)


@pytest.mark.parametrize(("output", "loss", "k"), PAIRS)
def test_a_pair_gives_a_loss_a_row_that_is_never_negative(output, loss, k):
    head = join(output, loss, k)
    z = np.random.default_rng(0).normal(size=(4, 5, k))
    f = head.output.function(z)
    y = np.broadcast_to({"signs": np.ones(k), "numbers": np.full(k, 0.5)}.get(head.targets, np.eye(k)[0]), z.shape)
    value, delta = head.value(z, f, y), head.delta(z, f, y)
    assert value.shape == (4, 5)
    assert delta.shape == z.shape
    assert np.all(value >= 0.0)
    np.testing.assert_array_equal(head.value(z[2, 1:2], f[2, 1:2], y[2, 1:2]), value[2, 1:2])


@pytest.mark.parametrize(("output", "loss", "k"), FAR_OUT)
def test_own_losses_are_finite_far_out(output, loss, k):
    head = join(output, loss, k)
    z = 1e3 * np.array([[1.0, -1.0, 0.5][:k], [-1.0, 1.0, 0.5][:k]])
    y = {"signs": np.ones((2, k)), "numbers": np.zeros((2, k))}.get(head.targets, np.eye(k)[[0, 0]])
    with np.errstate(all="raise", under="ignore"):
        f = head.output.function(z)
        assert np.all(np.isfinite(head.value(z, f, y)))
        assert np.all(np.isfinite(head.delta(z, f, y)))


def test_squared_loss_is_half_the_sum_over_outputs():
    head = join("identity", "squared", 2)
    z, y = np.array([[1.0, 5.0]]), np.array([[0.0, 2.0]])
    assert head.value(z, z, y).tolist() == [0.5 * (1 + 9)]
    assert head.delta(z, z, y).tolist() == [[1.0, 3.0]]


def test_squared_loss_on_a_sigmoid_unit_by_hand():
    # 004, ML:IV-94: δ = (c − y)·y·(1 − y) is −∂L/∂z. At z = log 3: y = ¾; with c = 1: L = ½·(¼)², ∂L/∂z = −¼·¾·¼.
    head = join("sigmoid", "squared", 1)
    z, y = np.array([[math.log(3.0)]]), np.ones((1, 1))
    f = head.output.function(z)
    np.testing.assert_allclose(head.value(z, f, y), [1 / 32], rtol=1e-15)
    np.testing.assert_allclose(head.delta(z, f, y), [[-3 / 64]], rtol=1e-15)


def test_cross_entropy_of_softmax_keeps_all_digits():
    head = join("softmax", None, 2)
    z, y = np.array([[36.0, 0.0]]), np.array([[1.0, 0.0]])
    # log(1 + e^−36) = 2.319522830243569e-16 (50 digits of Python's decimal)
    np.testing.assert_allclose(head.value(z, head.output.function(z), y), [2.3195228302435691e-16], rtol=1e-15)
    three = np.array([[36.0, 0.0, 0.0]])
    y = np.array([[1.0, 0.0, 0.0]])
    np.testing.assert_allclose(join("softmax", None, 3).value(three, None, y), [4.639045660487137e-16], rtol=1e-15)


def test_a_loss_with_options_and_an_own_loss_and_output_of_ones_own():
    assert join("identity", ml.loss("huber", delta=0.5), 1).value(np.array([[3.0]]), np.array([[3.0]]), 0.0) == 1.375
    fourth = ml.Loss("fourth", lambda f, y: (f - y) ** 4, lambda f, y: 4.0 * (f - y) ** 3)
    cube = ml.Output("cube", lambda z: z**3, lambda z, f, v: 3.0 * z**2 * v)
    head = join(cube, fourth, 1)
    z = np.array([[2.0]])
    assert head.value(z, z**3, 7.0).tolist() == [1.0]
    assert head.delta(z, z**3, 7.0).tolist() == [[3.0 * 4.0 * 4.0]]


def test_an_activation_with_options_is_an_output():
    head = join(ml.Network([1, 1], output=ml.activation("leaky_relu", slope=0.5)).output, "squared", 1)
    z = np.array([[-2.0]])
    assert head.delta(z, head.output.function(z), 0.0).tolist() == [[-0.5]]


@pytest.mark.parametrize(
    ("output", "loss", "k", "message"),
    [
        ("softmax", None, 1, "output: 'softmax' needs at least 2 units, came 1; use 'sigmoid'"),
        ("sparsemax", None, 1, "output: 'sparsemax' needs at least 2 units"),
        ("identity", "cross_entropy", 2, "'cross_entropy' does not go with output 'identity' of several.*squared"),
        ("tanh", "cross_entropy", 1, "'cross_entropy' does not go with output 'tanh' of one unit; allowed: squared"),
        ("softmax", "sparsemax", 3, "'sparsemax' does not go with output 'softmax'.*allowed: cross_entropy"),
        ("sigmoid", "hinge", 1, "'hinge' does not go with output 'sigmoid'"),
        ("identity", "poisson", 1, "'poisson' does not go with output 'identity'"),
        ("heaviside", "squared", 1, "'squared' does not go with output 'heaviside'.*no derivative"),
        ("identity", "mse", 1, "unknown loss 'mse'; allowed: squared"),
        ("identity", 3, 1, "unknown loss 3; allowed: squared"),
        ("identity", ["squared"], 1, "unknown loss .*; allowed: squared"),
        ("soft", None, 1, "output: got 'soft'; allowed: identity"),
    ],
)
def test_pairs_without_sense_are_refused_with_those_that_have(output, loss, k, message):
    with pytest.raises(ValueError, match=message):
        join(output, loss, k)
