"""Where a NaN or infinity first appeared: the message names epoch, batch and layer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import multilayer as ml

X = np.array([[1.0, 0.0], [2.0, 1.0], [0.5, 3.0], [1.5, 1.0]])


def diverged(J: ml.Objective, theta, X, T, **options) -> ml.Diverged:
    usual = {"rule": ml.GradientDescent(0.1), "batch_size": 2, "sampling": "given", "epochs": 5}
    with pytest.raises(ml.Diverged) as caught:
        ml.train(J, theta, X, T, **{**usual, **options})
    return caught.value


def test_the_layer_where_a_value_overflows():
    net = ml.Network([2, 2, ml.Dense(2, "identity"), 1])
    big = np.full((2, 2), 1e200)
    theta = [(big, np.zeros(2)), (big, np.zeros(2)), (np.ones((1, 2)), [0.0])]
    error = diverged(ml.Objective(net), theta, X, np.zeros(4))
    assert "in epoch 1, batch 1: first in layer 2 (affine); use a smaller rate, clip_norm=" in str(error)
    assert error.run.ended == "nonfinite"
    assert error.run.message == str(error)


def test_a_layer_with_learned_hinges():
    net = ml.Network([2, ml.APL(1, hinges=1), 1])
    theta = [([[-1.0, -1.0]], [0.0], [[1e308]], [[5.0]]), ([[1.0]], [0.0])]
    assert "first in layer 1 (hinges)" in str(diverged(ml.Objective(net), theta, X, np.zeros(4)))


def test_a_loss_that_overflows():
    net = ml.Network([2, 1])
    error = diverged(ml.Objective(net), [(np.full((1, 2), 1e160), [0.0])], X, np.zeros(4))
    assert "the loss became NaN or infinite in epoch 1, batch 1; use" in str(error)


def test_a_gradient_that_overflows():
    net = ml.Network([2, 1])
    J = ml.Objective(net, "absolute", reduction="sum")
    error = diverged(J, [(np.zeros((1, 2)), [-1.0])], 1.5e308 * np.ones((4, 2)), np.zeros(4))
    assert "the gradient of 1.W became NaN or infinite in epoch 1, batch 1" in str(error)


def test_the_epoch_and_batch_where_descent_left_the_finite_numbers():
    # w ← w − η·x²·w doubles in size with every row 1 and stays with row 0: found by counting in exact powers of two
    net = ml.Network([1, 1], bias=False)
    rows = np.array([[0.0], [2.0**0.5]])
    big = 2.0**510.0
    # w after n epochs: big·(1 − 2η)^n with η = 1.5: factor −2; ½(w·√2)² overflows from w = 2^512 on
    error = diverged(
        ml.Objective(net), [([[big]],)], rows, [0.0, 0.0], rule=ml.GradientDescent(1.5), batch_size=1, epochs=9
    )
    assert "in epoch 3, batch 2;" in str(error)
    run = error.run
    assert run.history["epoch"].tolist() == [1, 2]
    assert run.theta[0].W.item() == pytest.approx(2.0**512)
    assert run.state.step == 5


@pytest.mark.parametrize("callbacks", [[], [lambda epoch: None]])
def test_the_same_whether_epochs_are_looked_at_or_not(callbacks):
    net = ml.Network([1, 1], bias=False)
    error = diverged(
        ml.Objective(net),
        [([[2.0**510]],)],
        np.array([[0.0], [2.0**0.5]]),
        [0.0, 0.0],
        rule=ml.GradientDescent(1.5),
        batch_size=1,
        epochs=9,
        callbacks=callbacks,
    )
    assert "in epoch 3, batch 2;" in str(error)
    assert len(error.run.history["loss"]) == 2


def test_sparse_rows_and_dropout_on_inputs():
    net = ml.Network([2, ml.Dropout(0.5), 3, 1])
    theta = [(np.full((3, 2), 1e200), np.zeros(3)), (np.full((1, 3), 1e200), [0.0])]
    error = diverged(ml.Objective(net), theta, sparse.csr_array(X), np.zeros(4))
    assert "first in layer 2 (affine)" in str(error)


def test_weights_take_part():
    net = ml.Network([2, 1])
    error = diverged(
        ml.Objective(net), [(np.full((1, 2), 1e10), [0.0])], X, np.zeros(4), sample_weight=np.full(4, 1e300)
    )
    assert "the loss became NaN or infinite" in str(error)


def test_continue_does_not_raise():
    net = ml.Network([2, 1])
    run = ml.train(
        ml.Objective(net), [(np.full((1, 2), 1e160), [0.0])], X, np.zeros(4), epochs=3, on_nonfinite="continue"
    )
    assert run.ended == "epochs"
    assert len(run.history["loss"]) == 3
    assert not np.any(np.isfinite(run.history["loss"]))
