"""Initial weights of one layer, by named scheme.

Most schemes draw W (n_out, n_in) with mean 0 and set b = 0; they differ in the variance of an entry:

    Glorot: 2/(n_in + n_out),   He: 2/n_in,   LeCun: 1/n_in,

either uniform on ±√(3·variance) or normal (not truncated). Where another rule holds for b, the scheme says so.

Shapes: W (n_out, n_in), b (n_out,), both float64.

Any generator with the methods `uniform(low, high, size)` and `normal(loc, scale, size)` serves: NumPy's `Generator`
and the legacy `RandomState` both do. W is always drawn before b.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.formulas.signatures import keyword_only
from multilayer.network.checks import require_positive

FloatArray = NDArray[np.float64]


class Generator(Protocol):
    """What a scheme asks of a generator."""

    def uniform(self, low: float, high: float, size: Any) -> Any: ...
    def normal(self, loc: float, scale: float, size: Any) -> Any: ...


@dataclass(frozen=True)
class InitialWeights:
    """A scheme: a name, the function that draws W and b, and the values of its options.

    Parameters
    ----------
    name : str
    function : callable
        function(generator, n_out, n_in, *, activation, **options) -> (W, b); `activation` is the name of the layer's,
        for the output layer that of the network's hidden layers.
    options : tuple of (str, float)
        Values of the options, by name; those not given take the default in the function's signature.
    """

    name: str
    function: Callable[..., tuple[FloatArray, FloatArray]] = field(repr=False)
    options: tuple[tuple[str, float], ...] = ()


def glorot_uniform(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W uniform on ±√(6/(n_in + n_out)), b = 0 (Glorot & Bengio 2010, eq. 16: the "normalized initialization")."""
    return _uniform(generator, n_out, n_in, variance=2.0 / (n_in + n_out)), np.zeros(n_out)


def glorot_normal(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W normal with variance 2/(n_in + n_out), b = 0 (Glorot & Bengio 2010, eq. 12)."""
    return _normal(generator, n_out, n_in, variance=2.0 / (n_in + n_out)), np.zeros(n_out)


def he_uniform(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W uniform on ±√(6/n_in), b = 0 (the variance of He et al. 2015, eq. 10)."""
    return _uniform(generator, n_out, n_in, variance=2.0 / n_in), np.zeros(n_out)


def he_normal(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W normal with variance 2/n_in, b = 0 (He et al. 2015, eq. 10: for rectifiers)."""
    return _normal(generator, n_out, n_in, variance=2.0 / n_in), np.zeros(n_out)


def lecun_uniform(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W uniform on ±√(3/n_in), b = 0 (the variance of LeCun et al. 1998, eq. 16)."""
    return _uniform(generator, n_out, n_in, variance=1.0 / n_in), np.zeros(n_out)


def lecun_normal(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W normal with variance 1/n_in, b = 0 (LeCun et al. 1998, eq. 16; Klambauer et al. 2017 for selu)."""
    return _normal(generator, n_out, n_in, variance=1.0 / n_in), np.zeros(n_out)


def orthogonal(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W with orthonormal columns if n_out ≥ n_in, otherwise orthonormal rows; b = 0 (Saxe et al. 2014).

    Q of a normal matrix's QR decomposition, the signs chosen so that R has a diagonal ≥ 0: only then is Q uniformly
    distributed (Mezzadri 2007, section 5).
    """
    tall = n_out >= n_in
    q, r = np.linalg.qr(generator.normal(0.0, 1.0, (n_out, n_in) if tall else (n_in, n_out)))
    q = q * np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return (q if tall else q.T), np.zeros(n_out)


def scikit_learn(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W and b uniform on ±√(2/(n_in + n_out)) if the network's units are sigmoid, otherwise ±√(6/(n_in + n_out)).

    scikit-learn's MLPClassifier and MLPRegressor; Wᵀ is drawn as a matrix (n_in, n_out), so that one stream gives
    the same numbers. There `activation` is that of the hidden layers, for the output layer too.
    """
    bound = math.sqrt((2.0 if activation in ("sigmoid", "logistic") else 6.0) / (n_in + n_out))
    W_transposed = generator.uniform(-bound, bound, (n_in, n_out))
    return W_transposed.T, generator.uniform(-bound, bound, n_out)


def playground(generator: Generator, n_out: int, n_in: int, *, activation: str) -> tuple[FloatArray, FloatArray]:
    """W uniform on ±1/2, b = 0.1: the neural-network playground of 001's figures."""
    return generator.uniform(-0.5, 0.5, (n_out, n_in)), np.full(n_out, 0.1)


def uniform(
    generator: Generator, n_out: int, n_in: int, *, activation: str, bound: float = 0.05
) -> tuple[FloatArray, FloatArray]:
    """W and b uniform on ±bound: small random numbers, as 004's `initialize_random_weights`, whose W contains b."""
    return generator.uniform(-bound, bound, (n_out, n_in)), generator.uniform(-bound, bound, n_out)


def _uniform(generator: Generator, n_out: int, n_in: int, *, variance: float) -> FloatArray:
    bound = math.sqrt(3.0 * variance)
    W: FloatArray = generator.uniform(-bound, bound, (n_out, n_in))
    return W


def _normal(generator: Generator, n_out: int, n_in: int, *, variance: float) -> FloatArray:
    W: FloatArray = generator.normal(0.0, math.sqrt(variance), (n_out, n_in))
    return W


INITIAL_WEIGHTS: Mapping[str, InitialWeights] = {
    function.__name__: InitialWeights(function.__name__, function)
    for function in (
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        lecun_uniform,
        lecun_normal,
        orthogonal,
        scikit_learn,
        playground,
        uniform,
    )
}

# Bounded or nearly so on one side, near the identity on the other.
_RECTIFIERS = frozenset({"relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus"})


def initial_weights(scheme: str | InitialWeights, **options: float) -> InitialWeights:
    """Return a scheme by name, with options: `initial_weights("uniform", bound=0.5)`.

    Raises
    ------
    TypeError
        If the scheme is neither a name nor an InitialWeights.
    ValueError
        If the name or an option is unknown, or an option is no positive, finite number.
    """
    if isinstance(scheme, str):
        if scheme not in INITIAL_WEIGHTS:
            raise ValueError(f"initial_weights is {scheme!r}; it must be one of {', '.join(INITIAL_WEIGHTS)}")
        scheme = INITIAL_WEIGHTS[scheme]
    if not isinstance(scheme, InitialWeights):
        raise TypeError(f"initial_weights is {scheme!r}; it must be a name or an InitialWeights")
    allowed = [name for name in keyword_only(scheme.function) if name != "activation"]
    for name, value in options.items():
        if name not in allowed:
            raise ValueError(f"{name} is no option of {scheme.name}; it takes {', '.join(allowed) or 'none'}")
        require_positive(f"{name} of {scheme.name}", value)
    if not options:
        return scheme
    merged = {**dict(scheme.options), **{name: float(value) for name, value in options.items()}}
    return replace(scheme, options=tuple(merged.items()))


def default_scheme(activation: str) -> str:
    """Return the name of the scheme that suits an activation.

    he_uniform for rectifiers (relu, leaky_relu, elu, gelu, silu, mish, softplus): half of a unit's input is cut off,
    which the factor 2 makes up for (He et al. 2015, section 2.2). lecun_normal for selu: its fixed point, mean 0 and
    variance 1, supposes weights of variance 1/n_in (Klambauer et al. 2017). glorot_uniform otherwise (Glorot & Bengio
    2010, section 4.2.1, for symmetric units with slope 1 at 0).
    """
    if activation == "selu":
        return "lecun_normal"
    return "he_uniform" if activation in _RECTIFIERS else "glorot_uniform"


def draw_layer(
    scheme: str | InitialWeights, generator: Generator, n_out: int, n_in: int, *, activation: str
) -> tuple[FloatArray, FloatArray]:
    """Draw W (n_out, n_in) and b (n_out,) of one layer.

    Parameters
    ----------
    scheme : str or InitialWeights
        A name in INITIAL_WEIGHTS, or a scheme with options or of one's own.
    generator : numpy.random.Generator or numpy.random.RandomState
        Advanced by what the layer needs.
    n_out, n_in : int
        Units of the layer and of the one before, ≥ 1.
    activation : str
        Name of the layer's activation, for the output layer that of the hidden ones; only scikit_learn looks at it.

    Raises
    ------
    TypeError, ValueError
        As `initial_weights`; ValueError if n_out or n_in is below 1.
    """
    scheme = initial_weights(scheme)
    for name, count in (("n_out", n_out), ("n_in", n_in)):
        if operator.index(count) < 1:
            raise ValueError(f"{name} is {count}; a layer needs at least one")
    return scheme.function(generator, n_out, n_in, activation=activation, **dict(scheme.options))
