"""A factor on the rate of each layer, frozen layers, and weight decay for each layer."""

from __future__ import annotations

import numpy as np
import pytest

import multilayer as ml
from multilayer.engines import ENGINES

NET = ml.Network([3, 5, ml.APL(4), 2], "tanh")
RULES = [
    ml.GradientDescent(0.1, weight_decay=0.1),
    ml.Momentum(0.1, nesterov=True, weight_decay=(0.1, 0.0, 0.2)),
    ml.Adam(0.01, weight_decay=(0.3, 0.2, 0.1)),
    ml.RMSprop(0.01),
    ml.Adagrad(0.1),
    ml.Rprop(),
]
FROZEN = [(0, 1, 1), (1, 0, 1), (0, 0, 1), (1, 1, 0)]


@pytest.fixture(scope="module")
def problem():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 3))
    theta = NET.initialize(1)
    for layer in theta:
        layer.W[0, 0], layer.b[0] = -0.0, 0.0  # signs of zeros are bits too
    return theta, X, np.column_stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]])


def changed(before, after):
    """Which layers have an array of other bits."""
    return tuple(
        int(any(a.tobytes() != b.tobytes() for a, b in zip(old, new, strict=True)))
        for old, new in zip(before, after, strict=True)
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("rates", FROZEN)
def test_frozen_layers_keep_their_bits_and_the_others_learn(problem, engine, rule, rates):
    theta, X, T = problem
    J = ml.Objective(NET, penalty=ml.ElasticNet((0.0, 0.1, 0.0), 0.1))
    batch = None if isinstance(rule, ml.Rprop) else 16
    run = ml.train(J, theta, X, T, rule=rule, batch_size=batch, epochs=3, layer_rates=rates, engine=engine)
    assert changed(theta, run.theta) == rates


@pytest.mark.parametrize("method", ["lbfgs", "conjugate_gradient", "levenberg_marquardt"])
@pytest.mark.parametrize("rates", FROZEN)
def test_methods_on_all_rows_heed_frozen_layers(problem, method, rates):
    theta, X, T = problem
    J = ml.Objective(NET, penalty=ml.L2((0.1, 0.0, 0.01)))
    run = ml.train(J, theta, X, T, method=method, epochs=10, layer_rates=rates)
    assert changed(theta, run.theta) == rates
    assert J.value(run.theta, X, T) < J.value(theta, X, T)


@pytest.mark.parametrize("method", [ml.LBFGS(gradient_tolerance=1e-9, loss_tolerance=0.0), "levenberg_marquardt"])
def test_an_output_layer_alone_is_linear_regression_on_the_hidden_values(problem, method):
    theta, X, T = problem
    run = ml.train(ml.Objective(NET), theta, X, T, method=method, epochs=1000, layer_rates=(0, 0, 1))
    hidden = ml.Network([3, 5, ml.APL(4), 4], "tanh").forward([*theta[:2], (np.eye(4), np.zeros(4))], X)
    solution = np.linalg.lstsq(np.column_stack([hidden, np.ones(60)]), T, rcond=None)[0]
    np.testing.assert_allclose(run.theta[2].W, solution[:-1].T, atol=1e-6)
    np.testing.assert_allclose(run.theta[2].b, solution[-1], atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_of_descent_is_as_many_times_as_long(problem, engine):
    theta, X, T = problem
    options = {"rule": ml.GradientDescent(0.1), "batch_size": None, "epochs": 1, "engine": engine}
    plain, scaled = (
        ml.train(ml.Objective(NET), theta, X, T, layer_rates=rates, **options).theta
        for rates in (None, (0.5, 3.0, 1.0))
    )
    for factor, start, one, other in zip((0.5, 3.0, 1.0), theta, plain, scaled, strict=True):
        for a, b, c in zip(start, one, other, strict=True):
            np.testing.assert_allclose(c - a, factor * (b - a), atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_factors_are_a_factor_on_the_rules_rate(problem, engine):
    theta, X, T = problem
    J = ml.Objective(NET)
    by_layers = ml.train(J, theta, X, T, rule=ml.Adam(0.02), epochs=3, layer_rates=[0.5] * 3, engine=engine)
    by_rule = ml.train(J, theta, X, T, rule=ml.Adam(0.01), epochs=3, engine=engine)
    np.testing.assert_allclose(NET.pack(by_layers.theta), NET.pack(by_rule.theta), rtol=1e-12)
    ones = ml.train(J, theta, X, T, rule=ml.Adam(0.01), epochs=3, layer_rates=[1, 1, 1], engine=engine)
    np.testing.assert_array_equal(NET.pack(ones.theta), NET.pack(by_rule.theta))


def test_a_trained_head_may_be_gone_on_from_with_all_layers(problem):
    theta, X, T = problem
    J = ml.Objective(NET)
    head = ml.train(J, theta, X, T, epochs=20, layer_rates=(0, 0, 1))
    whole = ml.train(J, head.theta, X, T, epochs=20)
    assert changed(head.theta, whole.theta) == (1, 1, 1)
    assert J.value(whole.theta, X, T) < J.value(head.theta, X, T) < J.value(theta, X, T)


def test_frozen_layers_have_no_part_in_the_gradients_norm(problem):
    theta, X, T = problem
    J = ml.Objective(NET)
    exact = ml.LBFGS(gradient_tolerance=1e-9, loss_tolerance=0.0)
    solved = ml.train(J, theta, X, T, method=exact, epochs=1000, layer_rates=(0, 0, 1)).theta
    options = {"rule": ml.GradientDescent(1e-6), "epochs": 5, "batch_size": None, "stop": ml.GradientNorm(1e-6)}
    assert ml.train(J, solved, X, T, layer_rates=(0, 0, 1), **options).ended == "stopped"
    assert ml.train(J, solved, X, T, **options).ended == "epochs"


@pytest.mark.parametrize("engine", ENGINES)
def test_decay_of_each_layer(engine):
    """Without a gradient nothing else moves the weights."""
    theta = [(np.ones((2, 3)), np.ones(2)), (np.zeros((1, 2)), np.zeros(1))]
    net = ml.Network([3, 2, 1], "tanh")
    options = {"rule": ml.GradientDescent(0.1, weight_decay=(0.5, 7.0)), "epochs": 2, "batch_size": None}
    run = ml.train(ml.Objective(net), theta, np.ones((4, 3)), np.zeros(4), engine=engine, **options)
    np.testing.assert_allclose(run.theta[0].W, (1 - 0.1 * 0.5) ** 2)
    assert (run.theta[0].b == 1.0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "lbfgs"},
            "layer_rates: 'lbfgs' steps in all layers at once and takes 0 .frozen. and 1 alone, came 0.5",
        ),
        (
            {"rule": ml.Rprop(), "batch_size": None},
            "layer_rates: Rprop sets its own steps, so it takes 0 .frozen. and 1",
        ),
        ({"method": "layerwise"}, "layer_rates: method 'layerwise' does not use it"),
        ({"rule": ml.Adam(weight_decay=[0.1])}, "weight_decay: must have one number for each of 3 layers of weights"),
    ],
    ids=["lbfgs", "rprop", "layerwise", "decay"],
)
def test_what_cannot_be_heeded_is_refused(problem, options, message):
    with pytest.raises(ValueError, match=message):
        ml.train(ml.Objective(NET), *problem, layer_rates=(0.0, 0.5, 1.0), **options)
