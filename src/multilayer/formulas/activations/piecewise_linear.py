"""Activations made of straight pieces."""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def identity(z: Array) -> Array:
    """Identity, the linear unit.

        g(z) = z,   g′(z) = 1        (001: "Linear Activation")

    Shapes: z (…,) → (…,), dtype kept; z itself, no copy.   Keeps: z.
    """
    return z


def identity_derivative(z: Array) -> Array:
    """Slope of `identity`: 1 (NaN where z is NaN)."""
    return namespace(z).where(z == z, 1.0, z)


def relu(z: Array) -> Array:
    """Rectified linear unit.

        g(z) = max(z, 0),   g′(z) = 1 for z > 0, else 0        (001: "Rectified Linear Unit Activation")

    Shapes: z (…,) → (…,), dtype kept.   Keeps: h.
    Limits: g(−∞) = 0, g(+∞) = +∞; g′(0) = 0.
    """
    return namespace(z).maximum(z, 0.0)


def relu_derivative(h: Array) -> Array:
    """Slope of `relu` from its value: h is positive exactly where z is, and elsewhere is itself the slope 0."""
    return namespace(h).where(h > 0.0, 1.0, h)


def leaky_relu(z: Array, *, slope: float = 0.01) -> Array:
    """Leaky rectified linear unit.

        g(z) = max(z, 0) + a·min(z, 0),   g′(z) = 1 for z > 0, else a;   a = slope
                                                        (Maas, Hannun & Ng 2013, section 2)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = −∞ for a > 0, g(+∞) = +∞; g′(0) = a.
    """
    xp = namespace(z)
    return xp.maximum(z, 0.0) + slope * xp.minimum(z, 0.0)


def leaky_relu_derivative(z: Array, *, slope: float = 0.01) -> Array:
    """Slope of `leaky_relu`."""
    xp = namespace(z)
    return xp.where(z > 0.0, 1.0, xp.where(z <= 0.0, slope, z))


def hard_sigmoid(z: Array) -> Array:
    """Hard sigmoid.

        g(z) = min(max(z + 3, 0), 6)/6,   g′(z) = 1/6 for |z| < 3, else 0
                                                        (variant: torch's; Howard et al. 2019, section 5.2)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(−∞) = 0, g(+∞) = 1.
    """
    xp = namespace(z)
    return xp.minimum(xp.maximum(z + 3.0, 0.0), 6.0) / 6.0


def hard_sigmoid_derivative(z: Array) -> Array:
    """Slope of `hard_sigmoid`; 0 at the kinks ∓3."""
    xp = namespace(z)
    a = xp.abs(z)
    return xp.where(a < 3.0, 1.0 / 6.0, xp.where(a >= 3.0, 0.0, z))


def hard_tanh(z: Array) -> Array:
    """Hard hyperbolic tangent.

        g(z) = min(max(z, −1), 1),   g′(z) = 1 for |z| < 1, else 0        (Collobert 2004)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: g(∓∞) = ∓1.
    """
    xp = namespace(z)
    return xp.minimum(xp.maximum(z, -1.0), 1.0)


def hard_tanh_derivative(z: Array) -> Array:
    """Slope of `hard_tanh`; 0 at the kinks ∓1."""
    xp = namespace(z)
    a = xp.abs(z)
    return xp.where(a < 1.0, 1.0, xp.where(a >= 1.0, 0.0, z))
