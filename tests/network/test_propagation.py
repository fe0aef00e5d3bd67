"""Forward and backward propagation: equal in every array library, for several members at once, and on sparse rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

import multilayer as ml
from multilayer.formulas.activations import ACTIVATIONS
from multilayer.network.propagation import backward, forward, loss_and_gradient, parameter_views, predict, row_losses

EVERY_KIND = [3, ml.Dropout(0.25), ml.Dense(5, "gelu"), ml.Maxout(4, pieces=3), ml.APL(4, hinges=2), ml.Dropout(0.5), 2]
NETWORKS = {
    "every kind of layer": ml.Network(EVERY_KIND, output="softmax"),
    "no biases": ml.Network([3, 4, ml.Maxout(3), ml.APL(2), 2], "tanh", "softmax", bias=False),
    "no hidden layer": ml.Network([3, 2], output="softmax"),
    **{name: ml.Network([3, 6, 5, 2], name, "softmax") for name, a in ACTIVATIONS.items() if a.derivative is not None},
}
N_ROWS = 7


def example(net: ml.Network, seed: int = 0) -> SimpleNamespace:
    """A plan with parameters, rows, targets, weights and masks, all NumPy's."""
    rng = np.random.default_rng(seed)
    theta = net.pack(net.initialize(seed))
    return SimpleNamespace(
        plan=ml.Objective(net).plan,
        theta=theta + 0.1 * rng.normal(size=theta.shape),
        X=rng.normal(size=(N_ROWS, net.n_inputs)),
        Y=np.eye(2)[rng.integers(2, size=N_ROWS)],
        weight=rng.uniform(0.5, 2.0, size=N_ROWS),
        mask=lambda dropout, n_units: np.where(np.arange(N_ROWS * n_units).reshape(N_ROWS, -1) % 3 == 0, 0.0, 1.5),
    )


def population(net: ml.Network, members: int = 3) -> np.ndarray:
    return np.stack([example(net, seed).theta for seed in range(members)])


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
@pytest.mark.parametrize("several", [False, True])
def test_libraries_agree(library, net, several):
    xp = pytest.importorskip(library)
    e = example(net)
    theta = population(net) if several else e.theta
    expected, gradient = loss_and_gradient(e.plan, theta, e.X, e.Y, e.weight, e.mask)

    def mask(dropout, n_units):
        return xp.asarray(e.mask(dropout, n_units))

    arrays = [xp.asarray(a) for a in (theta, e.X, e.Y, e.weight)]
    sums, other = loss_and_gradient(e.plan, *arrays, mask)
    assert type(other) is type(arrays[0])
    np.testing.assert_allclose(np.asarray(other), gradient, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.asarray(sums.loss), expected.loss, rtol=1e-12)
    np.testing.assert_allclose(np.asarray(sums.weight), expected.weight, rtol=1e-12)
    outputs = predict(e.plan, *arrays[:2])
    np.testing.assert_allclose(np.asarray(outputs), predict(e.plan, theta, e.X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
def test_the_dtype_is_kept(net, dtype):
    e = example(net)
    arrays = [a.astype(dtype) for a in (e.theta, e.X, e.Y)]
    mask = e.mask
    sums, gradient = loss_and_gradient(
        e.plan, *arrays, draw_mask=lambda dropout, n_units: mask(dropout, n_units).astype(dtype)
    )
    assert {np.dtype(dtype)} == {gradient.dtype, sums.loss.dtype, sums.weight.dtype, predict(e.plan, *arrays[:2]).dtype}


@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
def test_members_at_once_are_members_one_by_one(net):
    e, thetas = example(net), population(net)
    sums, gradients = loss_and_gradient(e.plan, thetas, e.X, e.Y, e.weight, e.mask)
    assert sums.weight.shape == (3,)
    for k, theta in enumerate(thetas):
        alone, gradient = loss_and_gradient(e.plan, theta, e.X, e.Y, e.weight, e.mask)
        np.testing.assert_allclose(gradients[k], gradient, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose([sums.loss[k], sums.weight[k]], [alone.loss, alone.weight], rtol=1e-14)
        np.testing.assert_allclose(predict(e.plan, thetas, e.X)[k], predict(e.plan, theta, e.X), rtol=1e-13)
        losses = row_losses(e.plan, thetas, e.X, e.Y).loss
        np.testing.assert_allclose(losses[k], row_losses(e.plan, theta, e.X, e.Y).loss, rtol=1e-14)


def test_members_may_have_rows_of_their_own_and_several_leading_axes():
    net = NETWORKS["every kind of layer"]
    e = example(net)
    thetas = population(net, 6).reshape(2, 3, -1)
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(2, 3, N_ROWS, 3)), np.eye(2)[rng.integers(2, size=(2, 3, N_ROWS))]
    sums, gradients = loss_and_gradient(e.plan, thetas, X, Y)
    assert gradients.shape == thetas.shape
    for i in range(2):
        for j in range(3):
            alone, gradient = loss_and_gradient(e.plan, thetas[i, j], X[i, j], Y[i, j])
            np.testing.assert_allclose(gradients[i, j], gradient, rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(sums.loss[i, j], alone.loss, rtol=1e-14)


@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
@pytest.mark.parametrize("convert", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_rows_equal_dense_ones(net, convert):
    e = example(net)
    X = np.where(np.random.default_rng(2).uniform(size=e.X.shape) < 0.5, 0.0, e.X)
    expected, gradient = loss_and_gradient(e.plan, e.theta, X, e.Y, e.weight, e.mask)
    sums, other = loss_and_gradient(e.plan, e.theta, convert(X), e.Y, e.weight, e.mask)
    np.testing.assert_allclose(other, gradient, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(sums.loss, expected.loss, rtol=1e-14)
    np.testing.assert_allclose(predict(e.plan, e.theta, convert(X)), predict(e.plan, e.theta, X), rtol=1e-13)


@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
def test_gradients_of_parts_add_up(net):
    e = example(net)
    whole, gradient = loss_and_gradient(e.plan, e.theta, e.X, e.Y, e.weight)
    parts = [loss_and_gradient(e.plan, e.theta, e.X[s], e.Y[s], e.weight[s]) for s in (slice(0, 3), slice(3, 7))]
    np.testing.assert_allclose(sum(g for _, g in parts), gradient, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(sum(sums.loss for sums, _ in parts), whole.loss, rtol=1e-14)
    np.testing.assert_allclose(sum(sums.weight for sums, _ in parts), e.weight.sum(), rtol=1e-14)


def test_a_row_of_weight_two_is_the_row_twice():
    e = example(NETWORKS["every kind of layer"])
    twice = np.array([0, 1, 1, 2, 4, 5, 6, 6])
    _, expected = loss_and_gradient(e.plan, e.theta, e.X[twice], e.Y[twice])
    sums, gradient = loss_and_gradient(e.plan, e.theta, e.X, e.Y, np.array([1.0, 2.0, 1.0, 0.0, 1.0, 1.0, 2.0]))
    np.testing.assert_allclose(gradient, expected, rtol=1e-13, atol=1e-14)
    assert sums.weight == 8.0


def test_backward_is_the_adjoint_of_forward():
    # ⟨J dθ, δ⟩ = ⟨dθ, Jᵀδ⟩ with J dθ by central differences of the forward pass, masks included.
    for name, net in NETWORKS.items():
        e = example(net, seed=3)
        rng = np.random.default_rng(4)
        direction, delta = rng.normal(size=e.theta.shape), rng.normal(size=(N_ROWS, 2))

        def z(theta, e=e):
            return forward(e.plan.operations, parameter_views(e.plan.views, theta), e.X, e.mask).values[-1]

        s = 1e-6
        along = np.sum((z(e.theta + s * direction) - z(e.theta - s * direction)) / (2 * s) * delta)
        parameters = parameter_views(e.plan.views, e.theta)
        gradients = backward(e.plan.operations, parameters, forward(e.plan.operations, parameters, e.X, e.mask), delta)
        back = np.concatenate([g.ravel() for g in gradients]) @ direction
        assert along == pytest.approx(back, rel=1e-6, abs=1e-6), name


def test_a_dropped_unit_passes_nothing_on_and_gets_nothing_back():
    net = ml.Network([2, ml.Dense(3, "tanh"), ml.Dropout(0.5), 2], output="softmax")
    e = example(net)
    mask = np.ones((N_ROWS, 3))
    mask[:, 1] = 0.0
    (dW1, db1), (dW2, _) = net.unpack(loss_and_gradient(e.plan, e.theta, e.X, e.Y, None, lambda *_: mask)[1])
    assert not np.any(dW1[1])
    assert db1[1] == 0.0
    assert not np.any(dW2[:, 1])
    assert np.all(dW1[[0, 2]])


def test_ties_between_pieces_go_to_the_first():
    net = ml.Network([1, ml.Maxout(1, pieces=3), 1], bias=False)
    plan = ml.Objective(net).plan
    theta = np.array([0.0, 1.0, 1.0, 2.0])  # pieces 0, x, x; then 2·max
    _, gradient = loss_and_gradient(plan, theta, np.array([[3.0]]), np.array([[5.0]]))
    assert gradient.tolist() == [0.0, 2.0 * 3.0, 0.0, 3.0]  # f − y = 1


def test_hidden_values_are_predicted_too():
    net = ml.Network([2, ml.Dense(2, "relu"), ml.Dropout(0.5), 1])
    plan = ml.Objective(net).plan
    theta = net.pack([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [0.5])])
    X = np.array([[3.0, -4.0]])
    assert predict(plan, theta, X, until=0).tolist() == [[3.0, -4.0]]
    assert predict(plan, theta, X, until=1).tolist() == [[3.0, 0.0]]
    assert predict(plan, theta, X, until=2).tolist() == [[3.0, 0.0]]
    assert predict(plan, theta, X).tolist() == [[3.5]]


def test_backpropagation_by_hand():
    # One unit a layer, no biases, squared loss: z1 = 2·3 = 6, h = relu = 6, z2 = −1·6; y = −4: δ2 = −2, δ1 = −2·−1 = 2.
    net = ml.Network([1, 1, 1], bias=False)
    sums, gradient = loss_and_gradient(
        ml.Objective(net).plan, np.array([2.0, -1.0]), np.array([[3.0]]), np.array([[-4.0]])
    )
    assert sums.loss == 2.0
    assert gradient.tolist() == [2.0 * 3.0, -2.0 * 6.0]
