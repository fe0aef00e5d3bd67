"""Gated activations: z times a gate that opens from 0 to 1.

Where the gate has closed or opened to all digits, z is held at a bound, so that ∞·0 never arises and no square
overflows.
"""

from __future__ import annotations

from multilayer.formulas.activations.rectifiers import softplus, softplus_derivative
from multilayer.formulas.activations.saturating import sigmoid, sigmoid_derivative, tanh, tanh_derivative
from multilayer.formulas.namespace import Array, namespace

SQRT_HALF = 0.5**0.5
NORMAL_PEAK = 0.3989422804014326779399460599344  # φ(0) = 1/√(2π)


def gelu(z: Array) -> Array:
    """Gaussian error linear unit, exact.

        g(z) = z Φ(z),   g′(z) = Φ(z) + z φ(z),   Φ(z) = ½ erfc(−z/√2)
                                                        (Hendrycks & Gimpel 2016, section 2; not its tanh form)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = 0, g(+∞) = +∞; g′(−∞) = 0, g′(+∞) = 1.   (Φ(−40) and φ(40) are 0 in float64.)
    """
    xp = namespace(z)
    c = xp.maximum(z, -40.0)
    return c * (0.5 * xp.erfc(-SQRT_HALF * c))


def gelu_derivative(z: Array) -> Array:
    """Slope of `gelu`."""
    xp = namespace(z)
    c = xp.minimum(xp.maximum(z, -40.0), 40.0)
    return 0.5 * xp.erfc(-SQRT_HALF * c) + c * (NORMAL_PEAK * xp.exp(-0.5 * (c * c)))


def silu(z: Array) -> Array:
    """Sigmoid-weighted linear unit (swish).

        g(z) = z σ(z),   g′(z) = σ(z) + z σ′(z)        (Elfwing, Uchibe & Doya 2018, section 2)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = 0, g(+∞) = +∞; g′(−∞) = 0, g′(+∞) = 1.   (e^−800 is 0 in float64.)
    """
    c = namespace(z).maximum(z, -800.0)
    return c * sigmoid(c)


def silu_derivative(z: Array) -> Array:
    """Slope of `silu`."""
    xp = namespace(z)
    c = xp.minimum(xp.maximum(z, -800.0), 800.0)
    return sigmoid(c) + c * sigmoid_derivative(c)


def mish(z: Array) -> Array:
    """Mish.

        g(z) = z tanh(s),   g′(z) = tanh(s) + z tanh′(s) s′,   s = softplus(z)        (Misra 2020, eq. 1)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = 0, g(+∞) = +∞; g′(−∞) = 0, g′(+∞) = 1.   (e^−800 is 0 in float64.)
    """
    c = namespace(z).maximum(z, -800.0)
    return c * tanh(softplus(c))


def mish_derivative(z: Array) -> Array:
    """Slope of `mish`."""
    xp = namespace(z)
    c = xp.minimum(xp.maximum(z, -800.0), 800.0)
    s = softplus(c)
    return tanh(s) + c * (tanh_derivative(s) * softplus_derivative(c))
