"""Update rules against torch's and scikit-learn's optimisers over several steps."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

from multilayer.formulas.penalties import weight_decay
from multilayer.formulas.update_rules import UPDATE_RULES

INF, NAN = np.inf, np.nan
STEPS = 12
SCALARS = {
    "gradient_descent": {"rate": 0.1},
    "momentum": {"rate": 0.1, "momentum": 0.9},
    "nesterov": {"rate": 0.1, "momentum": 0.9},
    "adam": {"rate": 0.01, "b1": 0.9, "b2": 0.99, "eps": 1e-3},
    "adam_section_2": {"rate": 0.01, "b1": 0.9, "b2": 0.99, "eps": 1e-3},
    "rmsprop": {"rate": 0.01, "decay": 0.9, "eps": 1e-3},
    "adagrad": {"rate": 0.1, "eps": 1e-3},
    "rprop": {"eta_minus": 0.5, "eta_plus": 1.2, "step_min": 1e-3, "step_max": 0.5},
}


def start(name: str, n: int = 30) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """θ, the rule's empty slots, and gradients whose signs change now and then and whose entries are sometimes 0."""
    rng = np.random.default_rng(0)
    gradients = [g * (rng.random(n) > 0.1) for g in rng.normal(size=(STEPS, n))]
    slots = [np.full(n, 0.05 if slot == "step_size" else 0.0) for slot in UPDATE_RULES[name].slots]
    return rng.normal(size=n), slots, gradients


def scalars_at(name: str, t: int) -> dict[str, float]:
    """The rule's scalars at step t = 1, 2, …"""
    scalars = SCALARS[name]
    corrections = {"c1": 1 - scalars["b1"] ** t, "c2": 1 - scalars["b2"] ** t} if "b1" in scalars else {}
    return {**scalars, **corrections}


def run(name: str, convert=lambda x: x, decay: float = 0.0):
    """θ after each step."""
    theta, slots, gradients = start(name)
    theta, *slots = (convert(x) for x in (theta, *slots))
    steps = []
    for t, g in enumerate(gradients, 1):
        new, *slots = UPDATE_RULES[name].formula(theta, convert(g), *slots, **scalars_at(name, t))
        theta = weight_decay(new, theta, rate=SCALARS[name]["rate"], decay=decay) if decay else new
        steps.append(theta)
    return steps


def test_every_rule_is_here():
    assert set(UPDATE_RULES) == set(SCALARS)
    assert all(name == rule.name for name, rule in UPDATE_RULES.items())
    assert [name for name, rule in UPDATE_RULES.items() if rule.full_batch] == ["rprop"]


def test_slots_and_scalars_are_read_from_the_signature():
    assert UPDATE_RULES["gradient_descent"].slots == ()
    assert UPDATE_RULES["adam"].slots == ("m", "v")
    assert UPDATE_RULES["adam"].scalars == ("rate", "b1", "b2", "eps", "c1", "c2")
    assert UPDATE_RULES["rprop"].slots == ("previous_gradient", "step_size")
    for rule in UPDATE_RULES.values():
        assert list(inspect.signature(rule.formula).parameters) == ["theta", "g", *rule.slots, *rule.scalars]


@pytest.mark.parametrize("name", UPDATE_RULES)
def test_agrees_with_torch(name):
    torch = pytest.importorskip("torch")
    s = SCALARS[name]
    judges = {
        "gradient_descent": lambda p: torch.optim.SGD(p, lr=s["rate"]),
        "momentum": lambda p: torch.optim.SGD(p, lr=s["rate"], momentum=s["momentum"]),
        "nesterov": lambda p: torch.optim.SGD(p, lr=s["rate"], momentum=s["momentum"], nesterov=True),
        "adam": lambda p: torch.optim.Adam(p, lr=s["rate"], betas=(s["b1"], s["b2"]), eps=s["eps"]),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=s["rate"], alpha=s["decay"], eps=s["eps"]),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr=s["rate"], eps=s["eps"]),
        "rprop": lambda p: torch.optim.Rprop(
            p, lr=0.05, etas=(s["eta_minus"], s["eta_plus"]), step_sizes=(s["step_min"], s["step_max"])
        ),
    }
    if name == "adam_section_2":  # another ε; without it, Algorithm 1
        judges[name] = lambda p: torch.optim.Adam(p, lr=s["rate"], betas=(s["b1"], s["b2"]), eps=0.0)
    theta, slots, gradients = start(name)
    p = torch.nn.Parameter(torch.tensor(theta))
    optimizer = judges[name]([p])
    for t, g in enumerate(gradients, 1):
        scalars = scalars_at(name, t)
        if name == "adam_section_2":
            g, scalars["eps"] = g + 1e-3, 0.0
        p.grad = torch.asarray(g)
        optimizer.step()
        theta, *slots = UPDATE_RULES[name].formula(theta, g, *slots, **scalars)
        np.testing.assert_allclose(theta, p.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_adam_with_weight_decay_agrees_with_torch_adamw():
    torch = pytest.importorskip("torch")
    theta, _, gradients = start("adam")
    s = SCALARS["adam"]
    p = torch.nn.Parameter(torch.tensor(theta))
    optimizer = torch.optim.AdamW([p], lr=s["rate"], betas=(s["b1"], s["b2"]), eps=s["eps"], weight_decay=0.3)
    for g, ours in zip(gradients, run("adam", decay=0.3), strict=True):
        p.grad = torch.asarray(g)
        optimizer.step()
        np.testing.assert_allclose(ours, p.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "nesterov", "adam_section_2"])
def test_agrees_with_scikit_learn(name):
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

    s = SCALARS[name]
    theta, _, gradients = start(name)
    theirs = [theta.copy()]
    if name == "adam_section_2":
        optimizer = AdamOptimizer(theirs, s["rate"], s["b1"], s["b2"], s["eps"])
    else:
        optimizer = SGDOptimizer(theirs, s["rate"], momentum=s.get("momentum", 0.0), nesterov=name == "nesterov")
    for g, ours in zip(gradients, run(name), strict=True):
        optimizer.update_params(theirs, [g])
        np.testing.assert_allclose(ours, theirs[0], rtol=1e-15, atol=1e-16)


def test_the_two_adams_differ_by_their_epsilon_only():
    theta, slots, gradients = start("adam")
    scalars = scalars_at("adam", 3)
    g = gradients[0]
    scaled = {**scalars, "eps": scalars["eps"] * scalars["c2"] ** 0.5}
    first = UPDATE_RULES["adam"].formula(theta, g, *slots, **scalars)
    second = UPDATE_RULES["adam_section_2"].formula(theta, g, *slots, **scaled)
    np.testing.assert_allclose(first, second, rtol=1e-14)


def test_first_adam_step_is_the_rate():
    # Kingma & Ba 2015, section 2.1: without ε, |Δ| = η at the first step
    g = np.array([-3.0, 1e-6, 200.0])
    theta, *_ = UPDATE_RULES["adam"].formula(
        np.zeros(3), g, np.zeros(3), np.zeros(3), rate=0.1, b1=0.9, b2=0.999, eps=0.0, c1=0.1, c2=1 - 0.999
    )
    np.testing.assert_allclose(theta, -0.1 * np.sign(g), rtol=1e-12)


def test_momentum_takes_a_new_rate_for_new_gradients_only():
    theta, velocity = np.zeros(1), np.array([1.0])
    moved, _ = UPDATE_RULES["momentum"].formula(theta, np.zeros(1), velocity, rate=1e9, momentum=0.5)
    np.testing.assert_array_equal(moved, [0.5])


def test_rprop_by_hand():
    """One parameter a column: same sign, changed sign, after a change, first step."""
    theta, g, previous, step = (
        np.zeros(4),
        np.array([2.0, -2.0, 2.0, -2.0]),
        np.array([1.0, 1.0, 0.0, 0.0]),
        np.full(4, 0.1),
    )
    scalars = {"eta_minus": 0.5, "eta_plus": 1.2, "step_min": 0.08, "step_max": 0.11}
    theta, previous, step = UPDATE_RULES["rprop"].formula(theta, g, previous, step, **scalars)
    np.testing.assert_allclose(step, [0.11, 0.08, 0.1, 0.1])
    np.testing.assert_allclose(theta, [-0.11, 0.0, -0.1, 0.1])
    np.testing.assert_array_equal(previous, [2.0, 0.0, 2.0, -2.0])


def test_rprop_hears_signs_only():
    theta, slots, gradients = start("rprop")
    quiet = list(slots)
    other = theta
    for g in gradients:
        theta, *slots = UPDATE_RULES["rprop"].formula(theta, g, *slots, **SCALARS["rprop"])
        other, *quiet = UPDATE_RULES["rprop"].formula(other, 1e-200 * g, *quiet, **SCALARS["rprop"])
        np.testing.assert_array_equal(theta, other)


@pytest.mark.parametrize("name", UPDATE_RULES)
def test_libraries_agree_and_keep_dtype(library, dtype, name):
    expected = run(name)
    result = run(name, lambda x: library.asarray(x.astype(dtype)))
    for ours, exact in zip(result, expected, strict=True):
        assert ours.dtype == library.asarray(np.zeros(1, dtype)).dtype
        np.testing.assert_allclose(
            library.numpy(ours),
            exact,
            rtol=1e-13 if dtype == "float64" else 1e-4,
            atol=1e-5 if dtype == "float32" else 0,
        )


@pytest.mark.parametrize("name", UPDATE_RULES)
def test_a_nan_gradient_shows_and_spreads_no_further(library, name):
    theta, slots, gradients = start(name)
    g = gradients[0].copy()
    g[4] = NAN
    new, *_ = UPDATE_RULES[name].formula(*map(library.asarray, (theta, g, *slots)), **scalars_at(name, 1))
    assert np.flatnonzero(np.isnan(library.numpy(new))).tolist() == [4]


@pytest.mark.parametrize("name", UPDATE_RULES)
def test_what_comes_in_stays_unchanged(library, name):
    arrays = [library.asarray(x.copy()) for x in (start(name)[0], start(name)[2][0], *start(name)[1])]
    before = [library.numpy(x).copy() for x in arrays]
    UPDATE_RULES[name].formula(*arrays, **scalars_at(name, 1))
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(library.numpy(array), old)


@pytest.mark.parametrize("name", UPDATE_RULES)
def test_pickles(name):
    assert pickle.loads(pickle.dumps(UPDATE_RULES[name])) == UPDATE_RULES[name]
