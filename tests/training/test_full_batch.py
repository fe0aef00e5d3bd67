"""L-BFGS and conjugate gradients: the optima of linear models, SciPy's own answers, and a run like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

import multilayer as ml

SCIPY_NAME = {"lbfgs": "L-BFGS-B", "conjugate_gradient": "CG"}
METHODS = list(SCIPY_NAME)
PRECISE = [ml.LBFGS(gradient_tolerance=1e-10, loss_tolerance=0.0), ml.ConjugateGradient(gradient_tolerance=1e-8)]


def small_problem(strength: float = 1e-3, **options: Any) -> tuple[ml.Objective, Any, Any, Any]:
    """A tanh network that fits a smooth function: objective, initial θ, X, T."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((60, 2))
    T = np.sin(2.0 * X[:, 0]) + X[:, 1] ** 2
    network = ml.Network([2, 6, 1], "tanh")
    return ml.Objective(network, penalty=ml.L2(strength), **options), network.initialize(3), X, T


def flat(objective: ml.Objective, theta: Any) -> Any:
    return objective.network.pack(theta)


# --- Linear and logistic regression are single units -----------------------------------------------------------------


@pytest.mark.parametrize("method", PRECISE)
def test_linear_unit_is_linear_regression(method: Any) -> None:
    generator = np.random.default_rng(1)
    X, T = generator.standard_normal((50, 4)), generator.standard_normal((50, 2))
    network = ml.Network([4, 2])
    run = ml.train(ml.Objective(network), network.initialize(), X, T, method=method, epochs=500)
    solution = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), T, rcond=None)[0]
    np.testing.assert_allclose(run.theta[0].W, solution[:-1].T, atol=1e-7)
    np.testing.assert_allclose(run.theta[0].b, solution[-1], atol=1e-7)


@pytest.mark.parametrize("method", PRECISE)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_sigmoid_unit_is_logistic_regression(method: Any, reduction: Any, weighted: bool) -> None:
    generator = np.random.default_rng(2)
    X = generator.standard_normal((80, 3))
    labels = (X @ [1.0, -1.0, 0.5] + generator.standard_normal(80) > 0).astype(int)
    weight = generator.uniform(0.5, 2.0, 80) if weighted else np.ones(80)
    strength = 0.02
    # scikit-learn minimises C·(sum of losses) + ½‖w‖².
    C = 1.0 / strength / (weight.sum() if reduction == "mean" else 1.0)
    judge = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12).fit(X, labels, weight)
    objective = ml.Objective(ml.Network([3, 1], output="sigmoid"), penalty=ml.L2(strength), reduction=reduction)
    run = ml.train(objective, np.zeros(4), X, labels, method=method, epochs=500, sample_weight=weight)
    np.testing.assert_allclose(run.theta[0].W, judge.coef_, atol=1e-6)
    np.testing.assert_allclose(run.theta[0].b, judge.intercept_, atol=1e-6)


@pytest.mark.parametrize("method", PRECISE)
def test_softmax_layer_is_multinomial_logistic_regression(method: Any) -> None:
    generator = np.random.default_rng(3)
    X, labels = generator.standard_normal((90, 3)), generator.integers(0, 4, 90)
    judge = LogisticRegression(C=1.0 / (90 * 0.05), tol=1e-10, max_iter=1000).fit(X, labels)
    network = ml.Network([3, 4], output="softmax")
    run = ml.train(ml.Objective(network, penalty=ml.L2(0.05)), np.zeros(16), X, labels, method=method, epochs=500)
    np.testing.assert_allclose(network.forward(run.theta, X), judge.predict_proba(X), atol=1e-5)


# --- SciPy's own minimum ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("penalty_in_mean", [False, True])
def test_run_is_scipys_on_the_objective(method: Any, penalty_in_mean: bool) -> None:
    objective, theta, X, T = small_problem(strength=0.6 if penalty_in_mean else 0.01, penalty_in_mean=penalty_in_mean)

    def value_and_gradient(x: Any) -> tuple[float, Any]:
        value, gradient = objective.value_and_gradient(x, X, T)
        return value, flat(objective, gradient)

    expected = minimize(value_and_gradient, flat(objective, theta), jac=True, method=SCIPY_NAME[method])
    # On the engine with the same rounding: along a flat valley conjugate gradients stop where rounding leads them.
    run = ml.train(objective, theta, X, T, method=method, epochs=5000, engine="reference")
    np.testing.assert_allclose(flat(objective, run.theta), expected.x, rtol=1e-3, atol=1e-3)
    assert run.history["loss"][-1] + run.history["penalty"][-1] == pytest.approx(expected.fun, rel=1e-5)
    assert run.message == expected.message
    assert run.ended == "converged"


def test_gradient_is_small_where_it_converged() -> None:
    objective, theta, X, T = small_problem()
    run = ml.train(objective, theta, X, T, method=ml.LBFGS(gradient_tolerance=1e-6, loss_tolerance=0.0), epochs=5000)
    _, gradient = objective.value_and_gradient(run.theta, X, T)
    assert run.ended == "converged"
    assert np.abs(flat(objective, gradient)).max() <= 1e-6


def test_memory_and_evaluations_are_passed_on() -> None:
    stretched = np.diag(np.logspace(0, 3, 12))
    line = ml.Objective(ml.Network([12, 1], bias=False))
    short, long = (
        ml.train(line, np.zeros(12), stretched, np.ones(12), method=ml.LBFGS(memory=m), epochs=5000) for m in (1, 20)
    )
    assert len(long.history["loss"]) < len(short.history["loss"]) / 2
    objective, theta, X, T = small_problem()
    few = ml.train(objective, theta, X, T, method=ml.LBFGS(max_evaluations=5), epochs=30)
    assert few.ended == "stopped"
    assert len(few.history["loss"]) < 6


# --- A run like any other --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_history_has_a_record_an_iteration(method: Any) -> None:
    objective, theta, X, T = small_problem()
    points: list[Any] = []
    run = ml.train(
        objective, theta, X, T, method=method, epochs=25, callbacks=[lambda epoch: points.append(epoch.parameters())]
    )
    history = run.history
    assert run.ended == "epochs"
    assert set(history) == {"epoch", "loss", "penalty", "seconds"}
    assert history["epoch"].tolist() == list(range(1, 26))
    values = [objective.value(point, X, T) for point in points]
    np.testing.assert_allclose(history["loss"] + history["penalty"], values, rtol=1e-12)
    assert (np.diff(values) <= 0).all()
    assert (np.diff(history["seconds"]) >= 0).all()
    assert np.array_equal(flat(objective, run.theta), flat(objective, points[-1]))
    assert run.state is not None
    assert run.state.step == 25


@pytest.mark.parametrize("method", METHODS)
def test_best_parameters_are_restored(method: Any) -> None:
    objective, theta, X, T = small_problem()
    generator = np.random.default_rng(9)
    held_out = generator.standard_normal((20, 2)), generator.standard_normal(20)
    loss = ml.Objective(objective.network)
    run = ml.train(objective, theta, X, T, method=method, epochs=40, validation=held_out, restore_best=True)
    before = loss.value(theta, *held_out)
    losses = [before, *run.history["validation_loss"]]
    assert run.best_epoch == int(np.argmin(losses))
    assert loss.value(run.theta, *held_out) == pytest.approx(min(losses), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_scores_and_conditions_are_heeded(method: Any) -> None:
    objective, theta, X, T = small_problem()
    run = ml.train(
        objective, theta, X, T, method=method, epochs=100, validation=(X, T),
        score=lambda outputs: -float(np.abs(outputs[:, 0] - T).mean()),
        stop=[lambda epoch: epoch.epoch == 7, ml.GradientNorm(1e-12)],
    )  # fmt: skip
    assert run.ended == "stopped"
    assert run.message == "the given condition holds (epoch 7)"
    assert len(run.history["validation_score"]) == 7
    _, gradient = objective.value_and_gradient(run.theta, X, T)
    norm = np.linalg.norm(flat(objective, gradient))
    assert run.history["gradient_norm"][-1] == pytest.approx(norm, rel=1e-10)
    residual = np.abs(objective.network.forward(run.theta, X)[:, 0] - T).mean()
    assert run.history["validation_score"][-1] == pytest.approx(-residual, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_interruption_leaves_a_usable_run(method: Any) -> None:
    objective, theta, X, T = small_problem()
    points: list[Any] = []

    def interrupt(epoch: ml.Epoch) -> None:
        points.append(epoch.parameters())
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    run = ml.train(objective, theta, X, T, method=method, epochs=50, callbacks=[interrupt])
    assert run.ended == "interrupted"
    assert len(run.history["loss"]) == 3
    assert np.array_equal(flat(objective, run.theta), flat(objective, points[-1]))


@pytest.mark.parametrize("method", METHODS)
def test_an_error_in_a_callback_is_not_swallowed(method: Any) -> None:
    objective, theta, X, T = small_problem()

    def fail(epoch: ml.Epoch) -> None:
        raise RuntimeError("in the callback")

    with pytest.raises(RuntimeError, match="in the callback"):
        ml.train(objective, theta, X, T, method=method, callbacks=[fail])


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt", "layerwise"])
def test_no_epochs_leave_the_parameters(method: Any) -> None:
    _, theta, X, T = small_problem()
    objective = ml.Objective(ml.Network([2, 6, 1], "tanh"))
    run = ml.train(objective, theta, X, T, method=method, epochs=0)
    assert np.array_equal(flat(objective, run.theta), flat(objective, theta))
    assert run.ended == "epochs"
    assert len(run.history["loss"]) == 0


@pytest.mark.parametrize("method", METHODS)
def test_float32_stays_float32(method: Any) -> None:
    objective, theta, X, T = small_problem()
    run = ml.train(objective, theta, X, T, method=method, epochs=10, dtype=np.float32)
    double = ml.train(objective, theta, X, T, method=method, epochs=10)
    assert run.theta[0].W.dtype == np.float32
    assert run.history["loss"][-1] == pytest.approx(double.history["loss"][-1], rel=1e-2)


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt"])
def test_sparse_rows_give_the_same_run(method: Any) -> None:
    generator = np.random.default_rng(4)
    X = generator.standard_normal((40, 5)) * (generator.random((40, 5)) < 0.3)
    T = X.sum(axis=1)
    objective = ml.Objective(ml.Network([5, 3, 1], "tanh"))
    theta = objective.network.initialize(0)
    dense, thin = (ml.train(objective, theta, rows, T, method=method, epochs=5) for rows in (X, sparse.csr_array(X)))
    np.testing.assert_allclose(flat(objective, thin.theta), flat(objective, dense.theta), rtol=1e-6)


# --- What is refused -------------------------------------------------------------------------------------------------

UNUSED = [
    ("rule", ml.Adam()),
    ("batch_size", 32),
    ("sampling", "shuffle"),
    ("schedule", ml.Cosine()),
    ("clip_norm", 1.0),
    ("clip_value", 1.0),
    ("on_nonfinite", "continue"),
]


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt"])
@pytest.mark.parametrize(("name", "value"), UNUSED)
def test_arguments_without_a_use_are_refused_by_name(method: Any, name: str, value: Any) -> None:
    objective, theta, X, T = small_problem()
    with pytest.raises(ValueError, match=f"^{name}: method '{method}'"):
        ml.train(objective, theta, X, T, method=method, **{name: value})


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt"])
def test_full_batch_may_be_said(method: Any) -> None:
    objective, theta, X, T = small_problem()
    run = ml.train(objective, theta, X, T, method=method, batch_size=None, epochs=1)
    assert len(run.history["loss"]) == 1


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt"])
@pytest.mark.parametrize(
    "penalty", [ml.L1(0.1), ml.ElasticNet(0.1, 0.1), ml.L1(0.1, "proximal"), ml.L2(0.1, "proximal")]
)
def test_penalties_that_are_not_smooth_are_refused(method: Any, penalty: Any) -> None:
    objective = ml.Objective(ml.Network([2, 1]), penalty=penalty)
    with pytest.raises(ValueError, match=r"^penalty: "):
        ml.train(objective, np.zeros(3), [[1.0, 2.0]], [1.0], method=method)


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt"])
def test_dropout_is_refused(method: Any) -> None:
    network = ml.Network([2, 4, ml.Dropout(0.5), 1])
    with pytest.raises(ValueError, match=r"dropout draws anew.*method='gradient'"):
        ml.train(ml.Objective(network), network.initialize(), [[1.0, 2.0]], [1.0], method=method)


@pytest.mark.parametrize("method", [*METHODS, "levenberg_marquardt"])
def test_a_start_beyond_the_finite_numbers_is_named(method: Any) -> None:
    objective = ml.Objective(ml.Network([1, 1], output="exp"), loss="squared")
    with pytest.raises(ml.Diverged, match=r"first evaluation.*smaller weights") as caught:
        ml.train(objective, [ml.Layer(np.array([[800.0]]), np.zeros(1))], [[1.0]], [1.0], method=method)
    assert caught.value.run.ended == "nonfinite"


@pytest.mark.parametrize("method", ["newton", None, 3])
def test_unknown_methods_are_refused(method: Any) -> None:
    objective, theta, X, T = small_problem()
    with pytest.raises(ValueError, match=r"method: must be one of 'gradient', 'lbfgs'.*LevenbergMarquardt"):
        ml.train(objective, theta, X, T, method=method)


@pytest.mark.parametrize(
    ("description", "options"),
    [
        (ml.LBFGS, {"memory": 0}),
        (ml.LBFGS, {"max_evaluations": 1.5}),
        (ml.LBFGS, {"loss_tolerance": -1.0}),
        (ml.LBFGS, {"gradient_tolerance": np.nan}),
        (ml.ConjugateGradient, {"gradient_tolerance": "small"}),
        (ml.LevenbergMarquardt, {"step_tolerance": -1.0}),
    ],
)
def test_bad_numbers_are_named(description: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        description(**options)
