"""Periodic activations."""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def sine(z: Array) -> Array:
    """Sine.

        g(z) = sin z,   g′(z) = cos z        (Parascandolo, Huttunen & Virtanen 2017)

    Shapes: z (…,) → (…,), dtype kept.   Keeps: z.
    Limits: none; NaN at ∓∞.
    """
    return namespace(z).sin(z)


def sine_derivative(z: Array) -> Array:
    """Slope of `sine`."""
    return namespace(z).cos(z)
