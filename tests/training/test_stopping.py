"""When to stop: conditions on sequences worked by hand, and in training."""

from __future__ import annotations

import math
import operator
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.training.stopping import start, watched

NAN = math.nan


def epoch(number: int, loss: float = 1.0, penalty: float = 0.0, **values) -> ml.Epoch:
    return ml.Epoch(number, loss, penalty, 0.1, float(number), **values)


def stops_at(condition, losses, **constant) -> int | None:
    """The number of the first epoch after which the condition holds."""
    watch = start(condition).observe
    for number, loss in enumerate(losses, start=1):
        if watch(epoch(number, loss, **constant)):
            return number
    return None


@pytest.mark.parametrize(
    ("patience", "losses", "stops"),
    [
        (ml.Patience(0.0, 2), [9, 8, 7, 6, 5, 4], None),
        (ml.Patience(0.0, 2), [9, 8, 8.5, 8.5, 8.5, 8.5], 5),  # three epochs without improvement are more than 2
        (ml.Patience(0.0, 1), [9, 8, 8.5, 7.9, 8.5, 8.5], 6),
        (ml.Patience(1.0, 1), [9, 8.5, 8.0], 3),  # too little each time, though the best moves on
        (ml.Patience(1.0, 1), [9, 8, 7, 6, 5], None),
        (ml.Patience(0.1, 2), [9, NAN, NAN, NAN], 4),  # NaN is no improvement
        (ml.Patience(0.1, 2), [NAN, NAN, NAN], 3),
    ],
)
def test_patience_by_hand(patience, losses, stops):
    assert stops_at(patience, losses) == stops
    assert stops_at(patience, losses) == stops  # every run is watched anew


@given(st.integers(1, 4), st.lists(st.sampled_from([1.0, 2.0, 3.0, NAN]), max_size=30))
def test_patience_ends_no_run_before_it_has_to_be_asked(patience, losses):
    watch = start(ml.Patience(0.0, patience))
    numbered = enumerate(losses, start=1)
    while shown := [epoch(*e) for e in islice(numbered, watch.sure())]:
        *before, last = (watch.observe(e) for e in shown)
        assert before == [None] * len(before)
        if last is not None:
            break


def test_conditions_that_may_end_any_epoch_are_asked_after_each():
    assert [start(c).sure() for c in (ml.Seconds(1.0), ml.GradientNorm(), lambda e: False)] == [1, 1, 1]


def test_patience_sees_the_penalty_and_the_validation_rows():
    watch = start(ml.Patience(0.0, 1)).observe
    assert not watch(epoch(1, 5.0, penalty=1.0))
    assert not watch(epoch(2, 4.0, penalty=3.0))
    assert "loss did not improve by 0 for more than 1 epochs" in watch(epoch(3, 3.0, penalty=4.0))
    on_score = ml.Patience(0.0, 1, on="validation_score")
    scores = [0.1, 0.5, 0.4, 0.3]
    watch = start(on_score).observe
    reasons = [watch(epoch(i, validation_loss=0.0, validation_score=s)) for i, s in enumerate(scores)]
    assert [reason is not None for reason in reasons] == [False, False, False, True]


def test_watched_quantities_are_smaller_when_better():
    e = epoch(1, 2.0, 0.5, validation_loss=3.0, validation_score=0.75)
    assert [watched(e, on) for on in ("loss", "validation_loss", "validation_score")] == [2.5, 3.0, -0.75]
    with pytest.raises(ValueError, match="on: 'validation_loss' needs validation data"):
        watched(epoch(1), "validation_loss")


def test_gradient_norm_and_seconds_and_a_callable_by_hand():
    watch = start(ml.GradientNorm(0.1)).observe
    assert watch(epoch(1, gradient_norm=0.2)) is None
    assert watch(epoch(2, gradient_norm=0.1)) == "gradient norm 1.00e-01 is at most 0.1"
    watch = start(ml.Seconds(2.0)).observe
    assert watch(epoch(1)) is None
    assert watch(epoch(2)) == "2 seconds have passed"
    watch = start(lambda e: e.loss < 0.5).observe
    assert watch(epoch(1, 0.5)) is None
    assert watch(epoch(2, 0.4)) == "the given condition holds"


LINE = ml.Objective(ml.Network([2, 1]), penalty=ml.L2(0.01))
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
T = X @ [1.0, -2.0] + 0.5
START = LINE.network.initialize()


def trained(**options) -> ml.Run:
    usual = {"rule": ml.GradientDescent(0.3), "batch_size": None, "epochs": 500}
    return ml.train(LINE, START, X, T, **{**usual, **options})


def test_a_small_gradient_is_a_minimum():
    # 002: ∇E = 0 for a line has a closed form
    run = trained(stop=ml.GradientNorm(1e-10))
    norms = run.history["gradient_norm"]
    assert run.ended == "stopped"
    assert run.message == f"gradient norm {norms[-1]:.2e} is at most 1e-10 (epoch {len(norms)})"
    assert np.all(norms[:-1] > 1e-10)
    design = np.column_stack([X, np.ones(20)])
    solution = np.linalg.solve(design.T @ design / 20 + np.diag([0.01, 0.01, 0.0]), design.T @ T / 20)
    np.testing.assert_allclose(LINE.network.pack(run.theta), solution, atol=1e-9)


@pytest.mark.parametrize("penalty_in_mean", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_gradient_norm_is_that_of_the_objective(penalty_in_mean, reduction):
    J = ml.Objective(LINE.network, "huber", ml.ElasticNet(0.1, 0.5), reduction, penalty_in_mean)
    weight = RNG.uniform(0.5, 2.0, size=20)
    options = {"rule": ml.GradientDescent(0.01), "batch_size": 7, "epochs": 3, "sample_weight": weight}
    run = ml.train(J, START, X, T, stop=ml.GradientNorm(1e-9), **options)
    _, gradient = J.value_and_gradient(run.theta, X, T, weight)
    assert run.history["gradient_norm"][-1] == pytest.approx(np.linalg.norm(J.network.pack(gradient)), rel=1e-12)


def test_patience_ends_a_run_and_says_why():
    run = trained(stop=ml.Patience(1e-3, 4))
    assert run.ended == "stopped"
    assert run.message.startswith("loss did not improve by 0.001 for more than 4 epochs (epoch ")
    J = run.history["loss"] + run.history["penalty"]
    assert np.all(np.diff(J)[-5:] > -1e-3)
    assert len(J) < 500


def test_seconds_end_a_run():
    run = trained(stop=ml.Seconds(1e-9))
    assert (run.ended, len(run.history["epoch"])) == ("stopped", 1)


def test_any_of_several_conditions_ends_a_run():
    seen = []
    run = trained(stop=[ml.GradientNorm(1e-12), lambda e: e.epoch == 7, lambda e: seen.append(e.epoch)])
    assert run.message == "the given condition holds (epoch 7)"
    assert seen == list(range(1, 8))
    assert trained(stop=operator.attrgetter("gradient_norm"), epochs=3).ended == "epochs"  # not measured: None


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ml.Patience(patience=0), ValueError, "patience: must be an integer of at least 1, came 0"),
        (lambda: ml.Patience(patience=2.0), ValueError, "patience: must be an integer of at least 1, came 2.0"),
        (lambda: ml.Patience(tolerance=-1e-4), ValueError, "tolerance: must be a finite number of at least 0"),
        (lambda: ml.Patience(tolerance=NAN), ValueError, "tolerance: must be a finite number of at least 0"),
        (lambda: ml.Patience(on="accuracy"), ValueError, "on: must be 'loss', 'validation_loss' or 'validation_score'"),
        (lambda: ml.GradientNorm(0.0), ValueError, "limit: must be a finite number above 0, came 0.0"),
        (lambda: ml.Seconds(-1), ValueError, "limit: must be a finite number above 0, came -1"),
        (lambda: ml.Seconds("1m"), ValueError, "limit: must be a finite number above 0, came '1m'"),
        (lambda: start(3), TypeError, "stop: must be Patience, GradientNorm, Seconds or a callable, came 3"),
        (lambda: start(ml.Plateau()), TypeError, "stop: must be Patience, .* or a callable, came Plateau"),
        (lambda: trained(stop=3), TypeError, "stop: must be .*, came 3"),
        (lambda: trained(stop=[ml.Seconds(1), "soon"]), TypeError, "stop: must be .*, came 'soon'"),
        (lambda: trained(stop=ml.Patience(on="validation_loss")), ValueError, "validation: needed"),
        (
            lambda: trained(stop=ml.Patience(on="validation_score"), validation=(X, T)),
            ValueError,
            "score: needed to watch 'validation_score'",
        ),
    ],
)
def test_what_cannot_stop_a_run_is_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
