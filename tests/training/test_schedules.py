"""Schedules: factors worked by hand, their limits, and how they reach the updates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

import multilayer as ml

INF, NAN = math.inf, math.nan
TIMED = [
    ml.Constant(),
    ml.Step(3, 0.5),
    ml.Exponential(0.9),
    ml.InverseScaling(0.7, 2.0),
    ml.Cosine(0.1),
    ml.LogCosine(),
    ml.WarmUp(2.5, 0.1, ml.Cosine()),
    ml.WarmUp(1.0, 0.0, ml.WarmUp(1.0, 0.5)),
]


@pytest.mark.parametrize(
    ("schedule", "time", "total", "expected"),
    [
        (ml.Constant(), [0, 7.5, 100], 100, [1, 1, 1]),
        (ml.Step(10, 0.5), [0, 9.99, 10, 19.5, 20, 35], 100, [1, 1, 0.5, 0.5, 0.25, 0.125]),
        (ml.Exponential(0.25), [0, 0.5, 1, 2], 100, [1, 0.5, 0.25, 0.0625]),
        (ml.InverseScaling(), [0, 0.9, 3, 3.5, 15], 100, [1, 1, 0.5, 0.5, 0.25]),
        (ml.InverseScaling(1.0, 10.0), [0, 1, 2], 100, [1, 1 / 11, 1 / 21]),
        (ml.Cosine(), [0, 10, 15, 20, 30], 30, [1, 0.75, 0.5, 0.25, 0]),
        (ml.Cosine(0.2), [0, 15, 30], 30, [1, 0.6, 0.2]),
        # cycles end where 1 + 15t = 1, 2, 4, 8, 16; they peak where it is √2, 2√2, 4√2, 8√2, and are half up on the way
        (ml.LogCosine(), [0, 1, 3, 7, 15], 15, [0, 0, 0, 0, 0]),
        (ml.LogCosine(), [2 ** (k + 0.5) - 1 for k in range(4)], 15, [1, 1, 1, 1]),
        (ml.LogCosine(), [2**0.25 - 1, 2**0.75 - 1, 2**3.25 - 1, 2**3.75 - 1], 15, [0.5, 0.5, 0.5, 0.5]),
        (ml.WarmUp(4, 0.2), [0, 1, 2, 4, 50], 100, [0.2, 0.4, 0.6, 1, 1]),
        (ml.WarmUp(4, 0, ml.Cosine()), [0, 2, 4, 9, 14], 14, [0, 0.5, 1, 0.5, 0]),
        (ml.WarmUp(0.5, 0, ml.Cosine()), [0, 0.25, 0.5, 0.75, 1], 1, [0, 0.5, 1, 0.5, 0]),
        (ml.WarmUp(4, 0, ml.Step(2, 0.5)), [3, 4, 5.9, 6, 8], 100, [0.75, 1, 1, 0.5, 0.25]),
        (ml.WarmUp(9, 0, ml.Cosine()), [0, 2], 3, [0, 2 / 9]),  # stopped while still rising
    ],
)
def test_factors_by_hand(schedule, time, total, expected):
    np.testing.assert_allclose(schedule.factor(np.array(time, float), float(total)), expected, atol=1e-14)


@pytest.mark.parametrize("schedule", TIMED, ids=repr)
@given(st.integers(1, 50), st.lists(st.floats(0.0, 1.0), max_size=5))
def test_factors_lie_between_0_and_1_and_each_has_its_own_time(schedule, total, fractions):
    time = total * np.array(fractions)
    factors = schedule.factor(time, float(total))
    assert factors.shape == time.shape
    assert np.all((factors >= 0.0) & (factors <= 1.0 + 1e-15))
    for t, factor in zip(time, factors, strict=True):
        np.testing.assert_array_equal(schedule.factor(np.array([t]), float(total)), [factor])


def test_inverse_scaling_by_rows_is_scikit_learns():
    n_rows = 40
    judge = SGDOptimizer([np.zeros(1)], 0.3, lr_schedule="invscaling", power_t=0.7)
    rates = [judge.learning_rate]
    for epoch in range(1, 6):
        judge.iteration_ends(epoch * n_rows)
        rates.append(judge.learning_rate)
    np.testing.assert_allclose(0.3 * ml.InverseScaling(0.7, n_rows).factor(np.arange(6.0), 6.0), rates, rtol=1e-14)


@pytest.mark.parametrize(
    ("plateau", "losses", "factors"),
    [
        # waits 2, then falls at the third epoch without improvement, and waits anew
        (ml.Plateau(0.5, 2, 0.0), [9, 8, 8.5, 8.5, 8.5, 8.5, 8.5, 8.5], [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]),
        (ml.Plateau(0.1, 0, 0.0), [9, 10, 8, 11], [1, 0.1, 0.1, 0.01]),
        # falls by less than the tolerance count as none, but the best moves on
        (ml.Plateau(0.5, 1, 1.0), [9, 8.5, 8.0, 7.0, 6.5, 6.0], [1, 1, 0.5, 0.5, 0.5, 0.25]),
        (ml.Plateau(0.5, 0, 0.0), [9, NAN, 8], [1, 0.5, 0.5]),
    ],
)
def test_plateaus_by_hand(plateau, losses, factors):
    observe = plateau.factors()
    assert [observe(loss) for loss in losses] == pytest.approx(factors)
    again = plateau.factors()  # a new run begins anew
    assert again(losses[0]) == 1.0


LINE = ml.Objective(ml.Network([1, 1]))
START = LINE.network.initialize()
X, T = np.linspace(-1, 1, 10)[:, None], np.linspace(0, 3, 10)


def rates(schedule, epochs, **options) -> list[float]:
    options = {"rule": ml.GradientDescent(0.1), "batch_size": 5, **options}
    return ml.train(LINE, START, X, T, schedule=schedule, epochs=epochs, **options).history["rate"].tolist()


def test_rates_reach_the_updates_and_the_history_has_each_epochs_last():
    # two updates an epoch: the last of epoch e begins at e − ½
    assert rates(ml.Exponential(0.25), 3) == pytest.approx([0.1 * 0.25**0.5, 0.1 * 0.25**1.5, 0.1 * 0.25**2.5])
    assert rates(ml.Cosine(), 2) == pytest.approx([0.05 * (1 + math.sqrt(0.5)), 0.05 * (1 - math.sqrt(0.5))])
    assert rates(None, 2) == [0.1, 0.1]


def test_a_schedule_scales_the_steps():
    given = {"sampling": "given", "batch_size": 3}
    halved = ml.train(LINE, START, X, T, rule=ml.GradientDescent(0.1), schedule=ml.Step(1, 0.5), epochs=2, **given)
    first = ml.train(LINE, START, X, T, rule=ml.GradientDescent(0.1), epochs=1, **given)
    second = ml.train(LINE, first.theta, X, T, rule=ml.GradientDescent(0.05), epochs=1, **given)
    np.testing.assert_array_equal(LINE.network.pack(halved.theta), LINE.network.pack(second.theta))


def test_a_factor_of_zero_leaves_the_weights():
    run = ml.train(LINE, START, X, T, schedule=ml.LogCosine(), batch_size=None, epochs=1)
    np.testing.assert_array_equal(LINE.network.pack(run.theta), LINE.network.pack(START))


def test_a_plateau_lowers_the_rate_in_training():
    # Started at the minimum of a line through all points, the loss can only stand still.
    still = [([[1.5]], [1.5])]
    run = ml.train(
        LINE, still, X, T, rule=ml.GradientDescent(0.1), schedule=ml.Plateau(0.5, 1, 1e-6), epochs=7, batch_size=None
    )
    assert run.history["rate"].tolist() == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_a_plateau_watches_validation_rows_if_asked():
    lifted = (X, T + 100.0)
    options = {"rule": ml.GradientDescent(0.01), "batch_size": None}
    schedule = ml.Plateau(0.5, 0, 0.0, on="validation_loss")
    falling = rates(schedule, 4, validation=(X, T), **options)
    assert falling == [0.01] * 4
    start = [([[1.5]], [101.5])]  # fits the lifted line, and leaves it with every step
    run = ml.train(LINE, start, X, T, schedule=schedule, epochs=4, validation=lifted, **options)
    assert run.history["rate"].tolist() == pytest.approx([0.01, 0.01, 0.005, 0.0025])
    with pytest.raises(ValueError, match="validation: needed"):
        rates(schedule, 2)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ml.Step(0), ValueError, "every: must be an integer of at least 1, came 0"),
        (lambda: ml.Step(2.5), ValueError, "every: must be an integer of at least 1, came 2.5"),
        (lambda: ml.Step(5, 0.0), ValueError, r"decay: must lie in \(0, 1\], came 0.0"),
        (lambda: ml.Step(5, "half"), ValueError, r"decay: must lie in \(0, 1\], came 'half'"),
        (lambda: ml.Exponential(1.1), ValueError, r"decay: must lie in \(0, 1\], came 1.1"),
        (lambda: ml.Exponential(NAN), ValueError, r"decay: must lie in \(0, 1\], came nan"),
        (lambda: ml.InverseScaling(0.0), ValueError, "power: must be a finite number above 0, came 0.0"),
        (lambda: ml.InverseScaling(scale="n"), ValueError, "scale: must be a finite number above 0, came 'n'"),
        (lambda: ml.Cosine(-0.1), ValueError, r"final: must lie in \[0, 1\], came -0.1"),
        (lambda: ml.WarmUp(0), ValueError, "epochs: must be a finite number above 0, came 0"),
        (lambda: ml.WarmUp(INF), ValueError, "epochs: must be a finite number above 0, came inf"),
        (lambda: ml.WarmUp(5, 2.0), ValueError, r"start: must lie in \[0, 1\], came 2.0"),
        (lambda: ml.WarmUp(then=ml.Plateau()), TypeError, r"then: must be a schedule of time .*Cosine.*, came Plateau"),
        (lambda: ml.WarmUp(then="cosine"), TypeError, "then: must be a schedule of time .*, came 'cosine'"),
        (lambda: ml.Plateau(0.0), ValueError, r"decay: must lie in \(0, 1\]"),
        (lambda: ml.Plateau(patience=-1), ValueError, "patience: must be an integer of at least 0, came -1"),
        (lambda: ml.Plateau(tolerance=-1.0), ValueError, "tolerance: must be a finite number of at least 0"),
        (lambda: ml.Plateau(on="score"), ValueError, "on: must be 'loss', 'validation_loss' or 'validation_score'"),
        (lambda: rates("cosine", 1), TypeError, "schedule: must be one of .*Cosine.*Plateau, came 'cosine'"),
    ],
)
def test_numbers_outside_their_ranges_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
