"""Objectives: means and sums, penalties, weights, worked by hand; and refusals."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import multilayer as ml

LINE = ml.Network([1, 1])  # f = wx + b
THETA = [([[2.0]], [1.0])]
X = [[0.0], [1.0], [3.0]]  # f = 1, 3, 7
T = [1.0, 1.0, 4.0]  # f − y = 0, 2, 3


def test_the_mean_and_the_sum_by_hand():
    value, ((dW, db),) = ml.Objective(LINE).value_and_gradient(THETA, X, T)
    assert value == pytest.approx((0 + 4 / 2 + 9 / 2) / 3)
    assert dW.tolist() == [[pytest.approx((2 * 1 + 3 * 3) / 3)]]
    assert db.tolist() == [pytest.approx(5 / 3)]
    total, ((dW, db),) = ml.Objective(LINE, reduction="sum").value_and_gradient(THETA, X, T)
    assert (total, dW.item(), db.item()) == (6.5, 11.0, 5.0)


@pytest.mark.parametrize(
    ("penalty", "omega", "slope"),
    [
        (ml.L1(0.5), 0.5 * 2, 0.5),
        (ml.L2(0.5), 0.5 * 0.5 * 4, 0.5 * 2),
        (ml.ElasticNet(0.5, 0.25), 0.5 * 2 + 0.5 * 0.25 * 4, 0.5 + 0.25 * 2),
        (ml.L2(0.5, step="proximal"), 0.5 * 0.5 * 4, 0.5 * 2),
    ],
)
def test_penalties_act_on_weights_and_not_on_biases(penalty, omega, slope):
    for reduction in ("mean", "sum"):
        plain = ml.Objective(LINE, reduction=reduction)
        value, ((dW, db),) = plain.value_and_gradient(THETA, X, T)
        with_penalty = ml.Objective(LINE, penalty=penalty, reduction=reduction)
        assert with_penalty.value(THETA, X, T) == pytest.approx(value + omega)
        _, ((dW_penalised, db_penalised),) = with_penalty.value_and_gradient(THETA, X, T)
        assert dW_penalised.item() - dW.item() == pytest.approx(slope)
        assert db_penalised.item() == db.item()
    in_mean = ml.Objective(LINE, penalty=penalty, penalty_in_mean=True)
    assert in_mean.value(THETA, X, T) == pytest.approx(6.5 / 3 + omega / 3)
    assert in_mean.value(THETA, X, T, [1.0, 1.0, 2.0]) == pytest.approx((6.5 + 4.5 + omega) / 4)


def test_biases_and_learned_hinges_are_not_penalised():
    net = ml.Network([2, ml.APL(3), ml.Maxout(2), 1])
    heavy, plain = ml.Objective(net, penalty=ml.ElasticNet(3.0, 5.0)), ml.Objective(net)
    theta, rows = net.initialize(), np.ones((2, 2))
    _, penalised = heavy.value_and_gradient(theta, rows, [0.0, 1.0])
    _, free = plain.value_and_gradient(theta, rows, [0.0, 1.0])
    for layer, expected in zip(penalised, free, strict=True):
        assert np.any(layer.W != expected.W)
        for array, unchanged in zip(layer[1:], expected[1:], strict=True):
            np.testing.assert_array_equal(array, unchanged)


@given(st.lists(st.integers(0, 3), min_size=3, max_size=3).filter(any), st.sampled_from(["mean", "sum"]))
def test_weights_count_rows(counts, reduction):
    J = ml.Objective(LINE, "huber", reduction=reduction)
    value, gradient = J.value_and_gradient(THETA, X, T, counts)
    rows = np.repeat(np.arange(3), counts)
    expected, expected_gradient = J.value_and_gradient(THETA, np.array(X)[rows], np.array(T)[rows])
    assert value == pytest.approx(expected, abs=1e-15)
    np.testing.assert_allclose(LINE.pack(gradient), LINE.pack(expected_gradient), atol=1e-14)


def test_the_scale_of_weights_does_not_change_a_mean():
    J = ml.Objective(LINE, penalty=ml.L2(0.1))
    assert J.value(THETA, X, T, [1.0, 2.0, 3.0]) == pytest.approx(J.value(THETA, X, T, [10.0, 20.0, 30.0]))


def test_cross_entropy_by_hand():
    # 003: summed over outputs. At z = (0, log 3): f = (½, ¾); y = (1, 0): log 2 + log 4.
    net = ml.Network([1, 2], output="sigmoid")
    theta = [([[0.0], [0.0]], [0.0, math.log(3)])]
    J = ml.Objective(net, reduction="sum")
    assert J.value(theta, [[1.0]], [[1, 0]]) == pytest.approx(math.log(8))
    _, ((_, db),) = J.value_and_gradient(theta, [[1.0], [1.0]], [[1, 0], [0, 1]])
    np.testing.assert_allclose(db, [-0.5 + 0.5, 0.75 - 0.25])


def test_sparse_rows_and_labels_of_many_kinds_give_the_same():
    net = ml.Network([2, 3, 2], "tanh", "softmax")
    J, theta = ml.Objective(net), net.initialize()
    rows = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 0.0]])
    expected = J.value(theta, rows, [0, 1, 1])
    assert J.value(net.pack(theta), sparse.csr_array(rows), np.array([0, 1, 1], np.uint8)) == pytest.approx(expected)
    assert J.value(theta, rows.tolist(), ml.one_hot([0, 1, 1])) == expected


def test_a_threshold_inside_is_refused_in_words():
    for name in ("heaviside", "sign"):
        J = ml.Objective(ml.Network([2, ml.Dense(2, name), 1], output="sigmoid"))
        theta = J.network.initialize()
        assert np.isfinite(J.value(theta, [[1.0, 2.0]], [1]))  # its value needs no gradient
        with pytest.raises(ValueError, match=f"activation: '{name}' is flat.*no gradient.*'sigmoid'"):
            J.value_and_gradient(theta, [[1.0, 2.0]], [1])


def test_a_single_threshold_unit_has_the_perceptrons_gradient():
    # right: 0; wrong: ±x (Rosenblatt's correction)
    net = ml.Network([2, 1], output="heaviside")
    J = ml.Objective(net, reduction="sum")
    theta = [([[1.0, 1.0]], [0.0])]
    assert net.pack(J.value_and_gradient(theta, [[2.0, 3.0]], [1])[1]).tolist() == [0.0, 0.0, 0.0]
    assert net.pack(J.value_and_gradient(theta, [[2.0, 3.0]], [0])[1]).tolist() == [2.0, 3.0, 1.0]
    assert net.pack(J.value_and_gradient(theta, [[-2.0, -3.0]], [1])[1]).tolist() == [2.0, 3.0, -1.0]


def test_objectives_are_values():
    J = ml.Objective(ml.Network([2, 2], output="softmax"), penalty=ml.L1(0.1), label_smoothing=0.1)
    assert J.plan is J.plan
    assert pickle.loads(pickle.dumps(J)) == J


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ml.Objective([2, 1]), TypeError, "network: must be a Network, came list"),
        (lambda: ml.Objective(LINE, "mse"), ValueError, "loss: unknown loss 'mse'; allowed: squared"),
        (lambda: ml.Objective(LINE, penalty=0.1), TypeError, "penalty: must be L1, L2 or ElasticNet, came 0.1"),
        (lambda: ml.Objective(LINE, reduction="max"), ValueError, "reduction: must be 'mean' or 'sum', came 'max'"),
        (lambda: ml.Objective(LINE).value(THETA, [[1.0, 2.0]], [1.0]), ValueError, r"X: must have shape \(n, 1\)"),
        (lambda: ml.Objective(LINE).value(THETA, np.zeros((0, 1)), []), ValueError, "X: has no rows"),
        (lambda: ml.Objective(LINE).value(THETA, X, [1.0]), ValueError, r"T: came shape \(1,\)"),
        (lambda: ml.Objective(LINE).value(THETA, [[np.nan]], [1.0]), ValueError, "X: holds NaN or infinity"),
        (lambda: ml.Objective(LINE).value(THETA, [[1.0]], [np.inf]), ValueError, "T: has NaN or infinity in row 0"),
        (lambda: ml.Objective(LINE).value([1.0], X, T), ValueError, "theta: layer 1 must be"),
    ],
)
def test_what_is_no_objective_is_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, 1.0], r"numbers of shape \(3,\), came shape \(2,\)"),
        ([[1.0], [1.0], [1.0]], r"numbers of shape \(3,\), came shape \(3, 1\)"),
        (1.0, r"numbers of shape \(3,\), came shape \(\)"),
        (["a", "b", "c"], "came dtype <U1"),
        ([1.0, -1.0, 1.0], "none negative"),
        ([1.0, np.nan, 1.0], "finite"),
        ([0.0, 0.0, 0.0], "not all zero"),
    ],
)
def test_bad_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=f"sample_weight: must be .*{message}"):
        ml.Objective(LINE).value(THETA, X, T, weight)
