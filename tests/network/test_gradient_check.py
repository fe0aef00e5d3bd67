"""Backpropagation against central differences: whole networks of every depth, activation, output, loss and penalty."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import multilayer as ml
from multilayer.formulas.activations import ACTIVATIONS
from multilayer.formulas.losses import LOSSES
from multilayer.formulas.outputs import OUTPUTS, output
from multilayer.network.head import allowed_losses

N_ROWS = 5
DIFFERENTIABLE = [name for name, a in ACTIVATIONS.items() if a.derivative is not None]
PAIRS = [
    (name, loss, k)
    for name, o in OUTPUTS.items()
    for k in ((2, 3) if o.rowwise else (1, 3))
    for loss in allowed_losses(o, k > 1)
]
PAIRS += [
    (output(o, groups=(3, 2)), loss, 5) for o in OUTPUTS.values() if o.rowwise for loss in allowed_losses(o, True)
]
PENALTIES = [None, ml.L1(0.1), ml.L2(0.2), ml.ElasticNet(0.1, 0.3), ml.L2(0.2, step="proximal")]


def targets(J: ml.Objective, rng: np.random.Generator) -> np.ndarray:
    """Random targets of the kind that the objective takes."""
    k = J.network.n_outputs
    if J.network.output.groups:
        return np.column_stack([rng.integers(size, size=N_ROWS) for size in J.network.output.groups])
    if J.head.targets == "classes":
        return rng.integers(k, size=N_ROWS)
    if J.head.targets == "zero_one":
        return rng.integers(2, size=(N_ROWS, k))
    if J.head.targets == "signs":
        return rng.choice([-1.0, 1.0], size=(N_ROWS, k))
    return rng.gamma(2.0, size=(N_ROWS, k))


def differences(J: ml.Objective, e: SimpleNamespace, step: float) -> np.ndarray:
    """Central differences of J in every parameter."""
    d = np.empty_like(e.theta)
    for i in range(d.size):
        s = np.zeros_like(d)
        s[i] = step
        d[i] = (J.value(e.theta + s, e.X, e.T, e.weight) - J.value(e.theta - s, e.X, e.T, e.weight)) / (2.0 * step)
    return d


def example(J: ml.Objective, *, weighted: bool = False, **given: Any) -> SimpleNamespace:
    """Parameters and data where J is smooth: where differences of two steps agree, so that no kink lies between."""
    net = J.network
    for seed in range(100):
        rng = np.random.default_rng(seed)
        e = SimpleNamespace(
            theta=net.pack(net.initialize(seed)) + 0.2 * rng.normal(size=net.n_parameters),
            X=rng.normal(size=(N_ROWS, net.n_inputs)),
            T=targets(J, rng),
            weight=rng.uniform(0.5, 3.0, size=N_ROWS) if weighted else None,
        )
        vars(e).update(given)
        d = differences(J, e, 6e-6)
        if np.linalg.norm(d - differences(J, e, 1.2e-5)) < 3e-8 * np.linalg.norm(d):
            return e
    raise AssertionError("no smooth place was found")


def require_right_gradient(J: ml.Objective, **options: Any) -> None:
    e = example(J, **options)
    report = ml.check_gradient(J, e.theta, e.X, e.T, sample_weight=e.weight)
    assert report.passed, str(report)
    assert report.tolerance == 1e-7
    value, _ = J.value_and_gradient(e.theta, e.X, e.T, e.weight)
    assert value == J.value(e.theta, e.X, e.T, e.weight)


@pytest.mark.parametrize("depth", range(1, 7))
@pytest.mark.parametrize("activation", DIFFERENTIABLE)
def test_every_activation_at_every_depth(activation, depth):
    bias = depth % 2 == 0
    require_right_gradient(ml.Objective(ml.Network([3, *[4] * (depth - 1), 2], activation, "softmax", bias=bias)))


@pytest.mark.parametrize(("output", "loss", "k"), PAIRS)
def test_every_output_with_every_loss(output, loss, k):
    require_right_gradient(ml.Objective(ml.Network([3, 4, k], "tanh", output), loss))


@pytest.mark.parametrize("loss", [ml.loss("huber", delta=0.3), ml.loss("quantile", q=0.9)], ids=lambda loss: loss.name)
def test_losses_with_options(loss):
    require_right_gradient(ml.Objective(ml.Network([3, 4, 2], "gelu"), loss))


def test_activations_with_options_and_of_ones_own():
    leaky, elu = ml.activation("leaky_relu", slope=0.3), ml.activation("elu", alpha=0.5)
    cube = ml.Activation("cube", lambda z: z * z * z, lambda z: 3.0 * (z * z))
    net = ml.Network([3, ml.Dense(4, leaky), ml.Dense(3, elu), ml.Dense(3, cube), 2], output=leaky)
    require_right_gradient(ml.Objective(net))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "hidden",
    [
        [ml.Maxout(4)],
        [ml.Maxout(3, pieces=4), 3],
        [ml.APL(4)],
        [4, ml.APL(3, hinges=1)],
        [ml.Dropout(0.5), ml.APL(3, hinges=3), ml.Maxout(3), ml.Dropout(0.2), ml.Dense(4, "mish")],
        [ml.Maxout(3), ml.APL(3), ml.Maxout(3), ml.APL(3), ml.Dense(3, bias=False)],
    ],
    ids=str,
)
def test_layers_of_other_kinds(hidden, bias):
    require_right_gradient(ml.Objective(ml.Network([3, *hidden, 2], "tanh", "softmax", bias=bias), penalty=ml.L2(0.1)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty_in_mean", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_every_penalty_reduction_and_weighting(penalty, reduction, penalty_in_mean, weighted):
    net = ml.Network([3, ml.APL(3), ml.Dense(4, "silu"), 2], output="sigmoid")
    J = ml.Objective(net, None, penalty, reduction, penalty_in_mean)
    require_right_gradient(J, weighted=weighted)


@pytest.mark.parametrize("output", ["softmax", "sparsemax", "sigmoid", output("softmax", groups=[3])])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_soft_and_smoothed_targets(output, smoothing):
    J = ml.Objective(ml.Network([3, 4, 3], "tanh", output), label_smoothing=smoothing)
    soft = np.random.default_rng(0).dirichlet(np.ones(3), size=N_ROWS)
    require_right_gradient(J, weighted=True, T=soft)


def test_several_labels_with_sparsemax():
    J = ml.Objective(ml.Network([3, 4, 3], "tanh", "sparsemax"))
    require_right_gradient(J, T=[[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0], [0.5, 0, 0.5], [0, 0, 1]])


def test_a_wrong_gradient_is_found_and_its_worst_parameter_named():
    J = ml.Objective(ml.Network([3, 4, 2], "tanh", "softmax"))
    e = example(J)
    _, gradient = J.value_and_gradient(e.theta, e.X, e.T)
    right = ml.check_gradient(J, e.theta, e.X, e.T, gradient=gradient)
    assert right.passed
    assert "agree" in str(right)
    gradient[1].W[1, 2] += 0.01
    wrong = ml.check_gradient(J, e.theta, e.X, e.T, gradient=gradient)
    assert not wrong.passed
    assert wrong.worst == "2.W[1, 2]"
    assert wrong.checked - wrong.difference == pytest.approx(0.01, rel=1e-4)
    assert "DISAGREE" in str(wrong)
    assert "2.W[1, 2]" in str(wrong)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_never_passes(value):
    J = ml.Objective(ml.Network([3, 4, 2], "tanh", "softmax"))
    e = example(J)
    g = J.network.pack(J.value_and_gradient(e.theta, e.X, e.T)[1])
    g[5] = value  # row 1, column 2 of the first W (4, 3)
    report = ml.check_gradient(J, e.theta, e.X, e.T, gradient=g, tolerance=1e300)
    assert not report.passed
    assert report.worst == "1.W[1, 2]"
    assert "DISAGREE" in str(report)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g[:1], "gradient: must have 2 layers with parameters, came 1"),
        (lambda g: ((g[0].W.T, g[0].b), g[1]), r"gradient: layer 1: W must have shape \(4, 3\), came \(3, 4\)"),
        (lambda g: (g[0], (g[1].W, None)), r"gradient: layer 2: b must have shape \(2,\), came None"),
        (lambda g: np.zeros(3), r"gradient: must have shape \(26,\), came \(3,\)"),
    ],
)
def test_a_gradient_of_another_shape_is_refused_by_its_own_name(change, message):
    J = ml.Objective(ml.Network([3, 4, 2], "tanh", "softmax"))
    e = example(J)
    g = J.value_and_gradient(e.theta, e.X, e.T)[1]
    with pytest.raises(ValueError, match=message):
        ml.check_gradient(J, e.theta, e.X, e.T, gradient=change(g))


CUBE = ml.Activation("sigmoid", lambda z: z * z * z, lambda z: 3.0 * (z * z))
SQUARES = ml.Output("softmax", lambda z: z * z, lambda z, f, v: 2.0 * (z * v))


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("output", [CUBE, SQUARES], ids=["sigmoid", "softmax"])
def test_a_users_function_may_be_called_like_one_of_the_librarys(output, k):
    J = ml.Objective(ml.Network([3, 4, k], CUBE, output))
    require_right_gradient(J)
    theta, x = np.ones(J.network.n_parameters), np.zeros((1, 3))
    # x = 0: each hidden unit gives 1, each z is 4 + 1.
    assert J.network.forward(theta, x).tolist() == [[125.0 if output is CUBE else 25.0] * k]
    with pytest.raises(ValueError, match="'cross_entropy' does not go with output"):
        ml.Objective(J.network, "cross_entropy")


def test_a_forgotten_mean_is_found():
    net = ml.Network([3, 2], output="softmax")
    mean, total = ml.Objective(net), ml.Objective(net, reduction="sum")
    e = example(mean)
    report = ml.check_gradient(mean, e.theta, e.X, e.T, gradient=total.value_and_gradient(e.theta, e.X, e.T)[1])
    assert report.error == pytest.approx(1 - 1 / N_ROWS, rel=1e-6)  # ‖5g − g‖/‖5g‖


def test_a_gradient_of_zero_agrees_with_itself():
    J = ml.Objective(ml.Network([2, 1], bias=False))
    report = ml.check_gradient(J, np.zeros(2), np.zeros((3, 2)), [1.0, 2.0, 3.0])
    assert (report.error, report.passed) == (0.0, True)


def test_parameters_are_not_changed():
    J = ml.Objective(ml.Network([3, 2]))
    e = example(J)
    before = e.theta.copy()
    ml.check_gradient(J, e.theta, e.X, e.T)
    np.testing.assert_array_equal(e.theta, before)


def torch_network(torch, net: ml.Network, layers: Any, X: Any) -> Any:
    """The last pre-activations of a network of Dense, Maxout and APL layers, by torch's own functions."""
    F = torch.nn.functional
    functions = {"relu": F.relu, "tanh": torch.tanh, "gelu": F.gelu, "silu": F.silu, "mish": F.mish, "selu": F.selu}
    H = X
    for item, layer in zip(net.layers[1:-1], layers[:-1], strict=True):
        Z = F.linear(H, layer[0], layer[1])
        if isinstance(item, ml.Maxout):
            H = Z.reshape(len(Z), item.units, item.pieces).amax(dim=-1)
        elif isinstance(item, ml.APL):
            H = F.relu(Z) + (layer[2] * F.relu(layer[3] - Z[:, None, :])).sum(dim=1)
        else:
            H = functions[item.activation](Z)
    return F.linear(H, layers[-1][0], layers[-1][1])


def torch_losses(torch) -> dict[tuple[Any, str, int], Any]:
    """Losses of each row by torch's own functions, of pre-activations z and targets y."""
    F = torch.nn.functional
    none = {"reduction": "none"}

    def rows(values):
        return values.sum(dim=-1)

    return {
        ("identity", "squared", 2): lambda z, y: 0.5 * rows(F.mse_loss(z, y, **none)),
        ("identity", "absolute", 2): lambda z, y: rows(F.l1_loss(z, y, **none)),
        ("identity", "huber", 2): lambda z, y: rows(F.huber_loss(z, y, **none)),
        ("tanh", "squared", 1): lambda z, y: 0.5 * rows(F.mse_loss(torch.tanh(z), y, **none)),
        ("sigmoid", "squared", 2): lambda z, y: 0.5 * rows(F.mse_loss(torch.sigmoid(z), y, **none)),
        ("sigmoid", "cross_entropy", 2): lambda z, y: rows(F.binary_cross_entropy_with_logits(z, y, **none)),
        ("softmax", "cross_entropy", 3): lambda z, y: F.cross_entropy(z, y, **none),
        (output("softmax", groups=(2, 3)), "cross_entropy", 5): lambda z, y: (
            F.cross_entropy(z[:, :2], y[:, :2], **none) + F.cross_entropy(z[:, 2:], y[:, 2:], **none)
        ),
        ("softmax", "squared", 3): lambda z, y: 0.5 * rows(F.mse_loss(torch.softmax(z, -1), y, **none)),
        ("exp", "poisson", 1): lambda z, y: rows(
            F.poisson_nll_loss(z, y, log_input=True, **none) + torch.xlogy(y, y) - y
        ),
        ("identity", "hinge", 1): lambda z, y: rows(F.relu(1 - y * z)),
        ("identity", "hinge", 3): lambda z, y: F.relu((z + 1 - y).amax(-1) - rows(z * y)),
    }


@pytest.mark.parametrize("case", range(12))
@pytest.mark.parametrize(
    "hidden",
    [
        [],
        [ml.Dense(5, "relu"), ml.Dense(4, "tanh"), ml.Dense(4, "gelu")],
        [ml.Dense(4, "silu"), ml.Dense(4, "mish"), ml.Dense(4, "selu"), ml.Dense(4, "tanh"), ml.Dense(4, "relu")],
        [ml.Maxout(4, pieces=3), ml.APL(4, hinges=2)],
    ],
    ids=len,
)
def test_torch_autograd_gives_the_same(hidden, case):
    torch = pytest.importorskip("torch")
    losses = torch_losses(torch)
    (output, loss, k), judge = list(losses.items())[case]
    net = ml.Network([3, *hidden, k], output=output)
    J = ml.Objective(net, loss, ml.ElasticNet(0.01, 0.02))
    rng = np.random.default_rng(case)
    theta = net.pack(net.initialize(case)) + 0.1 * rng.normal(size=net.n_parameters)
    X, T, weight = rng.normal(size=(N_ROWS, 3)), targets(J, rng), rng.uniform(0.5, 2.0, size=N_ROWS)
    value, gradient = J.value_and_gradient(theta, X, T, weight)

    flat = torch.asarray(theta).requires_grad_()
    layers = net.unpack(flat)
    z = torch_network(torch, net, layers, torch.asarray(X))
    w = torch.asarray(weight)
    mean = (w * judge(z, torch.asarray(J.encode(T, N_ROWS)))).sum() / w.sum()
    penalty = sum(0.01 * layer.W.abs().sum() + 0.01 * (layer.W**2).sum() for layer in layers)
    (expected,) = torch.autograd.grad(mean + penalty, flat)
    assert value == pytest.approx(float((mean + penalty).detach()), rel=1e-12)
    np.testing.assert_allclose(net.pack(gradient), expected.numpy(), rtol=1e-12, atol=1e-13)


def test_every_loss_of_the_registry_is_among_the_pairs():
    assert {loss for _, loss, _ in PAIRS} >= set(LOSSES)
