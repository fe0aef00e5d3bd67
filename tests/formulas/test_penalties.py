"""Penalties: gradients against differences of values, proximal steps against what they must minimise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from multilayer.formulas import penalties

INF, NAN = np.inf, np.nan
numbers = st.floats(-1e3, 1e3)
strengths = st.floats(0.0, 10.0)
rates = st.floats(1e-3, 1.0)


@pytest.mark.parametrize(
    ("value", "gradient"), [(penalties.l1, penalties.l1_gradient), (penalties.l2, penalties.l2_gradient)]
)
def test_gradient_agrees_with_central_differences(value, gradient):
    theta = np.linspace(-10.0, 10.0, 400)
    step = 1e-6
    difference = (value(theta + step, strength=0.3) - value(theta - step, strength=0.3)) / (2 * step)
    np.testing.assert_allclose(gradient(theta, strength=0.3), difference, atol=1e-8)


def test_values_worked_by_hand():
    theta = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(penalties.l1(theta, strength=0.5), [1.0, 0.0, 1.5])
    np.testing.assert_array_equal(penalties.l1_gradient(theta, strength=0.5), [-0.5, 0.0, 0.5])
    np.testing.assert_array_equal(penalties.l2(theta, strength=0.5), [1.0, 0.0, 2.25])
    np.testing.assert_array_equal(penalties.l1_proximal(theta, strength=0.5, rate=2.0), [-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(penalties.l1_proximal(theta, strength=5.0, rate=2.0), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(penalties.l2_proximal(theta, strength=0.5, rate=2.0), [-1.0, 0.0, 1.5])
    np.testing.assert_array_equal(
        penalties.elastic_net_proximal(theta, l1=0.5, l2=0.5, rate=2.0), [-0.5, 0.0, 1.0]
    )  # threshold, then shrink: shrinking first would give 0, 0 and 0.5
    np.testing.assert_array_equal(penalties.weight_decay(theta + 1.0, theta, rate=0.5, decay=0.5), [-0.5, 1.0, 3.25])


@given(numbers, strengths, strengths, rates)
def test_elastic_net_proximal_minimises_what_it_must(theta, l1, l2, rate):
    """argmin_u ½(u − θ)² + η(λ₁|u| + ½λ₂u²)."""

    def cost(u):
        value = penalties.l1(u, strength=l1) + penalties.l2(u, strength=l2)
        return 0.5 * (u - theta) ** 2 + rate * value

    best = penalties.elastic_net_proximal(np.asarray(theta), l1=l1, l2=l2, rate=rate)
    found = scipy.optimize.minimize_scalar(cost, bounds=(-1e3 - 1, 1e3 + 1), method="bounded", options={"xatol": 1e-9})
    assert cost(best) <= found.fun + 1e-12 * (1 + abs(found.fun))
    assert cost(best) <= cost(np.asarray(0.0))


@given(numbers, strengths, rates)
def test_proximal_steps_of_l1_and_l2_are_those_of_the_elastic_net(theta, strength, rate):
    theta = np.asarray(theta)
    l1_only = penalties.elastic_net_proximal(theta, l1=strength, l2=0.0, rate=rate)
    l2_only = penalties.elastic_net_proximal(theta, l1=0.0, l2=strength, rate=rate)
    assert penalties.l1_proximal(theta, strength=strength, rate=rate) == l1_only
    assert penalties.l2_proximal(theta, strength=strength, rate=rate) == l2_only


@given(numbers, numbers, strengths, rates)
def test_proximal_steps_never_drive_parameters_apart(a, b, strength, rate):
    for step in (penalties.l1_proximal, penalties.l2_proximal):
        moved = step(np.array([a, b]), strength=strength, rate=rate)
        assert abs(moved[0] - moved[1]) <= abs(a - b) + 1e-12
        assert np.all(moved * [a, b] >= 0)
        assert np.all(np.abs(moved) <= np.abs([a, b]))


FORMULAS = [
    (penalties.l1, {"strength": 0.1}),
    (penalties.l1_gradient, {"strength": 0.1}),
    (penalties.l1_proximal, {"strength": 0.1, "rate": 0.2}),
    (penalties.l2, {"strength": 0.1}),
    (penalties.l2_gradient, {"strength": 0.1}),
    (penalties.l2_proximal, {"strength": 0.1, "rate": 0.2}),
    (penalties.elastic_net_proximal, {"l1": 0.1, "l2": 0.3, "rate": 0.2}),
]


@pytest.mark.parametrize(("formula", "scalars"), FORMULAS, ids=lambda x: getattr(x, "__name__", ""))
def test_libraries_agree_and_keep_dtype_and_nan(library, dtype, formula, scalars):
    theta = np.array([-3.0, -0.01, -0.0, 0.0, 0.01, 3.0, 1e3, INF, -INF, NAN], dtype=dtype)
    with np.errstate(all="raise"):
        result = formula(library.asarray(theta), **scalars)
    assert result.dtype == library.asarray(theta).dtype
    np.testing.assert_allclose(
        library.numpy(result), formula(theta, **scalars), rtol=1e-15 if dtype == "float64" else 2e-7
    )
    assert np.array_equal(np.isnan(library.numpy(result)), np.isnan(theta))


def test_weight_decay_keeps_dtype_and_nan(library, dtype):
    new, old = (
        library.asarray(np.array([1.0, NAN, 2.0, 3.0], dtype=dtype)),
        library.asarray(np.array([1.0, 1.0, NAN, 0.0], dtype=dtype)),
    )
    result = penalties.weight_decay(new, old, rate=0.1, decay=0.1)
    assert result.dtype == new.dtype
    np.testing.assert_array_equal(np.isnan(library.numpy(result)), [False, True, True, False])
