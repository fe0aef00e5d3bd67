"""Penalties on parameters, element by element: value, gradient and proximal step; and decoupled weight decay."""

from __future__ import annotations

from multilayer.formulas.namespace import Array, namespace


def l1(theta: Array, *, strength: float) -> Array:
    """L1 penalty (lasso).

        Ω = λ|θ|,   ∇Ω = λ sign(θ), 0 at 0        (Tibshirani 1996)

    Shapes: θ (…,) → (…,), dtype kept.
    """
    return strength * namespace(theta).abs(theta)


def l1_gradient(theta: Array, *, strength: float) -> Array:
    """Gradient of `l1`; 0 at 0."""
    xp = namespace(theta)
    return xp.where(theta > 0.0, strength, xp.where(theta < 0.0, -strength, theta))


def l1_proximal(theta: Array, *, strength: float, rate: float) -> Array:
    """Proximal step of `l1`: soft thresholding.

        argmin_u ½(u − θ)² + ηλ|u| = max(θ − ηλ, 0) + min(θ + ηλ, 0)        (Parikh & Boyd 2014, section 6.5.2)

    Shapes: θ (…,) → (…,), dtype kept.
    """
    xp = namespace(theta)
    t = rate * strength
    return xp.maximum(theta - t, 0.0) + xp.minimum(theta + t, 0.0)


def l2(theta: Array, *, strength: float) -> Array:
    """L2 penalty (ridge).

        Ω = ½λθ²,   ∇Ω = λθ        (Hoerl & Kennard 1970; 001: "regularizer")

    Shapes: θ (…,) → (…,), dtype kept.
    """
    return 0.5 * strength * (theta * theta)


def l2_gradient(theta: Array, *, strength: float) -> Array:
    """Gradient of `l2`."""
    return strength * theta


def l2_proximal(theta: Array, *, strength: float, rate: float) -> Array:
    """Proximal step of `l2`: shrinking.

        argmin_u ½(u − θ)² + ½ηλu² = θ/(1 + ηλ)        (Parikh & Boyd 2014, section 6.1.1)

    Shapes: θ (…,) → (…,), dtype kept.
    """
    return theta / (1.0 + rate * strength)


def elastic_net_proximal(theta: Array, *, l1: float, l2: float, rate: float) -> Array:
    """Proximal step of the elastic net λ₁|θ| + ½λ₂θ²: soft thresholding, then shrinking.

        argmin_u ½(u − θ)² + η(λ₁|u| + ½λ₂u²) = l2_proximal(l1_proximal(θ))
                                                        (Zou & Hastie 2005; Parikh & Boyd 2014, section 6.5.3)

    Shapes: θ (…,) → (…,), dtype kept.
    """
    return l2_proximal(l1_proximal(theta, strength=l1, rate=rate), strength=l2, rate=rate)


def weight_decay(theta_new: Array, theta_old: Array, *, rate: float, decay: float) -> Array:
    """Decoupled weight decay, the last line of an AdamW step.

        θ = θ_new − ηλθ_old
                        (Loshchilov & Hutter 2019, Algorithm 2, line 12; variant: torch's, λ multiplied by the rate)

    Shapes: θ_new, θ_old (…,) → (…,), dtype kept.
    """
    return theta_new - rate * decay * theta_old
