"""Rules as users name them, through `train`, against torch's and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

import multilayer as ml
from multilayer.formulas.update_rules import UPDATE_RULES
from multilayer.training.rules import initial_slots, scalar_rows

STEPS = 20
NET = ml.Network([3, 4, 2], "tanh", "softmax")
J = ml.Objective(NET)
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(9, 3)), RNG.integers(2, size=9)
START = NET.initialize(1)

RULES = [
    ml.GradientDescent(0.3),
    ml.Momentum(0.1, momentum=0.8),
    ml.Momentum(0.1, momentum=0.8, nesterov=True),
    ml.Adam(0.05, b1=0.8, b2=0.95, eps=1e-6),
    ml.Adam(0.05, variant="section_2"),
    ml.AdamW(0.05, weight_decay=0.3),
    ml.RMSprop(0.02, decay=0.9, eps=1e-6),
    ml.Adagrad(0.2, eps=1e-8),
    ml.Rprop(0.05),
]


def trained(rule) -> np.ndarray:
    """θ after full-batch steps of `train`."""
    return NET.pack(ml.train(J, START, X, T, rule=rule, batch_size=None, epochs=STEPS).theta)


def test_every_formula_has_a_name():
    assert {rule.formula.name for rule in RULES} == set(UPDATE_RULES)


@pytest.mark.parametrize("number", range(8))
def test_torch_makes_the_same_steps(number):
    torch = pytest.importorskip("torch")
    judges = [
        (ml.GradientDescent(0.3), lambda p: torch.optim.SGD(p, lr=0.3)),
        (ml.Momentum(0.1, momentum=0.8), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8)),
        (ml.Momentum(0.1, 0.8, nesterov=True), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True)),
        (ml.Adam(0.05, b1=0.8, b2=0.95, eps=1e-6), lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6)),
        (ml.AdamW(0.05, weight_decay=0.3), lambda p: torch.optim.AdamW(p, lr=0.05)),
        (ml.RMSprop(0.02, decay=0.9, eps=1e-6), lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.9, eps=1e-6)),
        (ml.Adagrad(0.2, eps=1e-8), lambda p: torch.optim.Adagrad(p, lr=0.2, eps=1e-8)),
        (ml.Rprop(0.05), lambda p: torch.optim.Rprop(p, lr=0.05)),
    ]
    rule, optimizer = judges[number]
    weights = [torch.asarray(layer.W).clone().requires_grad_() for layer in START]
    biases = [torch.asarray(layer.b).clone().requires_grad_() for layer in START]
    decay = getattr(rule, "weight_decay", 0.0)
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    judge = optimizer(groups if decay else [*weights, *biases])
    for _ in range(STEPS):
        judge.zero_grad()
        H = torch.tanh(torch.asarray(X) @ weights[0].T + biases[0])
        torch.nn.functional.cross_entropy(H @ weights[1].T + biases[1], torch.asarray(T)).backward()
        judge.step()
    expected = NET.pack([(W.detach().numpy(), b.detach().numpy()) for W, b in zip(weights, biases, strict=True)])
    np.testing.assert_allclose(trained(rule), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("rule", "optimizer"),
    [
        (ml.Adam(0.05, variant="section_2", eps=1e-3), lambda p: AdamOptimizer(p, 0.05, epsilon=1e-3)),
        (ml.Momentum(0.1, 0.8), lambda p: SGDOptimizer(p, 0.1, momentum=0.8, nesterov=False)),
        (ml.Momentum(0.1, 0.8, nesterov=True), lambda p: SGDOptimizer(p, 0.1, momentum=0.8, nesterov=True)),
        (ml.GradientDescent(0.1), lambda p: SGDOptimizer(p, 0.1, momentum=0.0, nesterov=False)),
    ],
)
def test_scikit_learn_makes_the_same_steps(rule, optimizer):
    parameters = [array.copy() for layer in START for array in layer]
    judge = optimizer(parameters)
    for _ in range(STEPS):
        theta = [tuple(parameters[i : i + 2]) for i in (0, 2)]
        _, gradient = J.value_and_gradient(theta, X, T)
        judge.update_params(parameters, [array for layer in gradient for array in layer])
    np.testing.assert_allclose(trained(rule), np.concatenate([p.ravel() for p in parameters]), rtol=1e-12, atol=1e-12)


def test_the_variants_of_adam_differ_in_epsilon_only():
    tiny = [trained(ml.Adam(0.05, eps=1e-300, variant=v)) for v in ("algorithm_1", "section_2")]
    large = [trained(ml.Adam(0.05, eps=1e-2, variant=v)) for v in ("algorithm_1", "section_2")]
    np.testing.assert_allclose(*tiny, rtol=1e-12)
    assert np.max(np.abs(large[0] - large[1])) > 1e-3


def test_the_first_step_of_adam_by_hand():
    # m/c1 = g, v/c2 = g²: every parameter moves by η·g/(|g| + ε)
    _, gradient = J.value_and_gradient(START, X, T)
    g = NET.pack(gradient)
    run = ml.train(J, START, X, T, rule=ml.Adam(0.25, eps=1e-30), batch_size=None, epochs=1)
    np.testing.assert_allclose(NET.pack(run.theta) - NET.pack(START), -0.25 * np.sign(g), rtol=1e-9)


def test_decay_alone_shrinks_weights_and_not_biases():
    # Inputs and targets without gradient: f = y = 0 where the weights meet zeros.
    net = ml.Network([2, 1])
    theta = [([[1.0, -2.0]], [0.0])]
    for rule in (ml.GradientDescent(0.5, 0.1), ml.Momentum(0.5, weight_decay=0.1), ml.AdamW(0.5, 0.1)):
        ((W, b),) = ml.train(ml.Objective(net), theta, [[0.0, 0.0]], [0.0], rule=rule, epochs=3).theta
        np.testing.assert_allclose(W, [[0.95**3, -2 * 0.95**3]], rtol=1e-14)
        assert b == [0.0]
    theta = [([[0.0, 0.0]], [3.0])]
    ((_, b),) = ml.train(ml.Objective(net), theta, [[0.0, 0.0]], [3.0], rule=ml.AdamW(0.5, 0.1), epochs=3).theta
    assert b == [3.0]


def test_scalars_stand_in_the_order_of_the_formulas():
    t, rates = np.array([1.0, 2.0]), np.array([0.1, 0.2])
    rows = scalar_rows(ml.Adam(0.1, b1=0.5, b2=0.75, eps=1e-3), t, rates)
    assert UPDATE_RULES["adam"].scalars == ("rate", "b1", "b2", "eps", "c1", "c2")
    assert rows.tolist() == [[0.1, 0.5, 0.75, 1e-3, 0.5, 0.25], [0.2, 0.5, 0.75, 1e-3, 0.75, 1 - 0.75**2]]
    assert rows.dtype == np.float64


@pytest.mark.parametrize("b", [0.0, 1e-300, 0.5, 0.9, 0.999, 1.0 - 2.0**-53])
def test_the_corrections_of_adam_are_exact_for_every_number_of_updates(b):
    t = np.unique(np.geomspace(1, 1e9, 2000).round())
    for first in (0, 100, 1900):
        rows = scalar_rows(ml.Adam(b1=b, b2=b), t[first:], np.ones_like(t[first:]))
        for column in rows[:, 4:].T:
            np.testing.assert_array_equal(column, 1.0 - b ** t[first:])


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_memories_begin_at_zero_and_have_the_shape_and_dtype_of_parameters(rule):
    theta = np.ones((2, 5), dtype=np.float32)
    slots = initial_slots(rule, theta)
    assert len(slots) == len(rule.formula.slots)
    for name, slot in zip(rule.formula.slots, slots, strict=True):
        assert (slot.shape, slot.dtype) == (theta.shape, theta.dtype)
        assert np.all(slot == (np.float32(0.05) if name == "step_size" else 0.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 3}, "batch_size: Rprop needs the full batch"),
        ({"batch_size": None, "sampling": "replacement"}, "sampling: Rprop needs every row in every step"),
    ],
)
def test_rprop_refuses_batches(options, message):
    with pytest.raises(ValueError, match=message):
        ml.train(J, START, X, T, rule=ml.Rprop(), **options)


def test_rprop_refuses_what_acts_through_a_rate():
    with pytest.raises(ValueError, match="schedule: Rprop sets its own steps"):
        ml.train(J, START, X, T, rule=ml.Rprop(), batch_size=None, schedule=ml.Cosine())
    proximal = ml.Objective(NET, penalty=ml.L1(0.1, step="proximal"))
    with pytest.raises(ValueError, match="rule: Rprop has no rate for a proximal step"):
        ml.train(proximal, START, X, T, rule=ml.Rprop(), batch_size=None)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ml.GradientDescent(0.0), ValueError, "rate: must be a finite number above 0, came 0.0"),
        (lambda: ml.GradientDescent(-1), ValueError, "rate: must be a finite number above 0, came -1"),
        (lambda: ml.GradientDescent("0.1"), ValueError, "rate: must be a finite number above 0, came '0.1'"),
        (lambda: ml.GradientDescent(True), ValueError, "rate: must be a finite number above 0, came True"),
        (lambda: ml.GradientDescent(np.nan), ValueError, "rate: must be a finite number above 0, came nan"),
        (lambda: ml.GradientDescent(np.inf), ValueError, "rate: must be a finite number above 0, came inf"),
        (lambda: ml.GradientDescent(0.1, -1.0), ValueError, "weight_decay: must be .* at least 0, came -1.0"),
        (lambda: ml.Momentum(momentum=1.1), ValueError, r"momentum: must lie in \[0, 1\], came 1.1"),
        (lambda: ml.Momentum(nesterov="yes"), TypeError, "nesterov: must be True or False, came 'yes'"),
        (lambda: ml.Adam(b1=1.0), ValueError, r"b1: must lie in \[0, 1\), came 1.0"),
        (lambda: ml.Adam(b2=-0.1), ValueError, r"b2: must lie in \[0, 1\)"),
        (lambda: ml.Adam(eps=0.0), ValueError, "eps: must be a finite number above 0"),
        (lambda: ml.Adam(variant="torch"), ValueError, "variant: must be 'algorithm_1' or 'section_2', came 'torch'"),
        (lambda: ml.AdamW(weight_decay=-1), ValueError, "weight_decay: must be a finite number of at least 0"),
        (lambda: ml.RMSprop(decay=1.5), ValueError, r"decay: must lie in \[0, 1\)"),
        (lambda: ml.Adagrad(eps=-1), ValueError, "eps: must be a finite number above 0"),
        (lambda: ml.Rprop(eta_plus=0.9), ValueError, "eta_minus, eta_plus: must lie on either side of 1"),
        (lambda: ml.Rprop(100.0), ValueError, r"rate: must lie in \[step_min, step_max\]"),
    ],
)
def test_numbers_outside_their_ranges_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
