"""Losses on pre-activations against finite differences, exact arithmetic, torch and scikit-learn, and their optima."""

from __future__ import annotations

import pickle
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.formulas.outputs import OUTPUTS
from multilayer.formulas.own_losses import OWN_LOSSES, OwnLoss

INF, NAN = np.inf, np.nan
MATCHING = [
    key for key in OWN_LOSSES if key[1] in ("squared", "cross_entropy", "poisson", "unguarded_poisson", "sparsemax")
]
MULTICLASS = [
    ("softmax", "cross_entropy"),
    ("softmax", "clipped_cross_entropy"),
    ("sparsemax", "sparsemax"),
    ("identity", "perceptron"),
    ("identity", "hinge"),
]
CROSS_ENTROPY = OWN_LOSSES["softmax", "cross_entropy", True]
SPARSEMAX = OWN_LOSSES["sparsemax", "sparsemax", True]
HINGE = OWN_LOSSES["identity", "hinge", True]
PERCEPTRON = OWN_LOSSES["identity", "perceptron", True]


def targets(key: tuple[str, str, bool], shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Targets of the kind that the loss takes."""
    output, name, _ = key
    if OWN_LOSSES[key].rowwise:
        return np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]
    if output in ("sigmoid", "heaviside"):
        return rng.integers(2, size=shape).astype(float)
    if name in ("perceptron", "hinge"):
        return rng.choice([-1.0, 1.0], size=shape)
    return rng.poisson(2.0, size=shape).astype(float)


def example(key: tuple[str, str, bool], n: int = 60, seed: int = 0) -> tuple[OwnLoss, np.ndarray, np.ndarray]:
    """A loss with pre-activations away from its kinks, and targets."""
    rng = np.random.default_rng(seed)
    shape = (n, 4 if key[2] else 1)
    z = rng.normal(scale=2.0, size=shape)
    return OWN_LOSSES[key], np.where(np.abs(z) < 1e-3, 0.1, z), targets(key, shape, rng)


def delta(own: OwnLoss, z, y):
    return own.delta(z, OUTPUTS[own.output].function(z), y)


def test_every_own_loss_is_here():
    assert set(OWN_LOSSES) == {
        *((output, name, several) for several in (False, True) for output, name in (
            ("identity", "squared"), ("sigmoid", "cross_entropy"), ("sigmoid", "clipped_cross_entropy"),
            ("exp", "poisson"), ("exp", "unguarded_poisson"), ("heaviside", "perceptron"), ("sign", "perceptron"),
            ("identity", "perceptron"), ("identity", "hinge"))),
        ("softmax", "cross_entropy", True), ("softmax", "clipped_cross_entropy", True),
        ("sparsemax", "sparsemax", True),
    }  # fmt: skip
    assert all((own.output, own.name) == key[:2] for key, own in OWN_LOSSES.items())
    assert {key[:2] for key, own in OWN_LOSSES.items() if own.rowwise} == set(MULTICLASS)


@pytest.mark.parametrize("key", OWN_LOSSES)
def test_delta_agrees_with_central_differences(key):
    own, z, y = example(key)
    step, difference = 1e-6, np.empty_like(z)
    for j in range(z.shape[1]):
        e = step * np.eye(z.shape[1])[j]
        upper, lower = own.function(z + e, y), own.function(z - e, y)
        difference[:, j] = (upper - lower if own.rowwise else (upper - lower)[:, j]) / (2 * step)
    slope = delta(own, z, y)
    assert np.all(np.abs(slope - difference) <= 1e-7 * np.maximum(1.0, np.abs(slope)))


@pytest.mark.parametrize("key", [key for key in OWN_LOSSES if key[0] in ("sigmoid", "softmax", "exp", "identity")])
def test_value_and_delta_agree_with_torch(key):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional

    def poisson(z, y):
        of_targets = F.poisson_nll_loss(y, y, log_input=False, eps=1e-300, reduction="none")
        return F.poisson_nll_loss(z, y, reduction="none") - of_targets

    judges = {
        ("identity", "squared"): lambda z, y: F.mse_loss(z, y, reduction="none") / 2,
        ("sigmoid", "cross_entropy"): lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
        ("sigmoid", "clipped_cross_entropy"): lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
        ("softmax", "cross_entropy"): lambda z, y: F.cross_entropy(z, y, reduction="none"),
        ("softmax", "clipped_cross_entropy"): lambda z, y: F.cross_entropy(z, y, reduction="none"),
        ("exp", "poisson"): poisson,
        ("exp", "unguarded_poisson"): poisson,
        ("identity", "hinge"): lambda z, y: (
            F.hinge_embedding_loss(y * z, -torch.ones_like(z), reduction="none")
            if z.shape[1] == 1
            else F.multi_margin_loss(z, y.argmax(1), reduction="none") * z.shape[1]
        ),
        ("identity", "perceptron"): lambda z, y: F.relu(-y * z) if z.shape[1] == 1 else z.amax(1) - (y * z).sum(1),
    }
    own, z, y = example(key)
    if key == ("identity", "hinge", True):  # torch adds up all violations: the same for two classes
        z, y = z[:, :2], np.eye(2)[y.argmax(1) % 2]
    z, y = torch.asarray(z).requires_grad_(), torch.asarray(y)
    value = judges[key[:2]](z, y)
    (slope,) = torch.autograd.grad(value.sum(), z)
    z = z.detach()
    torch.testing.assert_close(own.function(z, y), value.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(delta(own, z, y), slope, rtol=1e-12, atol=1e-12)


def test_multiclass_hinge_agrees_with_scikit_learn():
    from sklearn.metrics import hinge_loss

    own, z, y = example(("identity", "hinge", True))
    np.testing.assert_allclose(own.function(z, y).mean(), hinge_loss(y.argmax(1), z, labels=range(4)), rtol=1e-14)


def test_poisson_agrees_with_scikit_learn():
    from sklearn.metrics import mean_poisson_deviance

    own, z, y = example(("exp", "poisson", False))
    np.testing.assert_allclose(own.function(z, y).mean(), mean_poisson_deviance(y, np.exp(z)) / 2, rtol=1e-13)


@pytest.mark.parametrize("z", [-INF, -1e3, -50.0, 0.0, 3.0, 50.0, 1e3, INF])
@pytest.mark.parametrize("y", [0.0, 1.0, 40.0])
def test_unguarded_poisson_is_scikit_learns_where_the_exponential_is_zero_or_infinite_too(dtype, z, y):
    from sklearn.neural_network._base import poisson_loss

    z, y = np.array([[z]], dtype), np.array([[y]], dtype)
    with np.errstate(all="ignore"):
        expected = poisson_loss(y, np.exp(z))
        value = OWN_LOSSES["exp", "unguarded_poisson", False].function(z, y)
    np.testing.assert_allclose(value.item(), expected, rtol=1e-6 if dtype == "float32" else 1e-14)


def exact_cross_entropy(z: np.ndarray, y: np.ndarray) -> float:
    """−Σ y log softmax(z) in 400 digits."""
    with localcontext(prec=400):
        powers = [Decimal(float(x)).exp() for x in z]
        total = sum(powers)
        return float(sum(Decimal(float(c)) * (total / p).ln() for c, p in zip(y, powers, strict=True) if c))


def test_softmax_cross_entropy_keeps_all_digits_of_a_small_loss():
    z, y = np.array([36.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
    value = float(CROSS_ENTROPY.function(z, y))
    assert value == pytest.approx(4.639e-16, rel=1e-4)
    assert value == pytest.approx(exact_cross_entropy(z, y), rel=3e-16)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 300.0])
def test_softmax_cross_entropy_agrees_with_exact_arithmetic(scale):
    rng = np.random.default_rng(0)
    z = rng.normal(scale=scale, size=(6, 4))
    for y in (np.eye(4)[rng.integers(4, size=6)], rng.dirichlet(np.ones(4), size=6)):
        exact = [exact_cross_entropy(*row) for row in zip(z, y, strict=True)]
        # z − max z is rounded, so e^(z − max z) has a relative error of |z| times the machine precision
        np.testing.assert_allclose(CROSS_ENTROPY.function(z, y), exact, rtol=1e-15 + 2.3e-16 * np.abs(z).max())


@pytest.mark.parametrize("z", [-700.0, -40.0, -1.0, 0.0, 1e-9, 3.0, 36.0, 700.0])
@pytest.mark.parametrize("y", [0.0, 1.0, 0.1])
def test_binary_cross_entropy_agrees_with_exact_arithmetic(z, y):
    exact = exact_cross_entropy(np.array([z, 0.0]), np.array([y, 1.0 - y]))
    own = OWN_LOSSES["sigmoid", "cross_entropy", False]
    np.testing.assert_allclose(own.function(np.asarray(z), np.asarray(y)), exact, rtol=1e-15)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("z", [-1e3, -100.0, -36.5, -35.5, -3.0, 0.0, 3.0, 36.5, 100.0, 1e3])
def test_clipped_cross_entropies_are_scikit_learns(dtype, output, several, z):
    from sklearn.neural_network._base import binary_log_loss, log_loss

    z = np.array([[z], [-z], [0.5]], dtype=dtype)
    if output == "softmax":
        z = np.hstack([z, np.zeros_like(z), -z]) if several else np.hstack([z, np.zeros_like(z)])
        theirs, y = log_loss, np.eye(z.shape[1], dtype=dtype)[[0, 0, 1]]
    else:
        z = np.hstack([z, z[::-1]]) if several else z
        theirs, y = binary_log_loss, np.array([[1, 0], [1, 1], [0, 1]], dtype)[:, : z.shape[1]]
    own = OWN_LOSSES[output, "clipped_cross_entropy", z.shape[1] > 1]
    value = own.function(z, y)
    for row in range(3):
        expected = theirs(y[row : row + 1], OUTPUTS[output].function(z[row : row + 1]))
        # Their probabilities near 1 are rounded to a multiple of the machine epsilon.
        np.testing.assert_allclose(value[row].sum(), expected, rtol=1e-5 if dtype == "float32" else 1e-13,
                                   atol=4 * np.finfo(dtype).eps)  # fmt: skip


@pytest.mark.parametrize("key", MATCHING)
def test_the_mean_target_is_the_best_output(key):
    """Over targets y with mean p, Σδ = 0 where o(z) = p, and the loss is larger at other z."""
    own, z, _ = example(key, n=1)
    f = OUTPUTS[own.output].function(z)
    if own.rowwise:
        weight, y = f[0], np.eye(4)
    else:
        weight, y = np.array([0.5, 0.5]), np.concatenate([0.6 * f, 1.4 * f])
        if key[0] == "sigmoid":
            y = np.clip(np.concatenate([f - 0.05, f + 0.05]), 0, 1)
            weight, f = np.array([0.5, 0.5]), y.mean(0, keepdims=True)
            z = np.log(f) - np.log1p(-f)

    def expected(z):
        value = own.function(np.broadcast_to(z, y.shape), y)
        return weight @ (value if own.rowwise else value.sum(-1))

    mean_delta = weight @ own.delta(np.broadcast_to(z, y.shape), np.broadcast_to(f, y.shape), y)
    np.testing.assert_allclose(mean_delta, 0.0, atol=1e-14)
    for step in np.random.default_rng(1).normal(size=(50, z.shape[1])):
        assert expected(z + step) >= expected(z)


@pytest.mark.parametrize("key", OWN_LOSSES)
def test_losses_are_never_negative(key):
    for seed in range(3):
        own, z, y = example(key, n=500, seed=seed)
        assert np.all(own.function(z, y) >= -1e-15)


rows = arrays(np.float64, 4, elements=st.floats(-4.0, 4.0))


@given(rows, st.integers(0, 3))
def test_sparsemax_loss_is_zero_exactly_with_a_margin_of_one(z, label):
    """Martins & Astudillo 2016, section 3.2: L = 0 if and only if z_y ≥ 1 + max_{c≠y} z_c."""
    z = np.round(64 * z) / 64
    margin = z[label] - np.delete(z, label).max()
    value = SPARSEMAX.function(z, np.eye(4)[label])
    assert (value == 0.0) == (margin >= 1.0)


@given(st.floats(-5.0, 5.0))
def test_sparsemax_loss_of_two_classes_is_the_modified_huber_loss(t):
    """Martins & Astudillo 2016, section 3.3, with the margin t of the target."""
    value = SPARSEMAX.function(np.array([t, 0.0]), np.array([1.0, 0.0]))
    printed = 0.0 if t >= 1 else (t - 1) ** 2 / 4 if t > -1 else -t
    np.testing.assert_allclose(value, printed, rtol=1e-14, atol=1e-15)


@given(rows, st.sets(st.integers(0, 3), min_size=1))
def test_sparsemax_loss_of_several_labels(z, labels):
    """Martins & Astudillo 2016, section 3.4: convex, gradient sparsemax(z) − q, never negative, 0 at z = q."""
    q = np.zeros(4)
    q[list(labels)] = 1 / len(labels)
    assert SPARSEMAX.function(z, q) >= 0
    assert SPARSEMAX.function(q, q) == pytest.approx(0.0, abs=1e-30)
    other = z[::-1]
    middle = SPARSEMAX.function((z + other) / 2, q)
    assert middle <= (SPARSEMAX.function(z, q) + SPARSEMAX.function(other, q)) / 2 + 1e-14
    tangent = SPARSEMAX.function(z, q) + (OUTPUTS["sparsemax"].function(z) - q) @ (other - z)
    assert SPARSEMAX.function(other, q) >= tangent - 1e-13


def test_sparsemax_loss_of_several_labels_agrees_with_central_differences():
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(200, 5)), rng.random((200, 5)) < 0.5
    z, q = z[labels.any(-1)], (labels / np.maximum(labels.sum(-1, keepdims=True), 1))[labels.any(-1)]
    step = 1e-6 * np.eye(5)
    difference = [(SPARSEMAX.function(z + e, q) - SPARSEMAX.function(z - e, q)) / 2e-6 for e in step]
    np.testing.assert_allclose(delta(SPARSEMAX, z, q), np.stack(difference, axis=-1), atol=1e-8)


@given(rows, st.integers(0, 3), st.sampled_from([-1e3, 1e3]))
def test_multiclass_losses_ignore_a_shift(z, label, shift):
    z, y = np.round(1024 * z) / 1024, np.eye(4)[label]
    for key in MULTICLASS:
        own = OWN_LOSSES[*key, True]
        np.testing.assert_allclose(own.function(z + shift, y), own.function(z, y), rtol=1e-14, atol=1e-15)
        np.testing.assert_array_equal(delta(own, z + shift, y), delta(own, z, y))


@given(rows, st.integers(0, 3))
def test_multiclass_perceptron_and_hinge_are_zero_with_their_margins(z, label):
    z, y = np.round(64 * z) / 64, np.eye(4)[label]
    margin = z[label] - np.delete(z, label).max()
    assert PERCEPTRON.function(z, y) == max(0.0, -margin)
    assert HINGE.function(z, y) == max(0.0, 1.0 - margin)
    assert delta(HINGE, z, y).any() == (margin < 1)
    assert delta(PERCEPTRON, z, y).any() == (z.argmax() != label)


def test_a_margin_of_exactly_one_is_enough_for_the_hinge():
    z, y = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 1.5]]), np.eye(3)[[0, 2]]
    np.testing.assert_array_equal(HINGE.function(z, y), [0.0, 0.0])
    np.testing.assert_array_equal(delta(HINGE, z, y), np.zeros((2, 3)))


def test_threshold_units_update_when_and_only_when_they_err():
    z = np.array([-2.0, -1e-9, 0.0, 3.0])
    heaviside = OWN_LOSSES["heaviside", "perceptron", False]
    sign = OWN_LOSSES["sign", "perceptron", False]
    for y in (0.0, 1.0):
        np.testing.assert_array_equal(delta(heaviside, z, y) != 0, (z >= 0) != (y == 1))
        np.testing.assert_array_equal(delta(sign, z, 2 * y - 1), delta(heaviside, z, y))
        np.testing.assert_array_equal(sign.function(z, 2 * y - 1), heaviside.function(z, y))
    np.testing.assert_array_equal(heaviside.function(z, np.ones(4)), [2.0, 1e-9, 0.0, 0.0])


def test_hinge_of_one_unit():
    hinge = OWN_LOSSES["identity", "hinge", False]
    z = np.array([-1.0, 0.5, 1.0, 3.0])
    np.testing.assert_array_equal(hinge.function(z, np.ones(4)), [2.0, 0.5, 0.0, 0.0])
    np.testing.assert_array_equal(delta(hinge, z, np.ones(4)), [-1.0, -1.0, 0.0, 0.0])
    np.testing.assert_array_equal(delta(hinge, -z, -np.ones(4)), [1.0, 1.0, 0.0, 0.0])


# Values where scores are far out or infinite: (key, z, y, loss), with the loss's limit.
FAR = [
    (("sigmoid", "cross_entropy", False), [1e3, -1e3, INF, -INF], [1, 0, 1, 0], [0, 0, 0, 0]),
    (("sigmoid", "cross_entropy", False), [1e3, -1e3, INF, -INF], [0, 1, 0, 1], [1e3, 1e3, INF, INF]),
    (("sigmoid", "clipped_cross_entropy", False), [1e3, -1e3, INF, -INF], [1, 0, 1, 0], "least"),
    (("sigmoid", "clipped_cross_entropy", False), [1e3, -1e3, INF, -INF], [0, 1, 0, 1], "most"),
    (("softmax", "clipped_cross_entropy", True), [[0, 1e3], [0, INF], [-INF, 3]], np.eye(2)[[0, 0, 0]], "most"),
    (("softmax", "clipped_cross_entropy", True), [[1e3, 0], [INF, 0], [3, -INF]], np.eye(2)[[0, 0, 0]], "least"),
    (("heaviside", "perceptron", False), [1e3, -1e3, INF, -INF], [1, 0, 1, 0], [0, 0, 0, 0]),
    (("heaviside", "perceptron", False), [1e3, -1e3, INF, -INF], [0, 1, 0, 1], [1e3, 1e3, INF, INF]),
    (("sign", "perceptron", False), [1e3, -1e3, INF, -INF], [1, -1, 1, -1], [0, 0, 0, 0]),
    (("identity", "perceptron", False), [1e3, -1e3, INF, -INF], [-1, 1, -1, 1], [1e3, 1e3, INF, INF]),
    (("identity", "hinge", False), [1e3, -1e3, INF, -INF], [1, -1, 1, -1], [0, 0, 0, 0]),
    (("identity", "hinge", False), [1e3, -1e3, INF, -INF], [-1, 1, -1, 1], [1001, 1001, INF, INF]),
    (("identity", "squared", False), [1e3, -1e3, INF, -INF], [0, 0, 0, 0], [5e5, 5e5, INF, INF]),
    (("exp", "poisson", False), [-1e3, -INF, -1e3, -INF], [0, 0, 1, 1], [0, 0, 999, INF]),
    (("exp", "poisson", False), [INF, INF], [0, 1], [INF, INF]),
    (
        ("softmax", "cross_entropy", True),
        [[1e3, 0, 0], [0, 1e3, -1e3], [INF, 0, 1], [0, INF, 1], [3, -INF, -INF], [1, 1, -INF], [-INF, 0, 0]],
        np.eye(3)[[0, 0, 0, 0, 0, 0, 0]],
        [0, 1e3, 0, INF, 0, np.log(2), INF],
    ),
    (
        ("sparsemax", "sparsemax", True),
        [[1e3, 0, 0], [0, 1e3, -1e3], [INF, 0, 1], [0, INF, 1], [3, -INF, -INF], [1, 1, -INF], [-INF, 0, 0]],
        np.eye(3)[[0, 0, 0, 0, 0, 0, 0]],
        [0, 1e3, 0, INF, 0, 0.25, INF],
    ),
    (
        ("identity", "perceptron", True),
        [[1e3, 0, 0], [0, 1e3, -1e3], [INF, 0, 1], [0, INF, 1], [3, -INF, -INF], [-INF, 0, 0]],
        np.eye(3)[[0, 0, 0, 0, 0, 0]],
        [0, 1e3, 0, INF, 0, INF],
    ),
    (
        ("identity", "hinge", True),
        [[1e3, 0, 0], [0, 1e3, -1e3], [INF, 0, 1], [0, INF, 1], [3, -INF, -INF], [-INF, 0, 0]],
        np.eye(3)[[0, 0, 0, 0, 0, 0]],
        [0, 1001, 0, INF, 0, INF],
    ),
]


@pytest.mark.parametrize(("key", "z", "y", "limit"), FAR)
def test_far_scores_and_infinities(library, dtype, key, z, y, limit):
    own = OWN_LOSSES[key]
    epsilon = np.finfo(dtype).eps
    if isinstance(limit, str):
        limit = np.full(len(z), epsilon if limit == "least" else -np.log(epsilon))
    z, y = (library.asarray(np.array(x, dtype=dtype)) for x in (z, y))
    with np.errstate(all="raise", under="ignore"):
        value = own.function(z, y)
        slope = delta(own, z, y)
    np.testing.assert_allclose(
        library.numpy(value), np.array(limit, dtype=dtype), rtol=2e-7 if dtype == "float32" else 1e-15
    )
    if key[1] not in ("squared", "poisson"):
        assert np.all(np.abs(library.numpy(slope)) <= 1)


@pytest.mark.parametrize("key", OWN_LOSSES)
def test_libraries_agree_and_keep_dtype_and_nan(library, dtype, key):
    own, z, y = example(key, n=8)
    z, y = z.astype(dtype), y.astype(dtype)
    z[2], z[4, 0] = NAN, NAN
    a, b = library.asarray(z), library.asarray(y)
    for function in (own.function, lambda z, y: delta(own, z, y)):
        result = function(a, b)
        assert result.dtype == a.dtype
        expected = function(z, y)
        rtol = 1e-14 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(library.numpy(result), expected, rtol=rtol, atol=rtol)
        spoilt = np.isnan(expected) if expected.ndim == 1 else np.isnan(expected).any(-1)
        assert np.flatnonzero(spoilt).tolist() == [2, 4]


@pytest.mark.parametrize("key", [key for key in OWN_LOSSES if key[2]])
def test_leading_axes(library, key):
    own, z, y = example(key, n=6)
    stacked = [library.asarray(x.reshape(2, 3, 4)) for x in (z, y)]
    shape = (2, 3) if own.rowwise else (2, 3, 4)
    np.testing.assert_allclose(library.numpy(own.function(*stacked)), own.function(z, y).reshape(shape), rtol=1e-13)
    np.testing.assert_allclose(library.numpy(delta(own, *stacked)), delta(own, z, y).reshape(2, 3, 4), atol=1e-15)


@pytest.mark.parametrize("key", OWN_LOSSES)
def test_pickles(key):
    assert pickle.loads(pickle.dumps(OWN_LOSSES[key])) == OWN_LOSSES[key]
