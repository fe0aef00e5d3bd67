"""Initial weights: variances, bounds, orthogonality; scikit-learn's and torch's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

import multilayer as ml
from multilayer.network.initial_weights import (
    INITIAL_WEIGHTS,
    InitialWeights,
    default_scheme,
    draw_layer,
    initial_weights,
)
from multilayer.random import stream

N_OUT, N_IN = 300, 200

# Name in torch.nn.init, its options, for a layer of torch's shape (n_out, n_in).
TORCH = {
    "glorot_uniform": ("xavier_uniform_", {}),
    "glorot_normal": ("xavier_normal_", {}),
    "he_uniform": ("kaiming_uniform_", {"nonlinearity": "relu"}),
    "he_normal": ("kaiming_normal_", {"nonlinearity": "relu"}),
    "lecun_uniform": ("kaiming_uniform_", {"nonlinearity": "linear"}),
    "lecun_normal": ("kaiming_normal_", {"nonlinearity": "linear"}),
}
ZERO_BIASES = [*TORCH, "orthogonal"]


def draw(scheme, n_out=N_OUT, n_in=N_IN, activation="tanh", seed=0):
    return draw_layer(scheme, stream(seed, "weights"), n_out, n_in, activation=activation)


@pytest.mark.parametrize("scheme", INITIAL_WEIGHTS)
@pytest.mark.parametrize(("n_out", "n_in"), [(1, 1), (3, 2), (2, 5)])
def test_shapes_and_dtype(scheme, n_out, n_in):
    W, b = draw(scheme, n_out, n_in)
    assert W.shape == (n_out, n_in)
    assert b.shape == (n_out,)
    assert W.dtype == b.dtype == np.float64


@pytest.mark.parametrize("scheme", INITIAL_WEIGHTS)
def test_a_seed_gives_the_same_weights_and_another_seed_others(scheme):
    np.testing.assert_array_equal(draw(scheme)[0], draw(scheme)[0])
    assert (draw(scheme)[0] != draw(scheme, seed=1)[0]).any()


@pytest.mark.parametrize("scheme", INITIAL_WEIGHTS)
def test_legacy_stream_serves_too(scheme):
    W, b = draw_layer(scheme, np.random.RandomState(0), 4, 3, activation="relu")
    assert np.isfinite(W).all()
    assert np.isfinite(b).all()


@pytest.mark.parametrize("scheme", INITIAL_WEIGHTS)
def test_mean_is_zero(scheme):
    W, _ = draw(scheme)
    assert abs(W.mean()) < 5 * W.std() / np.sqrt(W.size)


@pytest.mark.parametrize("scheme", ZERO_BIASES)
def test_biases_are_zero(scheme):
    assert not draw(scheme)[1].any()


@pytest.mark.parametrize("scheme", TORCH)
def test_distribution_is_torchs(scheme):
    torch = pytest.importorskip("torch")
    name, options = TORCH[scheme]
    theirs = torch.empty(N_OUT, N_IN, dtype=torch.float64)
    getattr(torch.nn.init, name)(theirs, generator=torch.Generator().manual_seed(0), **options)
    W, _ = draw(scheme)
    # 60,000 entries: the deviation of a standard deviation is below .3 %, an extreme of a uniform is nearer than that.
    assert W.std() == pytest.approx(theirs.std().item(), rel=0.02)
    if "uniform" in scheme:
        assert np.abs(W).max() == pytest.approx(theirs.abs().max().item(), rel=0.001)
    else:
        # A normal distribution is not cut off: the largest of 60,000 lies near 4.3 standard deviations.
        assert 3.5 < np.abs(W).max() / W.std() < 6


@pytest.mark.parametrize("scheme", ["he_uniform", "he_normal"])
def test_he_keeps_the_second_moment_of_rectified_signals(scheme):
    # He et al. 2015, eq. 10: E[h²] over units of a layer is that of the layer before. 40,000 units show it to 1 %.
    before = np.abs(stream(1, "weights").normal(size=30))
    W, _ = draw(scheme, 40_000, 30, activation="relu")
    after = np.maximum(W @ before, 0.0)
    assert (after**2).mean() == pytest.approx((before**2).mean(), rel=0.06)


@pytest.mark.parametrize("scheme", ["lecun_uniform", "lecun_normal"])
def test_lecun_keeps_the_variance_of_linear_signals(scheme):
    before = stream(1, "weights").normal(size=30)
    W, _ = draw(scheme, 40_000, 30, activation="identity")
    assert ((W @ before) ** 2).mean() == pytest.approx((before**2).mean(), rel=0.04)


def test_glorot_is_symmetric_in_the_two_widths():
    assert np.abs(draw("glorot_uniform", 600, 100)[0]).max() == pytest.approx(
        np.abs(draw("glorot_uniform", 100, 600)[0]).max(), rel=0.001
    )
    # Square: the variances of Glorot and LeCun are both 1/n.
    assert draw("glorot_normal", 300, 300)[0].std() == pytest.approx(draw("lecun_normal", 300, 300)[0].std(), rel=0.02)


@pytest.mark.parametrize(("n_out", "n_in"), [(5, 5), (7, 4), (4, 7), (1, 6), (6, 1)])
def test_orthogonal(n_out, n_in):
    W, _ = draw("orthogonal", n_out, n_in)
    gram = W.T @ W if n_out >= n_in else W @ W.T
    np.testing.assert_allclose(gram, np.eye(min(n_out, n_in)), atol=1e-14)


def test_orthogonal_has_no_preferred_sign():
    # Without the choice of signs the diagonal of Q has one sign (LAPACK's Householder reflections): mean far from 0.
    generator = stream(0, "weights")
    corners = [draw_layer("orthogonal", generator, 3, 3, activation="tanh")[0][0, 0] for _ in range(2000)]
    # An entry of a uniformly distributed 3×3 orthogonal matrix is uniform on [−1, 1].
    assert abs(np.mean(corners)) < 5 * np.sqrt(1 / 3 / 2000)
    assert np.var(corners) == pytest.approx(1 / 3, rel=0.1)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity"])
def test_scikit_learns_stream_gives_scikit_learns_weights(activation):
    # A step too small to move anything: what is left are the initial weights.
    theirs = MLPRegressor(
        hidden_layer_sizes=(4, 3),
        activation={"sigmoid": "logistic"}.get(activation, activation),
        solver="sgd",
        learning_rate_init=1e-300,
        max_iter=1,
        random_state=5,
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs.fit(np.arange(12.0).reshape(6, 2), np.zeros(6))
    generator = np.random.RandomState(5)
    for n_in, n_out, coef, intercept in zip([2, 4, 3], [4, 3, 1], theirs.coefs_, theirs.intercepts_, strict=True):
        W, b = draw_layer("scikit_learn", generator, n_out, n_in, activation=activation)
        np.testing.assert_array_equal(W.T, coef)
        np.testing.assert_array_equal(b, intercept)


@pytest.mark.parametrize(("hidden", "factor"), [("relu", 6), ("tanh", 6), ("sigmoid", 2)])
@pytest.mark.parametrize("output", ["sigmoid", "identity"])
def test_scikit_learns_bound_follows_the_hidden_activation_in_the_last_layer_too(hidden, factor, output):
    net = ml.Network([5, 7, 1], hidden, output, initial_weights="scikit_learn")
    largest = np.max([[np.abs(layer.W).max() for layer in net.initialize(seed)] for seed in range(200)], axis=0)
    bounds = np.sqrt(factor / np.array([5 + 7, 7 + 1]))
    assert (largest <= bounds).all()
    assert (largest > 0.98 * bounds).all()


def test_playground():
    W, b = draw("playground")
    assert (b == 0.1).all()
    assert -0.5 <= W.min() < -0.499
    assert 0.499 < W.max() < 0.5


def test_uniform_draws_weights_and_biases_within_its_bound():
    for bound, scheme in ((0.05, "uniform"), (0.7, initial_weights("uniform", bound=0.7))):
        for drawn in draw(scheme):
            assert 0.95 * bound < np.abs(drawn).max() <= bound


def test_own_scheme():
    ones = InitialWeights(
        "ones", lambda generator, n_out, n_in, *, activation: (np.ones((n_out, n_in)), np.ones(n_out))
    )
    W, b = draw(ones, 2, 3)
    assert W.sum() == 6
    assert b.sum() == 2


def test_defaults():
    assert {default_scheme(name) for name in ("relu", "leaky_relu", "elu", "gelu", "silu", "mish")} == {"he_uniform"}
    assert default_scheme("selu") == "lecun_normal"
    assert {default_scheme(name) for name in ("tanh", "sigmoid", "identity", "softmax", "mine")} == {"glorot_uniform"}


def test_a_scheme_passes_unchanged():
    scheme = initial_weights("uniform", bound=2.0)
    assert initial_weights(scheme) is scheme
    assert initial_weights(scheme, bound=3.0) == initial_weights("uniform", bound=3.0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: initial_weights("xavier"), ValueError, "'xavier'; it must be one of glorot_uniform, .*, uniform"),
        (lambda: initial_weights(3), TypeError, "initial_weights is 3"),
        (lambda: initial_weights("uniform", width=1.0), ValueError, "width is no option of uniform; it takes bound"),
        (lambda: initial_weights("he_normal", bound=1.0), ValueError, "bound is no option of he_normal; it takes none"),
        (lambda: initial_weights("uniform", bound=-1.0), ValueError, "bound of uniform: must be .* above 0, came -1.0"),
        (lambda: initial_weights("uniform", bound=float("inf")), ValueError, "bound of uniform: must be .*, came inf"),
        (lambda: draw("he_normal", 3, 0), ValueError, "n_in is 0"),
        (lambda: draw("he_normal", 0, 3), ValueError, "n_out is 0"),
    ],
)
def test_refuses(call, error, text):
    with pytest.raises(error, match=text):
        call()
