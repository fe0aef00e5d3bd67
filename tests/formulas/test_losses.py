"""Losses on outputs against finite differences, torch and scikit-learn, and the statistics that minimise them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.formulas.losses import LOSS_NAMES, LOSSES, Loss, loss
from multilayer.formulas.own_losses import OWN_LOSSES

INF, NAN = np.inf, np.nan
VARIANTS = [*LOSSES.values(), loss("huber", delta=0.3), loss("quantile", q=0.9), loss("quantile", q=0.1)]


def ids(given_loss: Loss) -> str:
    return given_loss.name + "".join(f"-{name}={value}" for name, value in given_loss.options)


def pairs(of: Loss, n: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and targets in the loss's domain, away from its kinks and from jumps of its second derivative."""
    rng = np.random.default_rng(seed)
    if of.name == "poisson":
        return rng.uniform(0.1, 10.0, n), rng.poisson(2.0, n).astype(float)
    f, y = rng.uniform(-10.0, 10.0, (2, n))
    jumps = [*of.kinks, *(side * value for _, value in of.options for side in (-1, 1))]
    near = np.min(np.abs((f - y)[:, None] - np.array([*jumps, INF])), axis=1) < 1e-3
    return f[~near], y[~near]


def test_every_loss_is_here():
    assert set(LOSSES) == {"squared", "absolute", "huber", "quantile", "poisson"}
    assert all(name == entry.name for name, entry in LOSSES.items())
    assert set(LOSS_NAMES) == {*LOSSES, *(own.name for own in OWN_LOSSES.values())}
    assert len(LOSS_NAMES) == len(set(LOSS_NAMES))


@pytest.mark.parametrize("of", VARIANTS, ids=ids)
def test_derivative_agrees_with_central_differences(of):
    f, y = pairs(of)
    step = 1e-5
    difference = (of(f + step, y) - of(f - step, y)) / ((f + step) - (f - step))
    slope = of.slope(f, y)
    assert np.all(np.abs(slope - difference) <= 1e-7 * np.maximum(1.0, np.abs(slope)))


@pytest.mark.parametrize("of", [of for of in VARIANTS if of.name != "quantile"], ids=ids)
def test_value_and_derivative_agree_with_torch(of):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    judges = {
        "squared": lambda f, y: F.mse_loss(f, y, reduction="none") / 2,
        "absolute": lambda f, y: F.l1_loss(f, y, reduction="none"),
        "huber": lambda f, y: F.huber_loss(f, y, delta=dict(of.options)["delta"], reduction="none"),
        "poisson": lambda f, y: (
            F.poisson_nll_loss(f, y, log_input=False, eps=0.0, reduction="none")
            - F.poisson_nll_loss(y, y, log_input=False, eps=1e-300, reduction="none")
        ),
    }
    f, y = map(torch.asarray, pairs(of))
    f.requires_grad_()
    value = judges[of.name](f, y)
    (slope,) = torch.autograd.grad(value.sum(), f)
    f = f.detach()
    torch.testing.assert_close(of(f, y), value.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(of.slope(f, y), slope, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_quantile_agrees_with_scikit_learn(q):
    from sklearn.metrics import mean_pinball_loss

    of = loss("quantile", q=q)
    f, y = pairs(of)
    np.testing.assert_allclose(of(f, y).mean(), mean_pinball_loss(y, f, alpha=q), rtol=1e-13)


def test_poisson_agrees_with_scikit_learn():
    from sklearn.metrics import mean_poisson_deviance

    f, y = pairs(LOSSES["poisson"])
    np.testing.assert_allclose(LOSSES["poisson"](f, y).mean(), mean_poisson_deviance(y, f) / 2, rtol=1e-13)


@pytest.mark.parametrize("of", VARIANTS, ids=ids)
@given(arrays(np.float64, 5, elements=st.floats(0.0, 1e3)))
def test_the_least_loss_is_zero_at_the_target(of, y):
    np.testing.assert_array_equal(of(y, y), np.zeros(5))
    np.testing.assert_array_equal(of.slope(y, y)[y > 0], np.zeros(5)[y > 0])
    for f in (y + 0.5, y * 1.5 + 1e-3):
        assert np.all(of(f, y) > 0)
        assert np.all(of.slope(f, y) > 0)


@pytest.mark.parametrize(
    ("of", "statistic"),
    [
        (loss("squared"), np.mean),
        (loss("poisson"), np.mean),
        (loss("absolute"), np.median),
        (loss("quantile"), np.median),
        (loss("quantile", q=0.9), lambda y: np.quantile(y, 0.9)),
        (loss("huber", delta=1e6), np.mean),
        (loss("huber", delta=1e-6), np.median),
    ],
)
def test_a_constant_output_that_minimises_the_loss_is_the_statistic_it_stands_for(of, statistic):
    y = np.random.default_rng(0).gamma(2.0, size=101)
    best = statistic(y)
    candidates = best + np.concatenate([np.linspace(-0.5, 0.5, 201), [-1e-3, 1e-3]])
    others = np.array([of(np.full_like(y, c), y).mean() for c in candidates])
    assert np.all(of(np.full_like(y, best), y).mean() <= others + 1e-15)


def test_huber_is_squared_near_and_absolute_far():
    of = loss("huber", delta=2.0)
    d = np.array([0.0, 0.5, -2.0])
    np.testing.assert_allclose(of(d, 0 * d), LOSSES["squared"](d, 0 * d), rtol=1e-15)
    np.testing.assert_allclose(np.diff(of(np.array([5.0, 6.0, 9.0]), np.zeros(3))), [2.0, 6.0], rtol=1e-15)


@pytest.mark.parametrize("of", VARIANTS, ids=ids)
def test_libraries_agree_and_keep_dtype_and_nan(library, dtype, of):
    f, y = (x[:20].astype(dtype) for x in pairs(of))
    f[3], y[5] = NAN, NAN
    a, b = library.asarray(f), library.asarray(y)
    for function in (of, of.slope):
        result = function(a, b)
        assert result.dtype == a.dtype
        expected = function(f, y)
        np.testing.assert_allclose(library.numpy(result), expected, rtol=1e-14 if dtype == "float64" else 1e-5)
        assert np.flatnonzero(np.isnan(expected)).tolist() == [3, 5]


@pytest.mark.parametrize("of", [of for of in VARIANTS if of.name != "poisson"], ids=ids)
def test_far_outputs_and_infinities(library, dtype, of):
    f = np.array([1e3, -1e3, INF, -INF], dtype=dtype)
    y = np.zeros(4, dtype=dtype)
    with np.errstate(all="raise"):
        value, slope = (library.numpy(g(library.asarray(f), library.asarray(y))) for g in (of, of.slope))
    assert np.isfinite(value).tolist() == [True, True, False, False]
    assert np.all(value[2:] == INF)
    assert np.all(np.sign(slope) == np.sign(f))
    if of.name == "squared":
        np.testing.assert_array_equal(value[:2], [5e5, 5e5])
    else:
        np.testing.assert_array_equal(slope[:2], slope[2:])


def test_poisson_at_the_edge_of_its_domain():
    f, y = np.array([0.0, 0.0, 2.0, 1e-300]), np.array([0.0, 1.0, 0.0, 1e-300])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(LOSSES["poisson"](f, y), [0.0, INF, 2.0, 0.0])
        np.testing.assert_array_equal(LOSSES["poisson"].slope(f, y), [1.0, -INF, 1.0, 0.0])


def test_options():
    assert loss("huber").options == (("delta", 1.0),)
    assert loss(loss("huber", delta=2.0), delta=3.0).options == (("delta", 3.0),)
    assert loss("squared") is LOSSES["squared"]
    with pytest.raises(ValueError, match=r"delta: .*got -1\.0; allowed: a number above 0"):
        loss("huber", delta=-1)
    with pytest.raises(ValueError, match=r"q: .*got 1\.0; allowed: above 0 and below 1"):
        loss("quantile", q=1)
    with pytest.raises(ValueError, match=r"q: loss 'huber' has no such option; allowed: delta"):
        loss("huber", q=0.5)
    with pytest.raises(TypeError, match=r"q: .*got str"):
        loss("quantile", q="0.5")
    with pytest.raises(ValueError, match=r"beta"):
        Loss("own", lambda f, y: f, lambda f, y: y, options=(("beta", 1.0),))


def test_unknown_losses_are_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match=r"loss: got 'sqared'; allowed: squared, .*cross_entropy"):
        loss("sqared")
    with pytest.raises(ValueError, match=r"'hinge' exists with its own outputs only; allowed with any output: squared"):
        loss("hinge")
    with pytest.raises(TypeError, match=r"loss: got int; allowed"):
        loss(3)


@pytest.mark.parametrize("of", VARIANTS, ids=ids)
def test_pickles(of):
    assert pickle.loads(pickle.dumps(of)) == of
