"""Saturating activations: S-shaped, with a limit on either side."""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def sigmoid(z: Array) -> Array:
    """Logistic sigmoid.

        g(z) = 1/(1 + e^−z),   g′(z) = e/(1 + e)², e = e^−|z|
                                                        (001: "Sigmoid Activation"; 003: section 1; 004: ML:IV-66)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = 0, g(+∞) = 1; no overflow for any finite z.   (h(1 − h) would lose g′ beyond z ≈ 15.)
    """
    xp = namespace(z)
    e = xp.exp(-xp.abs(z))
    return xp.where(z >= 0.0, 1.0, e) / (1.0 + e)


def sigmoid_derivative(z: Array) -> Array:
    """Slope of `sigmoid`."""
    xp = namespace(z)
    e = xp.exp(-xp.abs(z))
    return e / ((1.0 + e) * (1.0 + e))


def tanh(z: Array) -> Array:
    """Hyperbolic tangent.

        g(z) = (e^z − e^−z)/(e^z + e^−z),   g′(z) = sech²(z), sech(z) = 2e/(1 + e²), e = e^−|z|
                                                        (001: "Hyperbolic Tangent Activation"; 004: ML:IV-67)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(∓∞) = ∓1; no overflow for any finite z.   (1 − h² would lose g′ beyond |z| ≈ 19.)
    """
    return namespace(z).tanh(z)


def tanh_derivative(z: Array) -> Array:
    """Slope of `tanh`."""
    xp = namespace(z)
    e = xp.exp(-xp.abs(z))
    sech = 2.0 * e / (1.0 + e * e)
    return sech * sech


def softsign(z: Array) -> Array:
    """Softsign.

        g(z) = z/(1 + |z|),   g′(z) = 1/(1 + |z|)²        (Bergstra, Desjardins, Lamblin & Bengio 2009)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(∓∞) = ∓1: beyond |z| = 1e17 the quotient is 1 to all digits, so z is held there and ∞/∞ never arises.
    """
    xp = namespace(z)
    c = xp.minimum(xp.maximum(z, -1e17), 1e17)
    return c / (1.0 + xp.abs(c))


def softsign_derivative(z: Array) -> Array:
    """Slope of `softsign`."""
    r = 1.0 / (1.0 + namespace(z).abs(z))
    return r * r


def sqnl(z: Array) -> Array:
    """Square nonlinearity.

        g(z) = c − c|c|/4,   g′(z) = 1 − |c|/2,   c = min(max(z, −2), 2)
                                                        (000: "Activation Functions"; Wuraola & Patel 2018)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(∓∞) = ∓1, reached at ∓2; g′ is continuous.
    """
    xp = namespace(z)
    c = xp.minimum(xp.maximum(z, -2.0), 2.0)
    return c - 0.25 * (c * xp.abs(c))


def sqnl_derivative(z: Array) -> Array:
    """Slope of `sqnl`."""
    xp = namespace(z)
    c = xp.minimum(xp.maximum(z, -2.0), 2.0)
    return 1.0 - 0.5 * xp.abs(c)
