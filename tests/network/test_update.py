"""One update: the pipeline around a rule, in its order, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.formulas.update_rules import UPDATE_RULES
from multilayer.network.plan import Plan
from multilayer.network.update import update

DESCENT = UPDATE_RULES["gradient_descent"]
LINE = ml.Network([2, 1])  # W (1, 2), b (1,)
THETA = np.array([3.0, -4.0, 10.0])
ONE = np.asarray(1.0)


def plan(
    objective: ml.Objective | None = None, decay: float = 0.0, rates: tuple[float, float] = (1.0, 1.0), **changes
) -> Plan:
    """An objective's plan with other settings of the update."""
    made = (objective or ml.Objective(LINE)).plan
    W, b = made.views
    return replace(made, views=(replace(W, decay=decay, rate=rates[0]), replace(b, rate=rates[1])), **changes)


def step(p: Plan, gradient, *, weight=ONE, rate: float = 0.5, theta: np.ndarray = THETA) -> list[float]:
    """θ after one step of gradient descent."""
    new, slots = update(p, DESCENT, theta, (), np.array(gradient), weight, {"rate": rate})
    assert slots == ()
    return new.tolist()


def test_a_mean_divides_by_the_weight_and_a_sum_does_not():
    assert step(plan(), [8.0, 4.0, 0.0], weight=np.asarray(4.0)) == [3 - 1, -4 - 0.5, 10]
    assert step(plan(ml.Objective(LINE, reduction="sum")), [8.0, 4.0, 0.0], weight=np.asarray(4.0)) == [-1, -6, 10]


def test_values_are_clipped_after_averaging():
    assert step(plan(clip_value=1.0), [8.0, -1.0, -20.0], weight=np.asarray(2.0)) == [3 - 0.5, -4 + 0.25, 10 + 0.5]


def test_the_norm_is_clipped_after_values():
    # (30, 4, 0) → values at most 3: (3, 3, 0)… with 4 → 3; then norm √18 → √2: (1, 1, 0)
    p = plan(clip_value=3.0, clip_norm=2**0.5)
    np.testing.assert_allclose(step(p, [30.0, 4.0, 0.0]), [2.5, -4.5, 10], rtol=1e-15)
    assert step(plan(clip_norm=5.0), [3.0, 4.0, 0.0]) == [1.5, -6, 10]  # long enough already
    assert step(plan(clip_norm=5.0), [0.0, 0.0, 0.0]) == THETA.tolist()


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e160), (np.float64, 1e-170), (np.float32, 1e20)])
def test_a_norm_is_clipped_whose_square_is_no_number_of_the_type(dtype, size):
    direction = np.array([2.0, -3.0, 6.0]) / 7.0
    limit = min(0.5, size / 2)
    gradient = (size * direction).astype(dtype)
    new, _ = update(
        plan(clip_norm=limit), DESCENT, np.zeros(3, dtype), (), gradient, np.asarray(1.0, dtype), {"rate": 1.0}
    )
    assert new.dtype == dtype
    np.testing.assert_allclose(-new / limit, direction, rtol=4 * np.finfo(dtype).eps)


def test_penalties_join_after_clipping():
    p = plan(ml.Objective(LINE, penalty=ml.L2(2.0)), clip_value=1.0)
    assert step(p, [8.0, 8.0, 8.0]) == [3 - 0.5 * (1 + 6), -4 - 0.5 * (1 - 8), 10 - 0.5]
    p = plan(ml.Objective(LINE, penalty=ml.L1(2.0)), clip_norm=1.0)
    assert step(p, [0.0, 0.0, 5.0]) == [3 - 1, -4 + 1, 10 - 0.5]


def test_a_penalty_in_the_mean_is_divided_by_the_weight():
    p = plan(ml.Objective(LINE, penalty=ml.L2(2.0), penalty_in_mean=True))
    assert step(p, [0.0, 0.0, 0.0], weight=np.asarray(4.0)) == [3 - 0.5 * 6 / 4, -4 + 0.5 * 8 / 4, 10]
    p = plan(ml.Objective(LINE, penalty=ml.L2(2.0), penalty_in_mean=True, reduction="sum"))
    assert step(p, [0.0, 0.0, 4.0], weight=np.asarray(4.0)) == [3 - 0.5 * 6 / 4, -4 + 0.5 * 8 / 4, 10 - 2]


def test_proximal_steps_come_after_the_rule():
    # w − ηg, then towards 0 by ηλ, exactly 0 where it would pass it; the bias is not penalised
    p = plan(ml.Objective(LINE, penalty=ml.L1(2.0, step="proximal")))
    assert step(p, [1.0, -7.0, 0.0]) == [3 - 0.5 - 1, 0.0, 10]
    p = plan(ml.Objective(LINE, penalty=ml.L2(2.0, step="proximal")))
    assert step(p, [2.0, 0.0, 0.0]) == [(3 - 1) / 2, -4 / 2, 10]
    p = plan(ml.Objective(LINE, penalty=ml.ElasticNet(2.0, 2.0, step="proximal")))
    assert step(p, [0.0, 0.0, 0.0]) == [(3 - 1) / 2, (-4 + 1) / 2, 10]
    p = plan(ml.Objective(LINE, penalty=ml.L1(2.0, step="proximal"), penalty_in_mean=True))
    assert step(p, [0.0, 0.0, 0.0], weight=np.asarray(4.0)) == [3 - 0.25, -4 + 0.25, 10]


def test_proximal_steps_reach_the_minimum_of_the_lasso():
    # J(w) = ½(w − 1)² + λ|w|: w = 1 − λ, or exactly 0 for λ ≥ 1; steps of the gradient hover around 0
    net = ml.Network([1, 1], bias=False)
    for strength, minimum in ((0.3, 0.7), (1.5, 0.0)):
        p = ml.Objective(net, penalty=ml.L1(strength, step="proximal")).plan
        w = np.array([3.0])
        for _ in range(200):
            w, _ = update(p, DESCENT, w, (), w - 1.0, ONE, {"rate": 0.2})
        assert w[0] == pytest.approx(minimum, abs=1e-12)
        assert (w[0] == 0.0) == (minimum == 0.0)


def test_weight_decay_is_of_the_weights_before_the_step_and_spares_biases():
    assert step(plan(decay=0.1), [2.0, 0.0, 2.0]) == pytest.approx([3 - 1 - 0.05 * 3, -4 + 0.05 * 4, 10 - 1])


def test_views_have_rates_of_their_own_and_a_rate_of_zero_freezes():
    assert step(plan(rates=(2.0, 0.5)), [1.0, 0.0, 4.0]) == [3 - 1, -4, 10 - 1]
    p = plan(rates=(0.0, 1.0))
    momentum = UPDATE_RULES["momentum"]
    velocity = np.array([7.0, 7.0, 7.0])
    theta, (after,) = update(p, momentum, THETA, (velocity,), np.ones(3), ONE, {"rate": 1.0, "momentum": 0.5})
    assert theta.tolist() == [3.0, -4.0, 10 + 2.5]
    assert after.tolist() == [7.0, 7.0, 2.5]


def test_a_frozen_layer_neither_decays_nor_shrinks():
    p = plan(ml.Objective(LINE, penalty=ml.ElasticNet(1.0, 1.0, step="proximal")), decay=0.5, rates=(0.0, 1.0))
    assert step(p, [1.0, 1.0, 1.0]) == [3.0, -4.0, 9.5]


def test_a_batch_without_weight_changes_nothing_but_what_the_penalty_asks():
    zero = np.asarray(0.0)
    assert step(plan(), [0.0, 0.0, 0.0], weight=zero) == THETA.tolist()
    p = plan(ml.Objective(LINE, penalty=ml.L2(1.0), penalty_in_mean=True))
    assert np.all(np.isfinite(step(p, [0.0, 0.0, 0.0], weight=zero)))


@pytest.mark.parametrize("rule", UPDATE_RULES.values(), ids=UPDATE_RULES.keys())
@pytest.mark.parametrize("penalty_step", ["gradient", "proximal"])
@given(data=st.data())
def test_members_do_not_touch_each_other(rule, penalty_step, data):
    if rule.name == "rprop" and penalty_step == "proximal":
        return  # Rprop has no rate for a proximal step
    J = ml.Objective(LINE, penalty=ml.ElasticNet(0.1, 0.2, step=penalty_step), penalty_in_mean=True)
    p = plan(J, decay=0.0 if rule.name == "rprop" else 0.1, clip_norm=1.0, clip_value=0.8)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    theta, gradient, *slots = rng.normal(size=(2 + len(rule.slots), 4, 3))
    slots = [np.abs(slot) for slot in slots]
    weight = rng.uniform(1.0, 9.0, size=4)
    scalars = dict.fromkeys(rule.scalars, 0.3)
    together, slots_together = update(p, rule, theta, slots, gradient, weight, scalars)
    for k in range(4):
        alone, slots_alone = update(
            p, rule, theta[k], [s[k] for s in slots], gradient[k], np.asarray(weight[k]), scalars
        )
        np.testing.assert_allclose(together[k], alone, rtol=1e-14)
        for slot, expected in zip(slots_together, slots_alone, strict=True):
            np.testing.assert_allclose(slot[k], expected, rtol=1e-14)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@pytest.mark.parametrize("rule", UPDATE_RULES.values(), ids=UPDATE_RULES.keys())
def test_libraries_agree(library, rule):
    xp = pytest.importorskip(library)
    J = ml.Objective(LINE, penalty=ml.ElasticNet(0.1, 0.2))
    p = plan(J, decay=0.0 if rule.name == "rprop" else 0.1, clip_norm=1.0, clip_value=0.8)
    theta, gradient, *slots = np.abs(np.random.default_rng(0).normal(size=(2 + len(rule.slots), 3)))
    scalars = dict.fromkeys(rule.scalars, 0.3)
    expected, expected_slots = update(p, rule, theta, slots, gradient, np.asarray(3.0), scalars)
    weight = xp.asarray(np.asarray(3.0))
    other, other_slots = update(
        p, rule, xp.asarray(theta), [xp.asarray(s) for s in slots], xp.asarray(gradient), weight, scalars
    )
    np.testing.assert_allclose(np.asarray(other), expected, rtol=1e-14)
    for slot, expected_slot in zip(other_slots, expected_slots, strict=True):
        np.testing.assert_allclose(np.asarray(slot), expected_slot, rtol=1e-14)


@pytest.mark.parametrize("rule", UPDATE_RULES.values(), ids=UPDATE_RULES.keys())
def test_nothing_that_comes_is_changed(rule):
    p = plan(ml.Objective(LINE, penalty=ml.L2(0.1)), clip_value=0.5)
    arrays = list(np.abs(np.random.default_rng(0).normal(size=(2 + len(rule.slots), 3))))
    before = [a.copy() for a in arrays]
    update(p, rule, arrays[0], arrays[2:], arrays[1], ONE, dict.fromkeys(rule.scalars, 0.3))
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
