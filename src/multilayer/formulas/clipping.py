"""Clipping of gradients, by value and by norm."""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def clip_value(g: Array, *, limit: float) -> Array:
    """Clip each entry.

        g ← min(max(g, −c), c)        (Graves 2013, section 2.1)

    Shapes: g (…,) → (…,), dtype kept.   c > 0.
    """
    xp = namespace(g)
    return xp.minimum(xp.maximum(g, -limit), limit)


def clip_norm(g: Array, *, norm: float, limit: float) -> Array:
    """Shorten a gradient to a largest length, keeping its direction.

        g ← g·min(1, c/‖g‖) = g·(c/max(‖g‖, c))        (Pascanu, Mikolov & Bengio 2013, Algorithm 1)

    Shapes: g (…,) → (…,), dtype kept.   ‖g‖ is given, as a number or as an array that broadcasts; c > 0. At ‖g‖ = 0 the
    gradient stays.
    """
    return g * (limit / namespace(g).maximum(norm, limit))
