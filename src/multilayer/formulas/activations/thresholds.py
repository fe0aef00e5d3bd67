"""Thresholds: units that answer yes or no. They have no useful derivative, so no gradient passes through them."""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def heaviside(z: Array) -> Array:
    """Heaviside step.

        g(z) = 1 for z ≥ 0, else 0        (004: ML:IV-63, ML:IV-71)

    Shapes: z (…,) → (…,), dtype kept.
    Limits: g(−∞) = 0, g(+∞) = 1; g(0) = 1 (004: Definition 1 has ≥ 0).
    """
    xp = namespace(z)
    return xp.where(z >= 0.0, 1.0, xp.where(z < 0.0, 0.0, z))


def sign(z: Array) -> Array:
    """Sign, the threshold of bipolar units.

        g(z) = +1 for z ≥ 0, else −1        (001: Example 3.2, "sgn")

    Shapes: z (…,) → (…,), dtype kept.
    Limits: g(∓∞) = ∓1; g(0) = +1, unlike NumPy's sign.
    """
    xp = namespace(z)
    return xp.where(z >= 0.0, 1.0, xp.where(z < 0.0, -1.0, z))
