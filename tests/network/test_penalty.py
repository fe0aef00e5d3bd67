"""Penalties: descriptions, and their values and gradients over a network's parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.network.update import penalty, penalty_gradient

NET = ml.Network([2, ml.APL(3, hinges=1), 4, 1])
strengths = st.floats(0.0, 10.0)


@given(strengths, strengths, st.integers(0, 100))
def test_an_elastic_net_is_the_sum_of_its_parts(l1, l2, seed):
    theta = NET.pack(NET.initialize(seed))
    plans = [ml.Objective(NET, penalty=p).plan for p in (ml.L1(l1), ml.L2(l2), ml.ElasticNet(l1, l2))]
    values = [penalty(plan, theta) for plan in plans]
    gradients = [penalty_gradient(plan, theta) for plan in plans]
    assert values[2] == pytest.approx(values[0] + values[1], rel=1e-12)
    np.testing.assert_allclose(gradients[2], gradients[0] + gradients[1], rtol=1e-12)


def test_values_by_hand():
    net = ml.Network([2, 1, 1])
    theta = net.pack([([[3.0, -4.0]], [100.0]), ([[0.0]], [100.0])])
    assert penalty(ml.Objective(net, penalty=ml.L1(2.0)).plan, theta) == 2 * 7
    assert penalty(ml.Objective(net, penalty=ml.L2(2.0)).plan, theta) == 25
    # The slope of |w| at 0 counts as 0.
    assert penalty_gradient(ml.Objective(net, penalty=ml.L1(2.0)).plan, theta).tolist() == [2, -2, 0, 0, 0]
    assert penalty_gradient(ml.Objective(net, penalty=ml.L2(2.0)).plan, theta).tolist() == [6, -8, 0, 0, 0]


def test_members_have_a_penalty_each():
    plan = ml.Objective(NET, penalty=ml.ElasticNet(0.1, 0.2)).plan
    thetas = np.stack([NET.pack(NET.initialize(seed)) for seed in range(4)])
    assert penalty(plan, thetas).tolist() == pytest.approx([float(penalty(plan, theta)) for theta in thetas])
    np.testing.assert_array_equal(penalty_gradient(plan, thetas)[2], penalty_gradient(plan, thetas[2]))


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_libraries_agree(library):
    xp = pytest.importorskip(library)
    plan = ml.Objective(NET, penalty=ml.ElasticNet(0.1, 0.2)).plan
    theta = NET.pack(NET.initialize())
    assert float(penalty(plan, xp.asarray(theta))) == pytest.approx(float(penalty(plan, theta)), rel=1e-14)
    np.testing.assert_array_equal(np.asarray(penalty_gradient(plan, xp.asarray(theta))), penalty_gradient(plan, theta))


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "0.1", None, True])
@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("strength", ml.L1),
        ("strength", ml.L2),
        ("l1", lambda value: ml.ElasticNet(value, 0.0)),
        ("l2", lambda value: ml.ElasticNet(0.0, value)),
    ],
)
def test_strengths_are_finite_and_not_negative(name, build, value):
    with pytest.raises(ValueError, match=f"{name}: must be a finite number of at least 0, came {value!r}"):
        build(value)


@pytest.mark.parametrize("build", [lambda s: ml.L1(0.1, s), lambda s: ml.L2(0.1, s), lambda s: ml.ElasticNet(0, 0, s)])
def test_an_unknown_step_is_refused(build):
    with pytest.raises(ValueError, match="step: must be 'gradient' or 'proximal', came 'prox'"):
        build("prox")


def test_numpy_numbers_are_strengths():
    assert ml.L1(np.float64(0.5)) == ml.L1(0.5)
    assert ml.L2(np.float32(0.5)).l2 == 0.5
