"""000's Algorithm 1: numbers worked by hand, its readings, and its difference from backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

import multilayer as ml

BACKPROPAGATION = ml.Layerwise(push="old", derivative=True)


def one_one_one(W: float, V: float, f1: str = "identity", f2: str = "identity") -> tuple[ml.Objective, Any]:
    """Y = f₂(V f₁(W X)) with one unit everywhere, and its parameters."""
    network = ml.Network([1, ml.Dense(1, f1), 1], output=f2, bias=False)
    return ml.Objective(network, "squared"), (ml.Layer(np.array([[W]])), ml.Layer(np.array([[V]])))


def after_one_epoch(objective: ml.Objective, theta: Any, X: Any, T: Any, rate: float, method: Any = "layerwise") -> Any:
    """θ after one epoch, flat."""
    run = ml.train(objective, theta, X, T, method=method, rule=ml.GradientDescent(rate), epochs=1)
    return objective.network.pack(run.theta)


def after_one_step_of_descent(objective: ml.Objective, theta: Any, X: Any, T: Any, rate: float) -> Any:
    run = ml.train(
        objective, theta, X, T, rule=ml.GradientDescent(rate), batch_size=1, sampling="given", epochs=1,
        engine="reference",
    )  # fmt: skip
    return objective.network.pack(run.theta)


# --- Worked by hand --------------------------------------------------------------------------------------------------


def test_identities_worked_by_hand() -> None:
    # x = 1, t = 1, W = 2, V = 3: h = 2, y = 6, e = −5; V ← 3 + .1·(−5)·2 = 2.
    # Literally e ← 2·(−5) = −10 and W ← 2 − 1 = 1; backpropagation pushes through V = 3: e ← −15, W ← .5.
    objective, theta = one_one_one(2.0, 3.0)
    assert after_one_epoch(objective, theta, [[1.0]], [1.0], 0.1).tolist() == [1.0, 2.0]
    assert after_one_epoch(objective, theta, [[1.0]], [1.0], 0.1, ml.Layerwise(push="old")).tolist() == [0.5, 2.0]
    assert after_one_step_of_descent(objective, theta, [[1.0]], [1.0], 0.1).tolist() == [0.5, 2.0]


@pytest.mark.parametrize(
    ("push", "derivative", "W"),
    [("updated", False, 2.0), ("updated", True, 0.5), ("old", False, 0.0), ("old", True, 0.0)],
)
def test_sigmoids_worked_by_hand(push: Any, derivative: bool, W: float) -> None:
    # x = 1, t = 1, W = V = 0: h = ½, z = 0, y = ½, e = ½, f′ = ¼ in both layers. With η = 16: V ← 16·(¼·½)·½ = 1.
    # Pushed: V·½ = ½, or with f₂′ V·⅛ = ⅛, through V = 1 (updated) or V = 0 (old). W ← 16·¼·pushed.
    objective, theta = one_one_one(0.0, 0.0, "sigmoid", "sigmoid")
    method = ml.Layerwise(push=push, derivative=derivative)
    assert after_one_epoch(objective, theta, [[1.0]], [1.0], 16.0, method).tolist() == [W, 1.0]


def test_errors_are_those_of_the_epochs_first_weights() -> None:
    # One weight 0, the same sample (1, 1) twice, η = 1: both errors are 1, so the weight becomes 2. Incremental
    # descent sees the second error vanish and stays at 1.
    objective = ml.Objective(ml.Network([1, 1], bias=False))
    X, T = [[1.0], [1.0]], [1.0, 1.0]
    assert after_one_epoch(objective, np.zeros(1), X, T, 1.0).tolist() == [2.0]
    assert after_one_step_of_descent(objective, np.zeros(1), X, T, 1.0).tolist() == [1.0]


def test_hidden_values_are_stored_or_recomputed() -> None:
    # W = 1, V = 1, η = ½, samples (1, 2) and (1, 2): e = 1 both times, h = 1.
    # Sample 1: V ← 1.5, e ← 1.5, W ← 1.75. Sample 2 with the stored h = 1: V ← 2, e ← 2, W ← 2.75;
    # with h = 1.75 recomputed: V ← 2.375, e ← 2.375, W ← 2.9375.
    objective, theta = one_one_one(1.0, 1.0)
    X, T = [[1.0], [1.0]], [2.0, 2.0]
    assert after_one_epoch(objective, theta, X, T, 0.5).tolist() == [2.75, 2.0]
    assert after_one_epoch(objective, theta, X, T, 0.5, ml.Layerwise(hidden="recomputed")).tolist() == [2.9375, 2.375]


def test_layers_first_to_last_see_the_corrected_layers_below() -> None:
    # W = 1, V = 1, η = ½, sample (1, 2): e = 1, pushed 1, W ← 1.5 first; then V ← 1 + ½·1·h with h = 1 stored,
    # or h = 1.5 recomputed.
    objective, theta = one_one_one(1.0, 1.0)
    first = {hidden: ml.Layerwise("first_last", "old", hidden=hidden) for hidden in ("stored", "recomputed")}  # type: ignore[arg-type]
    assert after_one_epoch(objective, theta, [[1.0]], [2.0], 0.5, first["stored"]).tolist() == [1.5, 1.5]
    assert after_one_epoch(objective, theta, [[1.0]], [2.0], 0.5, first["recomputed"]).tolist() == [1.5, 1.75]


def test_biases_are_weights_of_a_constant_input() -> None:
    generator = np.random.default_rng(0)
    X, T = generator.standard_normal((5, 2)), generator.standard_normal((5, 1))
    W, b = generator.standard_normal((1, 2)), generator.standard_normal(1)
    with_bias = ml.Objective(ml.Network([2, 1], output="tanh"), "squared")
    appended = ml.Objective(ml.Network([3, 1], output="tanh", bias=False), "squared")
    left = after_one_epoch(with_bias, [ml.Layer(W, b)], X, T, 0.3)
    right = after_one_epoch(appended, [ml.Layer(np.column_stack([W, b]))], np.column_stack([X, np.ones(5)]), T, 0.3)
    np.testing.assert_allclose(left, right, rtol=1e-14)


# --- Beside backpropagation ------------------------------------------------------------------------------------------

DEEP = {
    "tanh": ml.Objective(ml.Network([3, 4, 3, 2], "tanh")),
    "softmax": ml.Objective(ml.Network([3, 4, 3, 3], "sigmoid", "softmax"), "squared"),
    "without biases": ml.Objective(ml.Network([3, 4, 3, 2], "softsign", "sigmoid", bias=False), "squared"),
}


def sample_for(objective: ml.Objective) -> tuple[Any, Any, Any]:
    generator = np.random.default_rng(4)
    network = objective.network
    theta = network.pack(network.initialize(1)) + 0.2 * generator.standard_normal(network.n_parameters)
    target = np.full((1, network.n_outputs), 1.0 / network.n_outputs)
    return theta, generator.standard_normal((1, network.n_inputs)), target


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("order", ["last_first", "first_last"])
def test_old_weights_and_derivatives_give_gradient_descent(name: str, order: Any) -> None:
    objective = DEEP[name]
    theta, x, t = sample_for(objective)
    method = ml.Layerwise(order, "old", derivative=True)
    stepped = after_one_epoch(objective, theta, x, t, 0.1, method)
    np.testing.assert_allclose(stepped, after_one_step_of_descent(objective, theta, x, t, 0.1), rtol=1e-12)


@pytest.mark.parametrize("name", DEEP)
def test_last_layer_descends_and_the_others_do_not(name: str) -> None:
    objective = DEEP[name]
    theta, x, t = sample_for(objective)
    rate = 0.1
    layerwise = (after_one_epoch(objective, theta, x, t, rate) - theta) / rate
    descent = (after_one_step_of_descent(objective, theta, x, t, rate) - theta) / rate
    views = objective.network.views
    last = next(v for v in views if v.name == "3.W").start
    np.testing.assert_allclose(layerwise[last:], descent[last:], rtol=1e-10, atol=1e-12)
    below = np.linalg.norm(layerwise[:last] - descent[:last]) / np.linalg.norm(descent[:last])
    assert below > 0.05


def test_it_follows_no_gradient() -> None:
    # A field that is the gradient of something has a symmetric Jacobian. Gradient descent's has; the algorithm's,
    # at a small rate on a single sample, has not.
    objective = DEEP["tanh"]
    theta, x, t = sample_for(objective)

    def asymmetry(method: Any) -> float:
        def field(point: Any) -> Any:
            return (after_one_epoch(objective, point, x, t, 1e-2, method) - point) / 1e-2

        columns = [(field(theta + s) - field(theta - s)) / 2e-4 for s in 1e-4 * np.eye(len(theta))]
        jacobian = np.stack(columns, axis=1)
        return float(np.linalg.norm(jacobian - jacobian.T) / np.linalg.norm(jacobian))

    assert asymmetry(BACKPROPAGATION) < 1e-6
    assert asymmetry("layerwise") > 0.1


def test_it_can_learn_all_the_same() -> None:
    generator = np.random.default_rng(0)
    X = generator.standard_normal((30, 2))
    T = 0.5 * np.tanh(X @ [1.0, -1.0])
    objective = ml.Objective(ml.Network([2, 4, 1], "tanh", bias=False))
    run = ml.train(objective, objective.network.initialize(2), X, T, method="layerwise",
                   rule=ml.GradientDescent(0.01), epochs=300)  # fmt: skip
    assert run.history["loss"][-1] < 0.02 * run.history["loss"][0]


# --- A run like any other --------------------------------------------------------------------------------------------


def table() -> tuple[ml.Objective, Any, Any, Any]:
    generator = np.random.default_rng(0)
    objective = ml.Objective(ml.Network([2, 3, 1], "tanh"))
    return objective, objective.network.initialize(0), generator.standard_normal((8, 2)), generator.standard_normal(8)


def test_history_holds_the_loss_of_each_epochs_first_weights() -> None:
    objective, theta, X, T = table()
    points = [theta]
    run = ml.train(
        objective, theta, X, T, method="layerwise", epochs=4, validation=(X, T),
        callbacks=[lambda epoch: points.append(epoch.parameters())],
    )  # fmt: skip
    losses = [objective.value(point, X, T) for point in points]
    np.testing.assert_allclose(run.history["loss"], losses[:-1], rtol=1e-12)
    np.testing.assert_allclose(run.history["validation_loss"], losses[1:], rtol=1e-12)
    assert run.history["rate"].tolist() == [0.1] * 4
    assert run.ended == "epochs"


def test_order_of_samples_can_be_drawn() -> None:
    objective, theta, X, T = table()
    drawn = [
        objective.network.pack(
            ml.train(objective, theta, X, T, method="layerwise", sampling="shuffle", seed=seed, epochs=3).theta
        )
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_interruption_and_conditions_are_heeded() -> None:
    objective, theta, X, T = table()

    def interrupt(epoch: ml.Epoch) -> None:
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    interrupted = ml.train(objective, theta, X, T, method="layerwise", callbacks=[interrupt])
    stopped = ml.train(objective, theta, X, T, method="layerwise", stop=lambda epoch: epoch.epoch == 2)
    assert (interrupted.ended, stopped.ended) == ("interrupted", "stopped")
    assert np.array_equal(objective.network.pack(interrupted.theta), objective.network.pack(stopped.theta))


def test_divergence_is_named() -> None:
    objective, theta = one_one_one(2.0, 3.0)
    with pytest.raises(ml.Diverged, match="epoch") as caught:
        ml.train(objective, theta, [[1.0]], [1.0], method="layerwise", rule=ml.GradientDescent(10.0), epochs=200)
    assert np.isfinite(caught.value.run.history["loss"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": ml.Adam()}, r"rule: .*takes GradientDescent\(rate\)"),
        ({"rule": ml.GradientDescent(0.1, weight_decay=0.1)}, "rule: .*takes GradientDescent"),
        ({"batch_size": 4}, "batch_size: method 'layerwise' uses one row a step"),
        ({"schedule": ml.Cosine()}, "schedule: method 'layerwise' does not use it"),
        ({"clip_norm": 1.0}, "clip_norm: "),
        ({"sample_weight": np.ones(8)}, "sample_weight: "),
        ({"engine": "native"}, "engine: method 'layerwise' runs on 'reference' only"),
        ({"X": sparse.csr_array(np.ones((8, 2)))}, "X: .*toarray"),
        ({"objective": ml.Objective(ml.Network([2, 3, 1], "tanh"), "absolute")}, "squared loss, came loss 'absolute'"),
        ({"objective": ml.Objective(ml.Network([2, 3, 1], "tanh"), penalty=ml.L2(0.1))}, "penalty: "),
        ({"objective": ml.Objective(ml.Network([2, ml.Maxout(3), 1]))}, "Dense layers only, came .* MaxPool"),
        ({"objective": ml.Objective(ml.Network([2, 3, ml.Dropout(0.1), 1]))}, "Dense layers only.*Dropout"),
    ],
)
def test_what_the_algorithm_has_no_place_for_is_refused(options: dict[str, Any], message: str) -> None:
    objective, _, X, T = table()
    objective = options.get("objective", objective)
    arguments = {"objective": objective, "theta": objective.network.initialize(), "X": X, "T": T, **options}
    with pytest.raises(ValueError, match=message):
        ml.train(**arguments, method="layerwise")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "random"}, "order: must be 'last_first' or 'first_last', came 'random'"),
        ({"push": "new"}, "push: must be"),
        ({"hidden": "kept"}, "hidden: must be"),
        ({"order": "first_last"}, "push: with order='first_last'"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ml.Layerwise(**options)
