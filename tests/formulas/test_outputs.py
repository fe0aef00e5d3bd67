"""Outputs against SciPy, torch and an independent projection; vector–Jacobian products against finite differences."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.formulas.activations import ACTIVATIONS, Activation, activation
from multilayer.formulas.outputs import OUTPUTS, Output, output

INF, NAN = np.inf, np.nan
DISTRIBUTIONS = ("softmax", "sparsemax")

rows = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 7)), elements=st.floats(-20.0, 20.0))


def scores(shape=(40, 5), scale=1.5, seed=0) -> np.ndarray:
    """Pre-activations away from every kink that activations have."""
    z = np.random.default_rng(seed).normal(scale=scale, size=shape)
    kinks = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    return np.where(np.min(np.abs(z[..., None] - kinks), axis=-1) < 1e-3, 0.5, z)


def jacobian(function, z: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """∂f_i/∂z_j of every row by central differences, (n, k, k)."""
    columns = []
    for j in range(z.shape[-1]):
        e = step * np.eye(z.shape[-1])[j]
        columns.append((function(z + e) - function(z - e)) / (2 * step))
    return np.stack(columns, axis=-1)


def projection(z: np.ndarray) -> np.ndarray:
    """The nearest point of the probability simplex to z (k,), by root finding for the threshold."""
    threshold = scipy.optimize.brentq(lambda t: np.maximum(z - t, 0).sum() - 1, z.max() - 1, z.max(), xtol=1e-15)
    return np.maximum(z - threshold, 0)


def test_every_output_is_here():
    assert set(OUTPUTS) == {*ACTIVATIONS, *DISTRIBUTIONS, "exp"}
    assert all(name == o.name for name, o in OUTPUTS.items())
    assert {name for name, o in OUTPUTS.items() if o.rowwise} == set(DISTRIBUTIONS)
    assert {name for name, o in OUTPUTS.items() if o.vjp is None} == {"heaviside", "sign"}


@pytest.mark.parametrize("name", [name for name, o in OUTPUTS.items() if o.vjp is not None])
def test_vjp_agrees_with_central_differences(name):
    o, z = OUTPUTS[name], scores()
    v = np.random.default_rng(1).normal(size=z.shape)
    J = jacobian(o.function, z)
    np.testing.assert_allclose(o.vjp(z, o.function(z), v), np.einsum("nij,ni->nj", J, v), atol=2e-7)


@pytest.mark.parametrize("name", OUTPUTS)
def test_leading_axes_dtype_and_libraries(library, dtype, name):
    o = OUTPUTS[name]
    values = scores((2, 3, 4)).astype(dtype)
    v = np.random.default_rng(1).normal(size=values.shape).astype(dtype)
    z = library.asarray(values)
    f, expected = o.function(z), o.function(values)
    rtol = 1e-14 if dtype == "float64" else 3e-6
    assert f.dtype == z.dtype
    np.testing.assert_allclose(library.numpy(f), expected, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(library.numpy(o.function(z[1, 2, :])), expected[1, 2], rtol=rtol, atol=rtol)
    if o.vjp is not None:
        back = o.vjp(z, f, library.asarray(v))
        assert back.dtype == z.dtype
        np.testing.assert_allclose(library.numpy(back), o.vjp(values, expected, v), rtol=rtol, atol=10 * rtol)


@given(rows)
def test_softmax_agrees_with_scipy(z):
    np.testing.assert_allclose(OUTPUTS["softmax"].function(z), scipy.special.softmax(z, axis=-1), rtol=1e-13)


@given(rows)
def test_sparsemax_is_the_nearest_distribution(z):
    expected = np.array([projection(row) for row in z])
    np.testing.assert_allclose(OUTPUTS["sparsemax"].function(z), expected, atol=1e-14)


@given(rows)
def test_sparsemax_is_no_further_than_other_distributions(z):
    f = OUTPUTS["sparsemax"].function(z)
    others = np.random.default_rng(0).dirichlet(np.full(z.shape[-1], 0.3), size=50)
    corners = np.concatenate([others, np.eye(z.shape[-1])])
    distance = ((f - z) ** 2).sum(-1)
    assert np.all(distance[:, None] <= ((corners - z[:, None]) ** 2).sum(-1) + 1e-11)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@given(rows, st.floats(-1e3, 1e3))
def test_rows_are_distributions_that_ignore_a_shift(name, z, shift):
    f = OUTPUTS[name].function(z)
    assert np.all(f >= 0)
    np.testing.assert_allclose(f.sum(-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(OUTPUTS[name].function(z + shift), f, atol=1e-12)
    assert np.all(np.take_along_axis(f, z.argmax(-1)[:, None], -1) == f.max(-1, keepdims=True))


def test_softmax_has_full_support_and_sparsemax_has_zeros():
    # 001: "Resulting distribution has full support", and the sparsemax of Martins & Astudillo 2016
    z = np.array([1.0, 0.0, -1.5])
    assert np.all(OUTPUTS["softmax"].function(z) > 0)
    np.testing.assert_array_equal(OUTPUTS["sparsemax"].function(z), [1.0, 0.0, 0.0])
    np.testing.assert_allclose(OUTPUTS["sparsemax"].function(np.array([0.5, 0.1, -2.0])), [0.7, 0.3, 0.0], rtol=1e-15)


@given(st.floats(-3.0, 3.0))
def test_two_dimensional_sparsemax_is_a_hard_sigmoid(t):
    # Martins & Astudillo 2016, section 2.4: sparsemax_1(t, 0) is 0 up to −1, (t + 1)/2 between, 1 from 1 on
    f = OUTPUTS["sparsemax"].function(np.array([t, 0.0]))
    np.testing.assert_allclose(f[0], np.clip((t + 1) / 2, 0, 1), atol=1e-15)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_far_scores_and_infinities(library, dtype, name):
    z = np.array(
        [[1e3, 0, -1e3], [1e3, 1e3, 0], [-1e3, -1e3, -2e3], [INF, 0, 1], [-INF, 0, 0], [INF, -INF, 5], [-INF, -INF, 3]]
    )
    expected = [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0], [1, 0, 0], [0, 0.5, 0.5], [1, 0, 0], [0, 0, 1]]
    with np.errstate(all="raise", under="ignore"):
        f = OUTPUTS[name].function(library.asarray(z.astype(dtype)))
    np.testing.assert_array_equal(library.numpy(f), np.array(expected, dtype=dtype))


@pytest.mark.parametrize("name", ["sigmoid", "exp"])
def test_elementwise_outputs_at_infinity(library, dtype, name):
    f = OUTPUTS[name].function(library.asarray(np.array([-INF, -1e3, 0.0], dtype=dtype)))
    np.testing.assert_array_equal(library.numpy(f), {"sigmoid": [0, 0, 0.5], "exp": [0, 0, 1]}[name])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_nan_spoils_its_row_and_no_other(library, name):
    z = library.asarray(np.array([[NAN, 1.0, 2.0], [0.0, 1.0, 2.0], [1.0, INF, NAN]]))
    o = OUTPUTS[name]
    f = o.function(z)
    back = o.vjp(z, f, library.asarray(np.ones((3, 3))))
    for result in (f, back):
        assert np.isnan(library.numpy(result)).all(axis=-1).tolist() == [True, False, True]


def test_equal_scores_share():
    for name in DISTRIBUTIONS:
        np.testing.assert_allclose(OUTPUTS[name].function(np.full(7, 3.3)), np.full(7, 1 / 7), rtol=1e-15)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_vjp_agrees_with_torch(name):
    torch = pytest.importorskip("torch")
    if name == "softmax":
        z = torch.asarray(scores(), requires_grad=True)
        v = torch.asarray(scores(seed=3))
        f = torch.softmax(z, dim=-1)
        (expected,) = torch.autograd.grad(f, z, v)
        torch.testing.assert_close(OUTPUTS[name].vjp(z.detach(), f.detach(), v), expected, rtol=1e-12, atol=1e-14)
    else:  # torch has no sparsemax; its support makes it a projection that is linear, symmetric and idempotent
        z, v = torch.asarray(scores()), torch.asarray(scores(seed=3))
        f = OUTPUTS[name].function(z)
        once = OUTPUTS[name].vjp(z, f, v)
        torch.testing.assert_close(OUTPUTS[name].vjp(z, f, once), once, rtol=0, atol=1e-14)


def test_output_takes_names_activations_and_outputs():
    assert output("softmax") is OUTPUTS["softmax"]
    assert output(OUTPUTS["exp"]) is OUTPUTS["exp"]
    steep = output(activation("leaky_relu", slope=0.5))
    z = np.array([-2.0, 2.0])
    np.testing.assert_array_equal(steep.function(z), [-1.0, 2.0])
    np.testing.assert_array_equal(steep.vjp(z, steep.function(z), np.array([10.0, 10.0])), [5.0, 10.0])
    cube = output(Activation("cube", lambda z: z * z * z, lambda z: 3.0 * (z * z)))
    assert (cube.name, cube.rowwise) == ("cube", False)


def test_unknown_outputs_are_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match=r"output: got 'sotfmax'; allowed: .*softmax"):
        output("sotfmax")
    with pytest.raises(TypeError, match=r"output: got int; allowed: "):
        output(3)


@pytest.mark.parametrize("o", OUTPUTS.values(), ids=lambda o: o.name)
def test_pickles(o):
    copy = pickle.loads(pickle.dumps(o))
    assert isinstance(copy, Output)
    np.testing.assert_array_equal(copy.function(np.ones((2, 2))), o.function(np.ones((2, 2))))
