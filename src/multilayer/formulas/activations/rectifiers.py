"""Curved rectifiers: like relu for large z, with an exponential on the left."""

from __future__ import annotations

from multilayer.formulas.activations.saturating import sigmoid
from multilayer.formulas.namespace import Array, namespace

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def softplus(z: Array) -> Array:
    """Softplus, the smooth rectifier.

        g(z) = log(1 + e^z) = max(z, 0) + log1p(e^−|z|),   g′(z) = sigmoid(z)
                                                        (Dugas, Bengio, Bélisle, Nadeau & Garcia 2001)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = 0, g(+∞) = +∞; no overflow for any finite z.
    """
    xp = namespace(z)
    return xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.abs(z)))


def softplus_derivative(z: Array) -> Array:
    """Slope of `softplus`."""
    return sigmoid(z)


def elu(z: Array, *, alpha: float = 1.0) -> Array:
    """Exponential linear unit.

        g(z) = max(z, 0) + α(e^min(z, 0) − 1),   g′(z) = 1 for z > 0, else α e^z
                                                        (Clevert, Unterthiner & Hochreiter 2016, section 3)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = −α, g(+∞) = +∞; g′(0) = α, a kink unless α = 1.
    """
    xp = namespace(z)
    return xp.maximum(z, 0.0) + alpha * xp.expm1(xp.minimum(z, 0.0))


def elu_derivative(z: Array, *, alpha: float = 1.0) -> Array:
    """Slope of `elu`."""
    xp = namespace(z)
    return xp.where(z > 0.0, 1.0, alpha * xp.exp(xp.minimum(z, 0.0)))


def selu(z: Array) -> Array:
    """Scaled exponential linear unit.

        g(z) = λ elu(z; α),   g′(z) = λ elu′(z; α),   λ = 1.0507…, α = 1.6732…
                                                        (Klambauer, Unterthiner, Mayr & Hochreiter 2017, eq. 2)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = −λα, g(+∞) = +∞; g′(0) = λα.
    """
    return SELU_SCALE * elu(z, alpha=SELU_ALPHA)


def selu_derivative(z: Array) -> Array:
    """Slope of `selu`."""
    return SELU_SCALE * elu_derivative(z, alpha=SELU_ALPHA)
