"""Numbers for each layer of weights: strengths of penalties, and what does not fit the layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.network.per_layer import with_layer_rates
from multilayer.network.update import penalty, penalty_gradient

NET = ml.Network([2, ml.Dropout(0.1), ml.APL(3, hinges=1), ml.Maxout(2), 1])  # three layers of weights
strengths = st.floats(0.0, 10.0)


@given(strengths, st.integers(0, 100))
def test_a_number_is_the_number_of_every_layer(strength, seed):
    theta = NET.pack(NET.initialize(seed))
    for kind in (ml.L1, ml.L2):
        one, each = (ml.Objective(NET, penalty=kind(s)).plan for s in (strength, [strength] * 3))
        assert one == each
        assert penalty(one, theta) == penalty(each, theta)


@given(st.lists(strengths, min_size=3, max_size=3), st.lists(strengths, min_size=3, max_size=3), st.integers(0, 100))
def test_a_penalty_is_the_sum_of_its_layers_own(l1, l2, seed):
    theta = NET.pack(NET.initialize(seed))
    whole = ml.Objective(NET, penalty=ml.ElasticNet(l1, l2)).plan
    alone = [
        ml.Objective(NET, penalty=kind(np.eye(3)[layer] * s)).plan
        for kind, given_strengths in ((ml.L1, l1), (ml.L2, l2))
        for layer, s in enumerate(given_strengths)
    ]
    assert penalty(whole, theta) == pytest.approx(sum(penalty(plan, theta) for plan in alone), rel=1e-12)
    gradient = sum(penalty_gradient(plan, theta) for plan in alone)
    np.testing.assert_allclose(penalty_gradient(whole, theta), gradient, rtol=1e-12, atol=1e-300)


def test_values_by_hand():
    net = ml.Network([2, 1, 1])
    theta = net.pack([([[3.0, -4.0]], [100.0]), ([[-5.0]], [100.0])])
    assert penalty(ml.Objective(net, penalty=ml.L1((2.0, 10.0))).plan, theta) == 2 * 7 + 10 * 5
    assert penalty_gradient(ml.Objective(net, penalty=ml.L2((2.0, 0.0))).plan, theta).tolist() == [6, -8, 0, 0, 0]


def test_the_gradient_is_the_derivative():
    net = ml.Network([2, 3, 2], "tanh")
    J = ml.Objective(net, penalty=ml.L2((0.3, 2.0)))
    report = ml.check_gradient(J, net.initialize(), [[1.0, 2.0], [0.5, -1.0]], [[1.0, 0.0], [0.0, 1.0]])
    assert report.passed


def test_descriptions_of_penalties_can_be_compared_and_kept_in_sets():
    assert ml.L2([1.0, 2.0]) == ml.L2(np.array([1.0, 2.0])) != ml.L2([2.0, 1.0])
    assert len({ml.ElasticNet([1, 2], 0), ml.ElasticNet((1, 2), 0), ml.Adam(weight_decay=[1, 2])}) == 2


def test_traces_say_every_layers_strength():
    net = ml.Network([1, 1, 1])
    J = ml.Objective(net, penalty=ml.L2((0.5, 0.25)))
    assert "(0.5, 0.25)" in str(ml.trace(J, net.initialize(), [1.0], [2.0]))


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_more_or_fewer_numbers_than_layers_are_refused(count):
    text = rf"must have one number for each of 3 layers of weights \(hidden layers and output\), came {count}"
    with pytest.raises(ValueError, match=f"penalty: l2: {text}"):
        ml.Objective(NET, penalty=ml.L2([1.0] * count))
    with pytest.raises(ValueError, match=f"layer_rates: {text}"):
        with_layer_rates(ml.Objective(NET).plan, [1.0] * count)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf, "1", None, True, [1.0]])
def test_each_number_is_finite_and_not_negative(wrong):
    with pytest.raises(ValueError, match=r"strength\[1\]: must be a finite number of at least 0, came "):
        ml.L1([0.5, wrong])
    with pytest.raises(ValueError, match=r"weight_decay\[0\]: must be a finite number of at least 0, came "):
        ml.Adam(weight_decay=[wrong])
    with pytest.raises(ValueError, match=r"layer_rates\[2\]: must be a finite number of at least 0, came "):
        with_layer_rates(ml.Objective(NET).plan, [1, 1, wrong])


@pytest.mark.parametrize("wrong", [0.5, "111"])
def test_rates_are_a_sequence(wrong):
    with pytest.raises(TypeError, match="layer_rates: must be a sequence of numbers, one for each layer, came"):
        with_layer_rates(ml.Objective(NET).plan, wrong)


def test_something_has_to_be_trained():
    with pytest.raises(ValueError, match=r"layer_rates: must leave a layer to train, came \(0.0, 0.0, 0.0\)"):
        with_layer_rates(ml.Objective(NET).plan, [0, 0, 0])
