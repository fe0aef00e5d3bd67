"""One learned hinge of an adaptive piecewise linear unit (APL).

    hinge(z) = a·max(0, k − z),   slope a and knee k learned for each unit
    ∂/∂z = −a·1[z < k],   ∂/∂a = max(0, k − z),   ∂/∂k = a·1[z < k]

An APL unit is h = max(0, z) + Σₛ hingeₛ(z) (000: "There's a whole zoo: SQNL, ReLU, APL";
Agostinelli et al. 2015, "Learning Activation Functions to Improve Deep Neural Networks", eq. 1).

Shapes: all (…,) and equal after broadcasting, dtype kept.   Keeps: z.
Limits: 0 as z → +∞; grows as −a·z as z → −∞. At the knee itself the derivatives in z and k are 0.
"""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def hinge(z: Array, slope: Array, knee: Array) -> Array:
    """a·max(0, k − z)."""
    return slope * hinge_slope(z, knee)


def hinge_z(z: Array, slope: Array, knee: Array) -> Array:
    """∂hinge/∂z = −a·1[z < k]."""
    xp = namespace(z)
    return xp.where(z < knee, -slope, 0.0)


def hinge_slope(z: Array, knee: Array) -> Array:
    """∂hinge/∂a = max(0, k − z)."""
    xp = namespace(z)
    return xp.maximum(knee - z, 0.0)


def hinge_knee(z: Array, slope: Array, knee: Array) -> Array:
    """∂hinge/∂k = a·1[z < k]."""
    xp = namespace(z)
    return xp.where(z < knee, slope, 0.0)
