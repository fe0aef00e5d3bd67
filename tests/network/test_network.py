"""Networks as descriptions: layout of parameters, initial weights, forward pass, and refusals."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import multilayer as ml

hidden_layers = st.one_of(
    st.integers(1, 4),
    st.builds(ml.Dense, st.integers(1, 4), st.sampled_from([None, "tanh", "gelu"]), st.sampled_from([None, False])),
    st.builds(ml.Maxout, st.integers(1, 3), st.integers(2, 3)),
    st.builds(ml.APL, st.integers(1, 3), st.integers(1, 3)),
    st.builds(ml.Dropout, st.sampled_from([0.0, 0.5])),
)
networks = st.builds(
    lambda inputs, hidden, outputs, bias: ml.Network([inputs, *hidden, outputs], "tanh", bias=bias),
    st.integers(1, 4),
    st.lists(hidden_layers, max_size=4),
    st.integers(1, 3),
    st.booleans(),
)


def test_parameters_have_the_shapes_of_their_layers():
    net = ml.Network([2, ml.Dropout(0.1), 5, ml.Maxout(4, pieces=3), ml.Dense(3, bias=False), ml.APL(6, hinges=2), 1])
    shapes = [[None if array is None else array.shape for array in layer] for layer in net.initialize()]
    assert shapes == [
        [(5, 2), (5,)],
        [(12, 5), (12,)],
        [(3, 4), None],
        [(6, 3), (6,), (2, 6), (2, 6)],
        [(1, 6), (1,)],
    ]
    assert [type(layer).__name__ for layer in net.initialize()] == ["Layer", "Layer", "Layer", "Hinges", "Layer"]
    assert (net.n_inputs, net.n_outputs, net.n_parameters) == (2, 1, 15 + 72 + 12 + 18 + 6 + 24 + 7)


@given(networks, st.integers(0, 2**64 - 1))
def test_packing_and_unpacking_are_inverse_and_unpacked_arrays_are_views(net, seed):
    theta = net.initialize(seed)
    flat = net.pack(theta)
    assert flat.dtype == np.float64
    assert flat.shape == (net.n_parameters,)
    unpacked = net.unpack(flat)
    for layer, original in zip(unpacked, theta, strict=True):
        assert type(layer) is type(original)
        for array, expected in zip(layer, original, strict=True):
            assert (array is None) == (expected is None)
            if array is not None:
                np.testing.assert_array_equal(array, expected)
                assert np.shares_memory(array, flat)
                array += 1.0
    np.testing.assert_array_equal(flat, net.pack(theta) + 1.0)


@given(networks, st.integers(0, 1000))
def test_a_seed_draws_the_same_weights_again_and_another_draws_others(net, seed):
    flat = net.pack(net.initialize(seed))
    np.testing.assert_array_equal(flat, net.pack(net.initialize(seed)))
    assert np.any(flat != net.pack(net.initialize(seed + 1)))


def test_parameters_are_views_of_one_flat_vector():
    theta = ml.Network([3, 4, 2]).initialize()
    bases = {id(array.base) for layer in theta for array in layer}
    assert len(bases) == 1


def test_members_of_a_population_unpack_together():
    net = ml.Network([3, 4, 2])
    flats = np.stack([net.pack(net.initialize(seed)) for seed in range(5)])
    together = net.unpack(flats)
    assert together[0].W.shape == (5, 4, 3)
    np.testing.assert_array_equal(together[1].b[2], net.unpack(flats[2])[1].b)


def test_forward_by_hand():
    # z = (1·2 − 1·1 + 0.5, 1·2 + 2·1 − 4) = (1.5, 0), relu, 2·1.5 − 3·0 + 1 = 4
    theta = (ml.Layer([[1.0, -1.0], [1.0, 2.0]], [0.5, -4.0]), ml.Layer([[2.0, -3.0]], [1.0]))
    net = ml.Network([2, 2, 1])
    assert net.forward(theta, [[2, 1]]).tolist() == [[4.0]]
    assert net.forward([([[1, -1], [1, 2]], [0.5, -4]), ([[2, -3]], [1])], [[2, 1], [2, 1]]).tolist() == [[4.0], [4.0]]


def test_maxout_by_hand():
    # pieces of unit 0: (x, −x); of unit 1: (2x, 1) — rows of W in the order of units, then pieces
    net = ml.Network([1, ml.Maxout(2, pieces=2), 2])
    theta = (ml.Layer([[1.0], [-1.0], [2.0], [0.0]], [0.0, 0.0, 0.0, 1.0]), ml.Layer(np.eye(2), np.zeros(2)))
    np.testing.assert_array_equal(net.forward(theta, [[-3.0], [0.25], [2.0]]), [[3.0, 1.0], [0.25, 1.0], [2.0, 4.0]])


def test_learned_hinges_by_hand():
    # h = max(0, z) + ½·max(0, 1 − z) − 2·max(0, −1 − z)
    net = ml.Network([1, ml.APL(1, hinges=2), 1])
    theta = (ml.Hinges([[1.0]], [0.0], [[0.5], [-2.0]], [[1.0], [-1.0]]), ml.Layer([[1.0]], [0.0]))
    np.testing.assert_array_equal(
        net.forward(theta, [[-3.0], [-1.0], [0.0], [1.0], [5.0]]).ravel(), [0.5 * 4 - 2 * 2, 1.0, 0.5, 1.0, 5.0]
    )


def test_layers_have_their_own_activations_and_biases():
    net = ml.Network([1, ml.Dense(1, "sigmoid", bias=True), ml.Dense(1, "heaviside"), 1], "sine", bias=False)
    theta = net.initialize()
    assert [layer.b is None for layer in theta] == [False, True, True]
    given_weights = (ml.Layer([[0.0]], [0.0]), ml.Layer([[2.0]]), ml.Layer([[3.0]]))
    assert net.forward(given_weights, [[7.0]]).tolist() == [[3.0]]  # 3·heaviside(2·σ(0))


@given(st.integers(0, 1000))
def test_layers_of_linear_units_collapse_into_one(seed):
    # 004, ML:IV-73
    deep = ml.Network([3, 4, 5, 2], "identity")
    (W1, b1), (W2, b2), (W3, b3) = theta = deep.initialize(seed)
    shallow = (ml.Layer(W3 @ W2 @ W1, W3 @ (W2 @ b1 + b2) + b3),)
    X = np.random.default_rng(seed).normal(size=(6, 3))
    np.testing.assert_allclose(deep.forward(theta, X), ml.Network([3, 2]).forward(shallow, X), atol=1e-13)


def test_dropout_is_absent_from_the_forward_pass():
    with_dropout = ml.Network([3, ml.Dropout(0.5), 4, ml.Dropout(0.9), 2])
    without = ml.Network([3, 4, 2])
    theta, X = without.initialize(), np.eye(3)
    np.testing.assert_array_equal(with_dropout.forward(theta, X), without.forward(theta, X))


@pytest.mark.parametrize(
    "convert", [list, sparse.csr_matrix, sparse.csr_array, sparse.coo_array, sparse.csc_matrix, np.float32, np.int8]
)
def test_inputs_of_many_kinds_give_the_same(convert):
    net = ml.Network([3, 4, 2], "tanh", "softmax")
    X = np.array([[0, 1, 2], [0, 0, -3], [5, 0, 0]])
    theta = net.initialize()
    np.testing.assert_allclose(net.forward(theta, convert(X)), net.forward(theta, X.astype(float)), rtol=1e-14)


def test_no_rows_give_no_outputs():
    assert ml.Network([3, 2]).forward(ml.Network([3, 2]).initialize(), np.zeros((0, 3))).shape == (0, 2)


def test_networks_are_values():
    net = ml.Network([2, ml.APL(3), 4, 2], "tanh", "softmax", initial_weights="orthogonal")
    copy = pickle.loads(pickle.dumps(net))
    assert copy == net
    assert net != ml.Network([2, ml.APL(3), 4, 2], "tanh", "softmax")
    np.testing.assert_array_equal(copy.pack(copy.initialize(3)), net.pack(net.initialize(3)))


def test_a_named_scheme_is_used_in_every_layer():
    net = ml.Network([3, 4, ml.Maxout(2), 2], initial_weights=ml.initial_weights("uniform", bound=0.01))
    assert 0.005 < np.abs(net.pack(net.initialize())).max() <= 0.01


def test_learned_hinges_begin_as_relu():
    net = ml.Network([3, ml.APL(4), 2])
    relu = ml.Network([3, 4, 2])
    (W, b, _, _), last = theta = net.initialize(5)
    X = np.random.default_rng(0).normal(size=(8, 3))
    np.testing.assert_array_equal(net.forward(theta, X), relu.forward((ml.Layer(W, b), last), X))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ml.Network(3), TypeError, r"layers: must be a sequence such as \[2, 4, 1\], came 3"),
        (lambda: ml.Network([2]), ValueError, "layers: needs at least the numbers of inputs and outputs"),
        (lambda: ml.Network([0, 1]), ValueError, "layers: sizes must be at least 1, came 0 at position 0"),
        (lambda: ml.Network([2, "3", 1]), ValueError, "layers: position 1 must be .*Maxout.*, came '3'"),
        (lambda: ml.Network([2, 2.5, 1]), ValueError, "layers: position 1 must be .*, came 2.5"),
        (lambda: ml.Network([ml.Dense(2), 1]), ValueError, "layers: position 0 must be the number of inputs"),
        (lambda: ml.Network([2, ml.Dropout(0.5)]), ValueError, "layers: the last must be the number of outputs"),
        (lambda: ml.Network([2, ml.Dense(1, "tanh")]), ValueError, "layers: the last .*output= names"),
        (lambda: ml.Network([2, 1], "rleu"), ValueError, "activation: got 'rleu'; allowed: .*relu"),
        (lambda: ml.Network([2, ml.Dense(3, "rleu"), 1]), ValueError, "activation: got 'rleu'; allowed: .*relu"),
        (lambda: ml.Network([2, 1], output="soft"), ValueError, "output: got 'soft'; allowed: .*softmax"),
        (lambda: ml.Network([2, 1], output="softmax"), ValueError, "output: 'softmax' needs at least 2 units, came 1"),
        (lambda: ml.Network([2, ml.Dense(1)], output="sparsemax"), ValueError, "'sparsemax' needs at least 2 units"),
        (lambda: ml.Network([2, 1], output=3), TypeError, "output: got int; allowed"),
        (lambda: ml.Network([2, 1], bias="no"), TypeError, "bias: must be True or False, came 'no'"),
        (lambda: ml.Network([2, 1], initial_weights="xavier"), ValueError, "initial_weights.*'xavier'.*glorot_uniform"),
        (lambda: ml.Network([2, 1]).initialize("a"), TypeError, "seed is 'a'; it must be a whole number"),
        (lambda: ml.Network([2, 1]).unpack(np.zeros(4)), ValueError, r"theta: must have 3 entries, came shape \(4,\)"),
    ],
)
def test_what_is_no_network_is_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


W1, W2 = np.zeros((3, 2)), np.zeros((1, 3))


@pytest.mark.parametrize(
    ("theta", "error", "message"),
    [
        (np.zeros(5), ValueError, r"theta: must have shape \(13,\), came \(5,\)"),
        ([(W1, np.zeros(3))], ValueError, "theta: must have 2 layers with parameters, came 1"),
        (3, TypeError, "theta: must be a sequence .*, came 3"),
        ([(W1.T, np.zeros(3)), (W2, np.zeros(1))], ValueError, r"layer 1: W must have shape \(3, 2\), came \(2, 3\)"),
        ([(W1, np.zeros(3)), (W2, 0.0)], ValueError, r"layer 2: b must have shape \(1,\), came \(\)"),
        ([(W1, np.zeros(3)), (W2,)], ValueError, r"layer 2: b must have shape \(1,\), came None"),
        ([W1, W2], ValueError, r"layer 1 must be Layer\(W, b\), came ndarray"),
        ([(W1, np.zeros(3), 1), (W2, np.zeros(1))], ValueError, r"layer 1 must be Layer\(W, b\), came tuple of 3"),
        ([(W1, ["a"] * 3), (W2, np.zeros(1))], ValueError, "layer 1: b: must be numbers"),
        ([([[1, 2], [3]], np.zeros(3)), (W2, np.zeros(1))], ValueError, "layer 1: W: must be numbers"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(theta, error, message):
    with pytest.raises(error, match=message):
        ml.Network([2, 3, 1]).forward(theta, [[1.0, 2.0]])


def test_a_bias_where_there_is_none_is_refused():
    with pytest.raises(ValueError, match=r"layer 1: b must have shape None, came \(1,\)"):
        ml.Network([2, 1], bias=False).forward([([[1.0, 2.0]], [0.0])], [[1.0, 2.0]])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1.0, 2.0], r"X: must have shape \(n, 2\), came \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"X: must have shape \(n, 2\), came \(1, 3\)"),
        ([[1.0, 2.0], [3.0]], r"X: must be numbers of shape \(n, 2\)"),
        ([["a", "b"]], r"X: must be numbers of shape \(n, 2\), came dtype <U1"),
        ([[1.0, None]], "X: must be numbers .* came dtype object"),
        ([[1.0, np.nan]], "X: holds NaN or infinity"),
        ([[np.inf, 1.0]], "X: holds NaN or infinity"),
        (sparse.csr_array([[0.0, np.nan]]), "X: holds NaN or infinity"),
        (sparse.csr_array(np.eye(3)), r"X: must have shape \(n, 2\), came \(3, 3\)"),
        ([[1j, 2.0]], "X: must be numbers .* came dtype complex128"),
    ],
)
def test_bad_inputs_are_refused(X, message):
    net = ml.Network([2, 1])
    with pytest.raises(ValueError, match=message):
        net.forward(net.initialize(), X)
