"""Levenberg–Marquardt: linear least squares in one step, SciPy's minima, Jacobians by differences, and its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

import multilayer as ml
from multilayer.engines.protocol import Rows
from multilayer.training import levenberg_marquardt
from multilayer.training.levenberg_marquardt import Damping, damped_step, gauss_newton, output_jacobians

NEARLY_UNDAMPED = ml.LevenbergMarquardt(damping=1e-13)

NETWORKS = {
    "one layer": ml.Network([3, 2]),
    "tanh": ml.Network([3, 4, 2], "tanh"),
    "deep, mixed": ml.Network([3, ml.Dense(4, "sigmoid"), ml.Dense(3, "gelu"), ml.Dense(3, "softplus"), 2]),
    "without biases": ml.Network([3, 4, 2], "tanh", bias=False),
    "maxout": ml.Network([3, ml.Maxout(3, pieces=2), 2]),
    "APL": ml.Network([3, ml.APL(3, hinges=2), 2]),
    "sigmoid outputs": ml.Network([3, 4, 2], "tanh", "sigmoid"),
    "softmax outputs": ml.Network([3, 4, 3], "tanh", "softmax"),
    "no dropout to speak of": ml.Network([3, 4, ml.Dropout(0.0), 2], "tanh"),
}


def by_differences(function: Callable[[Any], Any], x: Any, step: float = 6e-6) -> Any:
    """Central differences of an array-valued function, last axis over the entries of x."""
    shifts = step * np.eye(len(x))
    return np.stack([(function(x + s) - function(x - s)) / (2 * step) for s in shifts], axis=-1)


def rows_for(network: ml.Network, n: int = 12, seed: int = 0) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    X, T = generator.standard_normal((n, network.n_inputs)), generator.random((n, network.n_outputs))
    return X, T / T.sum(axis=1, keepdims=True)


def away_from_kinks(network: ml.Network) -> Any:
    return network.pack(network.initialize(1)) + 0.3 * np.random.default_rng(2).standard_normal(network.n_parameters)


# --- Linear least squares --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_one_step_from_anywhere_solves_linear_least_squares(reduction: Any) -> None:
    generator = np.random.default_rng(0)
    X, T, weight = generator.standard_normal((40, 3)), generator.standard_normal((40, 2)), generator.random(40)
    strength = 0.3
    scale = weight.sum() if reduction == "mean" else 1.0
    # Weights are square roots on the rows; the penalty ½λ‖W‖² is a row √λ for each weight, and none for the biases.
    design = np.column_stack([X, np.ones(40)]) * np.sqrt(weight / scale)[:, None]
    ridge = np.sqrt(strength) * np.eye(4)[:3]
    targets = np.vstack([T * np.sqrt(weight / scale)[:, None], np.zeros((3, 2))])
    solution = np.linalg.lstsq(np.vstack([design, ridge]), targets, rcond=None)[0]
    objective = ml.Objective(ml.Network([3, 2]), penalty=ml.L2(strength), reduction=reduction)
    start = 10.0 * generator.standard_normal(8)
    run = ml.train(objective, start, X, T, method=NEARLY_UNDAMPED, epochs=1, sample_weight=weight)
    np.testing.assert_allclose(run.theta[0].W, solution[:3].T, atol=1e-10)
    np.testing.assert_allclose(run.theta[0].b, solution[3], atol=1e-10)


def test_it_stays_at_a_minimum() -> None:
    X, T = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    objective = ml.Objective(ml.Network([1, 1]))
    run = ml.train(objective, np.array([2.0, 1.0]), X, T, method="levenberg_marquardt")
    assert run.ended == "converged"
    assert len(run.history["loss"]) == 0
    assert run.theta[0].W[0, 0] == 2.0


# --- The matrix ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_jacobians_of_outputs_are_their_differences(name: str) -> None:
    network = NETWORKS[name]
    X, _ = rows_for(network)
    theta = away_from_kinks(network)
    jacobians = np.stack(list(output_jacobians(ml.Objective(network, "squared").plan, theta, X)), axis=1)
    expected = by_differences(lambda t: network.forward(t, X), theta)
    assert jacobians.shape == (len(X), network.n_outputs, network.n_parameters)
    np.testing.assert_allclose(jacobians, expected, atol=1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"reduction": "sum"}, {"penalty_in_mean": True}])
def test_model_is_exact_where_residuals_vanish(
    weighted: bool, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = NETWORKS["tanh"]
    X, _ = rows_for(network)
    theta = away_from_kinks(network)
    T = network.forward(theta, X)
    weight = np.random.default_rng(3).random(len(X)) if weighted else None
    objective = ml.Objective(network, penalty=ml.L2(0.1), **options)
    hessian = by_differences(
        lambda t: network.pack(objective.value_and_gradient(t, X, T, weight)[1]), theta
    )
    for entries in (2**20, 3 * network.n_parameters, 1):
        monkeypatch.setattr(levenberg_marquardt, "BLOCK_ENTRIES", entries)
        np.testing.assert_allclose(gauss_newton(objective.plan, theta, Rows(X, T, weight)), hessian, atol=1e-8)


def test_damped_step_is_between_gauss_newton_and_steepest_descent() -> None:
    curvature = np.diag([4.0, 1.0])
    gradient = np.array([2.0, 1.0])
    np.testing.assert_allclose(damped_step(curvature, gradient, 0.0), [-0.5, -1.0])
    np.testing.assert_allclose(damped_step(curvature, gradient, 1.0), [-0.4, -0.5])
    np.testing.assert_allclose(damped_step(curvature, gradient, 1e9), -gradient / 1e9, rtol=1e-8)
    assert damped_step(-curvature, gradient, 1.0) is None


def test_damping_follows_the_gain_as_nielsen_has_it() -> None:
    assert Damping(6.0).after(0.5) == Damping(6.0, 2.0)
    assert Damping(6.0).after(1.0) == Damping(2.0, 2.0)
    assert Damping(6.0, 8.0).after(0.75) == Damping(5.25, 2.0)
    damping, grown = Damping(1.0), []
    for _ in range(4):
        damping = damping.after(-1.0)
        grown.append(damping.value)
    assert grown == [2.0, 8.0, 64.0, 1024.0]
    assert Damping(1.0).after(np.nan) == Damping(2.0, 4.0)


# --- Small networks --------------------------------------------------------------------------------------------------


def test_minimum_of_a_small_network_is_scipys() -> None:
    network = ml.Network([1, 2, 1], "tanh")
    generator = np.random.default_rng(0)
    X = np.linspace(-3.0, 3.0, 30)[:, None]
    near = np.array([2.0, 1.0, 0.5, -1.5, 1.0, -0.7, 0.2])
    T = network.forward(near, X)[:, 0] + 0.02 * generator.standard_normal(30)
    start = near + 0.2 * generator.standard_normal(7)
    judge = least_squares(lambda t: network.forward(t, X)[:, 0] - T, start, method="lm", xtol=1e-12, ftol=1e-14)
    run = ml.train(ml.Objective(network, reduction="sum"), start, X, T, method="levenberg_marquardt", epochs=100)
    assert run.ended == "converged"
    np.testing.assert_allclose(network.pack(run.theta), judge.x, atol=1e-5)
    assert run.history["loss"][-1] == pytest.approx(judge.cost, rel=1e-9)


def test_fewer_residuals_than_parameters_are_fitted_exactly() -> None:
    network = ml.Network([2, 8, 1], "tanh")
    generator = np.random.default_rng(0)
    X, T = generator.standard_normal((6, 2)), generator.standard_normal(6)
    start = network.initialize(0)
    with pytest.raises(ValueError, match="less than the number of variables"):
        least_squares(lambda t: network.forward(t, X)[:, 0] - T, network.pack(start), method="lm")
    run = ml.train(ml.Objective(network), start, X, T, method="levenberg_marquardt", epochs=60)
    np.testing.assert_allclose(network.forward(run.theta, X)[:, 0], T, atol=1e-7)


def test_exclusive_or_is_learned_in_a_few_steps() -> None:
    X, T = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0, 1.0, 0.0])
    network = ml.Network([2, 2, 1], "tanh")
    runs = [
        ml.train(ml.Objective(network), network.initialize(seed), X, T, method=ml.LevenbergMarquardt(0.1), epochs=60)
        for seed in range(20)
    ]
    solved = [np.abs(network.forward(run.theta, X)[:, 0] - T).max() < 1e-3 for run in runs]
    assert sum(solved) >= 18
    assert np.median([len(run.history["loss"]) for run in runs]) <= 20


def test_every_step_lowers_the_objective() -> None:
    network = NETWORKS["sigmoid outputs"]
    X, T = rows_for(network, 50)
    objective = ml.Objective(network, "squared", ml.L2(1e-4))
    values: list[float] = []
    run = ml.train(
        objective, network.initialize(0), X, T, method="levenberg_marquardt", epochs=30,
        callbacks=[lambda epoch: values.append(objective.value(epoch.parameters(), X, T))],
    )  # fmt: skip
    assert len(values) == len(run.history["epoch"])
    assert (np.diff([objective.value(network.initialize(0), X, T), *values]) < 0).all()
    np.testing.assert_allclose(run.history["loss"] + run.history["penalty"], values, rtol=1e-12)
    assert objective.value(run.theta, X, T) == values[-1]


def test_convergence_is_quadratic_where_residuals_vanish() -> None:
    network = ml.Network([1, 2, 1], "tanh")
    X = np.linspace(-3.0, 3.0, 30)[:, None]
    truth = np.array([2.0, 1.0, 0.5, -1.5, 1.0, -0.7, 0.2])
    run = ml.train(
        ml.Objective(network), truth + 0.05, X, network.forward(truth, X), method=ml.LevenbergMarquardt(1e-8), epochs=12
    )
    np.testing.assert_allclose(network.pack(run.theta), truth, atol=1e-7)
    assert len(run.history["loss"]) <= 6


NO_TOLERANCE = ml.LevenbergMarquardt(gradient_tolerance=0.0, step_tolerance=0.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 1e-30])
def test_without_tolerances_it_ends_where_rounding_leaves_nothing_to_gain(dtype: Any, scale: float) -> None:
    network = ml.Network([2, 3, 1], "tanh")
    X, T = rows_for(network)
    start = network.initialize(0)
    run = ml.train(ml.Objective(network), start, scale * X, T, method=NO_TOLERANCE, epochs=300, dtype=dtype)
    assert run.ended in ("converged", "epochs")
    assert run.message
    assert np.isfinite(network.pack(run.theta)).all()


def test_a_matrix_that_vanishes_ends_the_run_in_words() -> None:
    # x² is smaller than any number of the type: the matrix is 0 where the gradient is not.
    network = ml.Network([1, 1], bias=False)
    run = ml.train(ml.Objective(network), np.zeros(1), [[1e-200]], [1.0], method=NO_TOLERANCE)
    assert (run.ended, run.theta[0].W.tolist()) == ("converged", [[0.0]])


def test_a_matrix_that_overflows_ends_the_run_in_words() -> None:
    network = ml.Network([1, 1])
    with pytest.raises(ml.Diverged, match="the matrix of the step became NaN or infinite in epoch 1") as caught:
        ml.train(ml.Objective(network), np.zeros(2), [[1e160], [-1e160]], [1.0, 0.0], method="levenberg_marquardt")
    assert network.pack(caught.value.run.theta).tolist() == [0.0, 0.0]
    assert len(caught.value.run.history["loss"]) == 0


def test_single_precision_ends_within_its_rounding() -> None:
    network = ml.Network([1, 2, 1], "tanh")
    X = np.linspace(-3.0, 3.0, 30)[:, None]
    truth = np.array([2.0, 1.0, 0.5, -1.5, 1.0, -0.7, 0.2])
    T = network.forward(truth, X)
    run = ml.train(
        ml.Objective(network), truth + 0.05, X, T, method="levenberg_marquardt", epochs=100, dtype=np.float32
    )
    assert run.theta[0].W.dtype == np.float32
    assert run.history["loss"][-1] < 1e-10


# --- A run like any other --------------------------------------------------------------------------------------------


def test_validation_conditions_and_interruption_are_heeded() -> None:
    network = NETWORKS["tanh"]
    X, T = rows_for(network, 40)
    held_out = rows_for(network, 40, seed=8)
    objective = ml.Objective(network)
    start = network.initialize(0)
    options: dict[str, Any] = dict(method="levenberg_marquardt", epochs=30, validation=held_out)
    best = ml.train(objective, start, X, T, **options, restore_best=True)
    losses = [objective.value(start, *held_out), *best.history["validation_loss"]]
    assert best.best_epoch == int(np.argmin(losses))
    assert objective.value(best.theta, *held_out) == pytest.approx(min(losses))
    stopped = ml.train(objective, start, X, T, **options, stop=lambda epoch: epoch.epoch == 4)
    assert (stopped.ended, stopped.message) == ("stopped", "the given condition holds (epoch 4)")

    def interrupt(epoch: ml.Epoch) -> None:
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    interrupted = ml.train(objective, start, X, T, **options, callbacks=[interrupt])
    assert interrupted.ended == "interrupted"
    assert len(interrupted.history["loss"]) == 2
    value = objective.value(interrupted.theta, X, T)
    assert value == pytest.approx(interrupted.history["loss"][-1], rel=1e-12)


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (ml.Objective(ml.Network([1, 1], output="sigmoid")), "squared loss, came loss 'cross_entropy'.*'lbfgs'"),
        (ml.Objective(ml.Network([1, 1]), "huber"), "squared loss, came loss 'huber'"),
        (ml.Objective(ml.Network([1, 2000, 1])), "at most 5000 of them, came 6001.*'lbfgs'"),
    ],
)
def test_what_is_no_small_least_squares_problem_is_refused(objective: ml.Objective, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ml.train(objective, objective.network.initialize(), [[1.0]], [1.0], method="levenberg_marquardt")


def test_damping_must_be_positive() -> None:
    with pytest.raises(ValueError, match="damping: must be a finite number above 0"):
        ml.LevenbergMarquardt(damping=0.0)
