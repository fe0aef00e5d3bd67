"""One update of the parameters: a fixed pipeline around the rule's formula.

    average → clip → penalty gradient → direction and rate (the rule) → decay → proximal step

Every engine without a faster form of its own calls this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from multilayer.formulas.clipping import clip_norm, clip_value
from multilayer.formulas.namespace import Array, namespace
from multilayer.formulas.penalties import (
    elastic_net_proximal,
    l1,
    l1_gradient,
    l2,
    l2_gradient,
    weight_decay,
)
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.plan import Plan, View


def penalty(plan: Plan, theta: Array) -> Array:
    """λΩ(θ) = Σ over the views of λ₁Σ|w| + ½λ₂Σw²; θ (…, P) → (…,)."""
    xp = namespace(theta)
    total = xp.zeros_like(theta[..., 0])
    for v in plan.views:
        if v.l1:
            total = total + xp.sum(l1(theta[..., v.start : v.stop], strength=v.l1), axis=-1)
        if v.l2:
            total = total + xp.sum(l2(theta[..., v.start : v.stop], strength=v.l2), axis=-1)
    return total


def penalty_gradient(plan: Plan, theta: Array) -> Array:
    """Gradient of `penalty` for θ (…, P); sign(0) counts as 0 for L1."""
    xp = namespace(theta)
    parts = [theta[..., :0]]
    for v in plan.views:
        part = theta[..., v.start : v.stop]
        gradient = xp.zeros_like(part)
        if v.l1:
            gradient = gradient + l1_gradient(part, strength=v.l1)
        if v.l2:
            gradient = gradient + l2_gradient(part, strength=v.l2)
        parts.append(gradient)
    return xp.concat(parts, axis=-1)


def scales(plan: Plan, weight: Array) -> tuple[Array | float, Array | float]:
    """What a batch's summed loss and its penalty are divided by, for rows of the given weight."""
    return (weight if plan.reduction == "mean" else 1.0), (weight if plan.penalty_in_mean else 1.0)


def objective_terms(plan: Plan, theta: Array, loss: Array, weight: Array) -> tuple[Array, Array]:
    """The two terms of J(θ), from the loss of rows that was summed and their weight: loss and λΩ(θ)."""
    rows_scale, penalty_scale = scales(plan, weight)
    return loss / rows_scale, penalty(plan, theta) / penalty_scale


def objective_gradient(plan: Plan, theta: Array, gradient: Array, weight: Array) -> Array:
    """∇J(θ), from the loss's gradient summed over rows and their weight."""
    rows_scale, penalty_scale = scales(plan, weight)
    return gradient / rows_scale + penalty_gradient(plan, theta) / penalty_scale


def divisor(weight: Array) -> Array:
    """The weight of a batch's rows as what their sums are divided by: 1 where it is 0, since their sums are 0 then."""
    return namespace(weight).where(weight != 0.0, weight, 1.0)


def update(
    plan: Plan,
    rule: UpdateRule,
    theta: Array,
    slots: Sequence[Array],
    gradient: Array,
    weight: Array,
    scalars: Mapping[str, float],
) -> tuple[Array, tuple[Array, ...]]:
    """Apply a batch's gradient.

    Parameters
    ----------
    plan : Plan
        Views with their rates and penalties; reduction and clipping.
    rule : UpdateRule
        The formula, its slots and scalars.
    theta, slots, gradient : Array
        Parameters, the rule's memory, and the gradient summed over rows, each (…, P).
    weight : Array
        The batch's weight (…,).
    scalars : mapping
        The rule's keyword-only scalars for this step.

    Returns
    -------
    theta, slots
        New arrays; what came is unchanged.
    """
    rows_scale, penalty_scale = scales(plan, divisor(weight)[..., None])
    g = gradient / rows_scale
    if plan.clip_value is not None:
        g = clip_value(g, limit=plan.clip_value)
    if plan.clip_norm is not None:
        g = clip_norm(g, norm=_norm(g), limit=plan.clip_norm)
    penalised = any(v.l1 or v.l2 for v in plan.views)
    if penalised and plan.penalty_step == "gradient":
        g = g + penalty_gradient(plan, theta) / penalty_scale
    if all(v.rate == 1.0 for v in plan.views):
        new, *new_slots = rule.formula(theta, g, *slots, **scalars)
    else:
        new, new_slots = _by_view(plan.views, rule, theta, slots, g, scalars)
    if any(v.decay for v in plan.views) or (penalised and plan.penalty_step == "proximal"):
        new = _shrink(plan, theta, new, scalars["rate"], penalty_scale)
    return new, tuple(new_slots)


def _norm(g: Array) -> Array:
    """‖g‖ of each member (…, 1); divided by the largest entry first, so that no square overflows."""
    xp = namespace(g)
    largest = xp.max(xp.abs(g), axis=-1, keepdims=True)
    scaled = g / xp.where(largest > 0.0, largest, 1.0)
    return largest * xp.sqrt(xp.sum(scaled * scaled, axis=-1, keepdims=True))


def _by_view(
    views: Sequence[View],
    rule: UpdateRule,
    theta: Array,
    slots: Sequence[Array],
    g: Array,
    scalars: Mapping[str, float],
) -> tuple[Array, list[Array]]:
    """Apply the rule view by view, each at its own rate; a frozen view keeps θ and slots."""
    xp = namespace(theta)
    pieces = []
    for v in views:
        part = [array[..., v.start : v.stop] for array in (theta, g, *slots)]
        if v.rate == 0.0:
            pieces.append([part[0], *part[2:]])
        else:
            own = scalars if v.rate == 1.0 else {**scalars, "rate": scalars["rate"] * v.rate}
            pieces.append(list(rule.formula(*part, **own)))
    new, *new_slots = (xp.concat(column, axis=-1) for column in zip(*pieces, strict=True))
    return new, new_slots


def _shrink(plan: Plan, old: Array, new: Array, rate: float, penalty_scale: Array | float) -> Array:
    """Decoupled weight decay, then the penalties' proximal step."""
    xp = namespace(new)
    pieces = []
    for v in plan.views:
        part = new[..., v.start : v.stop]
        if v.decay:
            part = weight_decay(part, old[..., v.start : v.stop], rate=rate * v.rate, decay=v.decay)
        if plan.penalty_step == "proximal" and (v.l1 or v.l2):
            part = elastic_net_proximal(part, l1=v.l1, l2=v.l2, rate=rate * v.rate / penalty_scale)
        pieces.append(part)
    return xp.concat(pieces, axis=-1)
