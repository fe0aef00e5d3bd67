"""Activations against finite differences, torch's own functions, and limits and numbers known from elsewhere."""

from __future__ import annotations

import pickle
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.formulas.activations import ACTIVATIONS, Activation, activation

INF, NAN = np.inf, np.nan

VARIANTS = [
    *ACTIVATIONS.values(),
    activation("leaky_relu", slope=0.3),
    activation("elu", alpha=0.5),
    activation("elu", alpha=2.0),
]
DIFFERENTIABLE = [a for a in VARIANTS if a.derivative is not None]


def ids(a: Activation) -> str:
    return a.name + "".join(f"-{name}={value}" for name, value in a.options)


# Limits at −∞ and +∞ of g and of g′, from the graphs of the functions; None where there is none.
LIMITS = {
    "identity": (-INF, INF, 1, 1),
    "heaviside": (0, 1, None, None),
    "sign": (-1, 1, None, None),
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, INF, 0, 1),
    "leaky_relu": (-INF, INF, 0.01, 1),
    "elu": (-1, INF, 0, 1),
    "selu": (-1.7580993408473766, INF, 0, 1.0507009873554805),
    "gelu": (0, INF, 0, 1),
    "silu": (0, INF, 0, 1),
    "mish": (0, INF, 0, 1),
    "softplus": (0, INF, 0, 1),
    "softsign": (-1, 1, 0, 0),
    "sqnl": (-1, 1, 0, 0),
    "sine": (None, None, None, None),
    "hard_sigmoid": (0, 1, 0, 0),
    "hard_tanh": (-1, 1, 0, 0),
}
WITH_LIMITS = [name for name, limits in LIMITS.items() if limits[0] is not None]


def grid(a: Activation, margin: float = 1e-3) -> np.ndarray:
    """Points of [−10, 10], away from kinks and from the places where a second derivative jumps."""
    z = np.linspace(-10.0, 10.0, 4001) + 3.7e-4
    z = z[np.abs(z) <= 10.0]
    return z[np.min(np.abs(z[:, None] - np.array([*a.kinks, -2.0, 0.0, 2.0])), axis=1) > margin]


def test_every_activation_is_here():
    assert set(ACTIVATIONS) == set(LIMITS)
    assert all(name == a.name for name, a in ACTIVATIONS.items())


@pytest.mark.parametrize("a", DIFFERENTIABLE, ids=ids)
def test_derivative_agrees_with_central_differences(a):
    z, step = grid(a), 1e-5
    difference = (a(z + step) - a(z - step)) / ((z + step) - (z - step))
    slope = a.slope(z, a(z))
    assert np.all(np.abs(slope - difference) <= 1e-7 * np.maximum(1.0, np.abs(slope)))


@pytest.mark.parametrize("a", [a for a in DIFFERENTIABLE if a.name != "sqnl"], ids=ids)
def test_value_and_derivative_agree_with_torch(a):
    torch = pytest.importorskip("torch")
    F, options = torch.nn.functional, dict(a.options)
    judges = {
        "identity": torch.nn.Identity(),
        "leaky_relu": lambda z: F.leaky_relu(z, options["slope"]),
        "elu": lambda z: F.elu(z, options["alpha"]),
        "softplus": lambda z: F.softplus(z, threshold=700.0),
        "sine": torch.sin,
        "hard_sigmoid": lambda z: F.relu6(z + 3.0) / 6.0,  # F.hardsigmoid has its 1/6 in float32
        "hard_tanh": F.hardtanh,
    }
    judge = judges[a.name] if a.name in judges else getattr(F, a.name)
    z = torch.asarray(grid(a)).requires_grad_()
    h = judge(z)
    (slope,) = torch.autograd.grad(h.sum(), z)
    z = z.detach()
    torch.testing.assert_close(a(z), h.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(a.slope(z, a(z)), slope, rtol=1e-12, atol=1e-12)


def test_the_smallest_slopes_keep_their_digits():
    z = np.array([-700.0, -30.0, -3.0, 0.1, 15.0, 40.0, 300.0])
    for name, judge in (
        ("sigmoid", lambda x: (s := 1 / (1 + (-x).exp())) * (1 - s)),
        ("tanh", lambda x: 1 - ((x.exp() - (-x).exp()) / (x.exp() + (-x).exp())) ** 2),
    ):
        with localcontext(prec=700):
            expected = [float(judge(Decimal(float(x)))) for x in z]
        slope = ACTIVATIONS[name].slope(z, None)
        np.testing.assert_allclose(slope, expected, rtol=2e-15)


def test_gelu_keeps_the_digits_of_the_normal_tail():
    # Φ(−10), Φ(−20), Φ(−30) as tabulated (R's pnorm)
    z = np.array([-10.0, -20.0, -30.0])
    np.testing.assert_allclose(
        ACTIVATIONS["gelu"](z) / z, [7.619853024160527e-24, 2.753624118606233e-89, 4.906713927148187e-198], rtol=3e-13
    )


@pytest.mark.parametrize("name", WITH_LIMITS)
def test_limits_are_reached(library, dtype, name):
    a = ACTIVATIONS[name]
    z = library.asarray(np.array([-INF, INF], dtype=dtype))
    *values, below, above = LIMITS[name]
    h = a(z)
    tolerance = {"rtol": 1e-6 if dtype == "float32" else 1e-15}
    np.testing.assert_allclose(library.numpy(h), values, **tolerance)
    if a.derivative is not None:
        np.testing.assert_allclose(library.numpy(a.slope(z, h)), [below, above], **tolerance)


@pytest.mark.parametrize("name", WITH_LIMITS)
def test_far_out_values_are_finite_and_near_the_limit(library, dtype, name):
    a = ACTIVATIONS[name]
    z = library.asarray(np.array([-1e3, 1e3], dtype=dtype))
    h = library.numpy(a(z))
    assert np.all(np.isfinite(h))
    for value, limit in zip(h, LIMITS[name][:2], strict=True):
        if np.isfinite(limit):
            assert abs(value - limit) <= 1.1e-3
        else:
            assert abs(value) >= 9.9
    if a.derivative is not None:
        np.testing.assert_allclose(library.numpy(a.slope(z, a(z))), LIMITS[name][2:], atol=1e-5)


@pytest.mark.parametrize("a", VARIANTS, ids=ids)
def test_nothing_overflows_or_is_invalid_anywhere(dtype, a):
    z = np.array([0.0, -0.0, 1e-310, 1e-40, 1e-7, 1.0, 2.0, 3.0, 40.0, 90.0, 750.0, 1e3, 1e18, 1e30, INF, NAN])
    z = np.concatenate([z, -z]).astype(dtype)
    if a.name == "sine":
        z = z[~np.isinf(z)]
    with np.errstate(all="raise", under="ignore"):
        h = a(z)
        slope = a.slope(z, h) if a.derivative else z
    assert np.array_equal(np.isnan(h), np.isnan(z))
    assert np.array_equal(np.isnan(slope), np.isnan(z))


@pytest.mark.parametrize("a", VARIANTS, ids=ids)
def test_dtype_shape_and_nan_are_kept_and_libraries_agree(library, dtype, a):
    values = np.concatenate([grid(a)[::40], [NAN, 0.0, -0.0, *a.kinks]]).astype(dtype)
    values = values[: 2 * (len(values) // 2)].reshape(2, -1)
    z = library.asarray(values)
    h, expected = a(z), a(values)
    rtol = 1e-14 if dtype == "float64" else 3e-6
    assert h.dtype == z.dtype
    assert tuple(h.shape) == values.shape
    np.testing.assert_allclose(library.numpy(h), expected, rtol=rtol, atol=rtol)
    if a.derivative is not None:
        slope = a.slope(z, h)
        assert slope.dtype == z.dtype
        np.testing.assert_allclose(library.numpy(slope), a.slope(values, expected), rtol=rtol, atol=rtol)


def test_thresholds_say_yes_at_zero(library):
    z = library.asarray(np.array([-1e-300, -0.0, 0.0, 1e-300]))
    np.testing.assert_array_equal(library.numpy(ACTIVATIONS["heaviside"](z)), [0.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(library.numpy(ACTIVATIONS["sign"](z)), [-1.0, 1.0, 1.0, 1.0])


def test_relu_has_slope_zero_at_zero(library):
    z = library.asarray(np.array([-1.0, -0.0, 0.0, 1.0]))
    a = ACTIVATIONS["relu"]
    np.testing.assert_array_equal(library.numpy(a.slope(z, a(z))), [0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("a", "at", "slope"),
    [
        (activation("leaky_relu", slope=0.3), 0.0, 0.3),
        (activation("elu", alpha=0.5), 0.0, 0.5),
        (ACTIVATIONS["selu"], 0.0, 1.7580993408473766),
        (ACTIVATIONS["hard_sigmoid"], 3.0, 0.0),
        (ACTIVATIONS["hard_tanh"], -1.0, 0.0),
    ],
)
def test_slope_at_a_kink(a, at, slope):
    z = np.asarray(at)
    np.testing.assert_allclose(a.slope(z, a(z)), slope, rtol=1e-15)


@given(st.floats(-1e3, 1e3))
def test_sigmoid_is_a_tanh_of_half_the_size(z):
    z = np.asarray(z)  # 001: σ(z) = (1 + tanh(z/2))/2
    np.testing.assert_allclose(ACTIVATIONS["sigmoid"](z), (1.0 + ACTIVATIONS["tanh"](z / 2)) / 2, atol=3e-16)


@pytest.mark.parametrize("name", ["tanh", "softsign", "sqnl", "hard_tanh", "sine", "identity"])
@given(st.floats(-1e3, 1e3))
def test_odd_functions_are_odd_and_have_even_slopes(name, z):
    a, z = ACTIVATIONS[name], np.asarray(z)
    assert a(-z) == -a(z)
    assert a.slope(-z, a(-z)) == a.slope(z, a(z))


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n not in ("gelu", "silu", "mish", "sine")])
@given(st.floats(-1e3, 1e3), st.floats(0.0, 10.0))
def test_monotone_functions_never_fall(name, z, step):
    a = ACTIVATIONS[name]
    assert a(np.asarray(z + step)) >= a(np.asarray(z)) - 1e-15


@pytest.mark.parametrize("name", ["tanh", "softsign", "sqnl", "elu", "sine", "hard_tanh", "identity"])
def test_functions_near_the_identity_keep_small_numbers(name):
    z = np.array([1e-300, 1e-20, 1e-10, -1e-10, -1e-300])
    np.testing.assert_allclose(ACTIVATIONS[name](z), z, rtol=1e-9)


@pytest.mark.parametrize("a", DIFFERENTIABLE, ids=ids)
def test_slope_needs_only_what_the_activation_keeps(a):
    z = np.linspace(-3.3, 3.2, 7)
    h = a(z)
    kept = {"z": (z, None), "h": (None, h)}[a.keeps]
    np.testing.assert_array_equal(a.slope(*kept), a.slope(z, h))


def test_thresholds_have_no_slope():
    for name in ("heaviside", "sign"):
        assert ACTIVATIONS[name].keeps is None
        with pytest.raises(ValueError, match=rf"'{name}' has no derivative"):
            ACTIVATIONS[name].slope(np.ones(2), np.ones(2))


@pytest.mark.parametrize("a", VARIANTS, ids=ids)
def test_pickles(a):
    assert pickle.loads(pickle.dumps(a)) == a


def test_a_user_makes_an_activation_by_hand():
    cube = Activation("cube", lambda z: z * z * z, lambda z: 3.0 * (z * z))
    assert activation(cube) is cube
    assert (cube.keeps, float(cube(np.asarray(2.0))), float(cube.slope(np.asarray(2.0), None))) == ("z", 8.0, 12.0)
    square_root = Activation("root", lambda z: z**0.5, lambda h: 0.5 / h)
    assert (square_root.keeps, square_root.slope(None, np.asarray(2.0))) == ("h", 0.25)


def test_options_come_from_the_signature_and_can_be_given():
    assert activation("leaky_relu").options == (("slope", 0.01),)
    steep = activation("leaky_relu", slope=0.5)
    assert steep.options == (("slope", 0.5),)
    assert float(steep(np.asarray(-2.0))) == -1.0
    assert activation(steep, slope=0.25)(np.asarray(-2.0)) == -0.5
    assert activation("tanh") is ACTIVATIONS["tanh"]


def test_unknown_names_and_options_are_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match=r"'reul'.*allowed.*leaky_relu"):
        activation("reul")
    with pytest.raises(TypeError, match=r"int.*allowed"):
        activation(3)
    with pytest.raises(ValueError, match=r"alpha: activation 'leaky_relu'.*allowed: slope"):
        activation("leaky_relu", alpha=1.0)
    with pytest.raises(ValueError, match=r"slope: activation 'tanh'.*allowed: none"):
        activation("tanh", slope=1.0)
    with pytest.raises(TypeError, match=r"slope.*str"):
        activation("leaky_relu", slope="steep")
    with pytest.raises(ValueError, match=r"slope.*finite"):
        activation("leaky_relu", slope=NAN)
    with pytest.raises(ValueError, match=r"derivative.*'x'.*z .*h "):
        Activation("odd", lambda z: z, lambda x: x)
    with pytest.raises(ValueError, match=r"beta.*allowed: none"):
        Activation("plain", lambda z: z, lambda z: z, options=(("beta", 1.0),))
