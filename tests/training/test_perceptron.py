"""Rosenblatt's algorithm: convergence within Novikoff's bound, cycling, and its step as one of gradient descent."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.extra import numpy as arrays

import multilayer as ml
from multilayer.geometry import linearly_separable

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])

points = arrays.arrays(np.float64, st.tuples(st.integers(3, 12), st.integers(1, 3)), elements=st.integers(-4, 4))


def on_right_side(run: ml.PerceptronRun, X: Any, positive: Any) -> bool:
    """Whether class 1 lies at w·x + b ≥ 0 and class 0 below (004, Definition 1)."""
    return bool((((X @ run.w + run.b) >= 0) == positive).all())


@pytest.mark.parametrize("labels", [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0], [0, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
def test_units_for_and_or_and_the_like_are_found(labels: list[int]) -> None:
    run = ml.perceptron(CORNERS, labels)
    assert run.converged
    assert run.mistakes[-1] == 0
    assert on_right_side(run, CORNERS, np.array(labels) == 1)


def test_conjunction_worked_by_hand() -> None:
    # Epoch 1, inputs in order: (0,0) is answered 1 wrongly, b = −1; (0,1) and (1,0) are right; (1,1) is answered 0
    # wrongly, w = (1,1), b = 0. So two mistakes, and one epoch ends at w = (1,1), b = 0.
    run = ml.perceptron(CORNERS, [0, 0, 0, 1], max_epochs=1)
    assert run.w.tolist() == [1.0, 1.0]
    assert run.b == 0.0
    assert run.mistakes.tolist() == [2]
    assert not run.converged


@given(points, st.integers(0, 2**32 - 1))
def test_mistakes_stay_within_novikoffs_bound(X: Any, seed: int) -> None:
    generator = np.random.default_rng(seed)
    positive = X @ generator.standard_normal(X.shape[1]) + generator.standard_normal() >= 0
    assume(0 < positive.sum() < len(X))
    known = linearly_separable(X, positive.astype(int))
    assert known.b is not None
    run = ml.perceptron(X, positive.astype(int), max_epochs=100_000)
    # In terms of the inputs (x, 1): their length is at most R, and the hyperplane (w, b) is this far from each.
    squared_radius = (X**2).sum(axis=1).max() + 1.0
    squared_margin = known.margin**2 / (1.0 + known.b**2)
    assert run.converged
    assert run.mistakes.sum() <= squared_radius / squared_margin * (1 + 1e-9)
    assert on_right_side(run, X, positive)


def test_weights_cycle_on_exclusive_or() -> None:
    seen = [ml.perceptron(CORNERS, XOR, max_epochs=epochs) for epochs in range(1, 20)]
    weights = [(*run.w, run.b) for run in seen]
    assert not any(run.converged for run in seen)
    assert len(set(weights)) < 10
    first, again = next((i, j) for j in range(19) for i in range(j) if weights[i] == weights[j])
    period = again - first
    assert all(weights[i] == weights[i + period] for i in range(first, 19 - period))


@given(points, st.integers(0, 2**32 - 1), st.sampled_from([1.0, 0.25, 8.0]))
def test_steps_are_those_of_gradient_descent_on_the_perceptron_loss(X: Any, seed: int, rate: float) -> None:
    labels = np.random.default_rng(seed).integers(0, 2, len(X))
    run = ml.perceptron(X, labels, rate=rate, max_epochs=5)
    for output, targets in (("heaviside", labels), ("sign", 2 * labels - 1)):
        objective = ml.Objective(ml.Network([X.shape[1], 1], output=output), loss="perceptron")
        trained = ml.train(
            objective,
            (ml.Layer(np.zeros((1, X.shape[1])), np.zeros(1)),),
            X,
            targets,
            rule=ml.GradientDescent(rate),
            batch_size=1,
            sampling="given",
            epochs=len(run.mistakes),
            engine="reference",
        )
        assert np.array_equal(trained.theta[0].W[0], run.w)
        assert trained.theta[0].b is not None
        assert trained.theta[0].b[0] == run.b


def test_steps_are_those_of_gradient_descent_on_real_numbers_too() -> None:
    generator = np.random.default_rng(5)
    X = generator.standard_normal((40, 6))
    labels = (X[:, 0] + 0.3 * generator.standard_normal(40) > 0).astype(int)
    run = ml.perceptron(X, labels, rate=0.1, max_epochs=30)
    trained = ml.train(
        ml.Objective(ml.Network([6, 1], output="heaviside")),
        np.zeros(7),
        X,
        labels,
        rule=ml.GradientDescent(0.1),
        batch_size=1,
        sampling="given",
        epochs=len(run.mistakes),
        engine="reference",
    )
    assert np.array_equal(np.append(trained.theta[0].W, trained.theta[0].b), np.append(run.w, run.b))


def test_rate_scales_the_weights_and_nothing_else() -> None:
    X = np.random.default_rng(0).standard_normal((30, 2))
    labels = (X @ [1.0, -2.0] > 0.3).astype(int)
    one, half = (ml.perceptron(X, labels, rate=rate) for rate in (1.0, 0.5))
    assert np.array_equal(half.w, 0.5 * one.w)
    assert half.b == 0.5 * one.b
    assert np.array_equal(half.mistakes, one.mistakes)


def test_labels_may_be_bipolar() -> None:
    unipolar, bipolar = ml.perceptron(CORNERS, [0, 1, 1, 1]), ml.perceptron(CORNERS, [-1, 1, 1, 1])
    assert np.array_equal(unipolar.w, bipolar.w)
    assert unipolar.b == bipolar.b


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": [1.0, 2.0]}, "X: must have shape"),
        ({"X": np.zeros((0, 2)), "labels": []}, "X: must have shape"),
        ({"X": [[0.0, np.nan]] * 4}, "X: .*NaN"),
        ({"labels": [0, 1]}, "labels: must have shape"),
        ({"labels": [0, 1, 2, 3]}, "labels: must be 0 and 1, or -1 and"),
        ({"labels": ["a", "b", "a", "b"]}, "labels: must be 0 and 1"),
        ({"rate": 0.0}, "rate: must be a finite number above 0"),
        ({"max_epochs": 0}, "max_epochs: must be an integer of at least 1"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ml.perceptron(**{"X": CORNERS, "labels": XOR, **arguments})
