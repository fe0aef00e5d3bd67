"""Forward propagation and backpropagation, once, over a plan's operations, in any array namespace.

Batches are rows: Z_ℓ = H_{ℓ−1} W_ℓᵀ + b_ℓ,  H_ℓ = g(Z_ℓ),  H_0 = X;  and backwards
∇W_ℓ = Δ_ℓᵀ H_{ℓ−1},  ∇b_ℓ = column sums of Δ_ℓ,  ∇H_{ℓ−1} = Δ_ℓ W_ℓ,  Δ_{ℓ−1} = ∇H_{ℓ−1} ⊙ g′(Z_{ℓ−1})
(001: "Backpropagation"; 003: equations 6 and 7; 004: ML:IV-110, there with δ = −∂L/∂z).

All functions take leading axes: parameters (K, …) with X (n, D) or (K, n, D) propagate K networks at once.
X may be a SciPy CSR matrix (n, D) for one network, not for K; dropout of the inputs keeps it sparse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from multilayer.formulas.activations import ACTIVATIONS
from multilayer.formulas.hinges import hinge, hinge_knee, hinge_slope, hinge_z
from multilayer.formulas.namespace import Array, namespace
from multilayer.network.plan import Affine, Dropout, Elementwise, Hinges, MaxPool, Operation, Plan, View

MaskDraw = Callable[[Dropout, int], Array]

_RELU = ACTIVATIONS["relu"]


class Propagated(NamedTuple):
    """What forward propagation leaves: values[i] enters operation i, values[-1] is the last z."""

    values: list[Array]
    masks: dict[int, Array]


class RowLosses(NamedTuple):
    """Sums over the rows of a batch, for each member of a population."""

    loss: Array
    weight: Array


def parameter_views(views: Sequence[View], theta: Array) -> list[Array]:
    """The parts of a flat θ (…, P) in the views' shapes (…, *shape); nothing is copied."""
    xp, lead = namespace(theta), theta.shape[:-1]
    return [xp.reshape(theta[..., v.start : v.stop], lead + v.shape) for v in views]


def forward(
    operations: Sequence[Operation], parameters: Sequence[Array], X: Array, draw_mask: MaskDraw | None = None
) -> Propagated:
    """Propagate rows X (…, n, D) through the operations.

    Parameters
    ----------
    operations : sequence of Operation
        In order.
    parameters : sequence of Array
        The plan's views (…, *shape).
    X : Array
        Rows.
    draw_mask : callable, optional
        ``draw_mask(dropout, n_units)`` gives a mask for the rows; None propagates without dropout.
    """
    values, masks = [X], {}
    for i, operation in enumerate(operations):
        H = values[-1]
        match operation:
            case Affine(weight, bias):
                Z = H @ parameters[weight].mT
                values.append(Z if bias is None else Z + parameters[bias][..., None, :])
            case Elementwise(activation):
                values.append(activation(H))
            case Hinges(slope, knee):
                values.append(_hinges(H, parameters[slope], parameters[knee]))
            case MaxPool(pieces):
                values.append(namespace(H).max(_pieces(H, pieces), axis=-1))
            case Dropout():
                if draw_mask is None:
                    values.append(H)
                else:
                    masks[i] = draw_mask(operation, H.shape[-1])
                    values.append(_masked(H, masks[i]))
    return Propagated(values, masks)


def backward(
    operations: Sequence[Operation],
    parameters: Sequence[Array],
    propagated: Propagated,
    delta: Array,
    see: Callable[[int, Array], object] | None = None,
) -> list[Array]:
    """Gradients of a loss for all views, summed over the rows, from δ = ∂L/∂z of the last operation.

    Parameters
    ----------
    operations, parameters
        As given to `forward`.
    propagated : Propagated
        What `forward` returned.
    delta : Array
        ∂L/∂z (…, n, k).
    see : callable, optional
        ``see(i, delta)`` is shown ∂L/∂ of what operation i gives, from the last operation to the first affine one.

    Returns
    -------
    list of Array
        One gradient a view, in the views' order and shapes.
    """
    values, masks = propagated
    gradients: list[Array] = [None] * len(parameters)
    first = next(i for i, operation in enumerate(operations) if isinstance(operation, Affine))
    for i in range(len(operations) - 1, first - 1, -1):
        H = values[i]
        if see is not None:
            see(i, delta)
        match operations[i]:
            case Affine(weight, bias):
                gradients[weight] = delta.mT @ H
                if bias is not None:
                    gradients[bias] = namespace(delta).sum(delta, axis=-2)
                if i > first:
                    delta = delta @ parameters[weight]
            case Elementwise(activation):
                delta = delta * activation.slope(H, values[i + 1])
            case Hinges(slope, knee):
                gradients[slope], gradients[knee], delta = _hinges_backward(
                    H, parameters[slope], parameters[knee], delta
                )
            case MaxPool(pieces):
                delta = _max_pool_backward(H, pieces, delta)
            case Dropout():
                if i in masks:
                    delta = delta * masks[i]
    return gradients


def loss_and_gradient(
    plan: Plan,
    theta: Array,
    X: Array,
    Y: Array,
    weight: Array | None = None,
    draw_mask: MaskDraw | None = None,
) -> tuple[RowLosses, Array]:
    """Loss and gradient of a batch, summed over its rows (no penalty, no division).

    Parameters
    ----------
    plan : Plan
        The network with its head.
    theta : Array
        Flat parameters (…, P).
    X, Y : Array
        Rows (…, n, D) and encoded targets (…, n, k).
    weight : Array, optional
        A weight a row (…, n).
    draw_mask : callable, optional
        As in `forward`.

    Returns
    -------
    RowLosses, Array
        Sums (…,) of loss and weight, and the gradient (…, P).
    """
    xp = namespace(theta)
    parameters = parameter_views(plan.views, theta)
    propagated = forward(plan.operations, parameters, X, draw_mask)
    z = propagated.values[-1]
    f = plan.head.output.function(z)
    sums = _sum_rows(plan, z, f, Y, weight)
    delta = plan.head.delta(z, f, Y)
    if weight is not None:
        delta = delta * weight[..., None]
    gradients = backward(plan.operations, parameters, propagated, delta)
    lead = theta.shape[:-1]
    return sums, xp.concat([xp.reshape(g, (*lead, -1)) for g in gradients], axis=-1)


def row_losses(plan: Plan, theta: Array, X: Array, Y: Array, weight: Array | None = None) -> RowLosses:
    """Loss of a batch, summed over its rows, without dropout; shapes as in `loss_and_gradient`."""
    z = forward(plan.operations, parameter_views(plan.views, theta), X).values[-1]
    return _sum_rows(plan, z, plan.head.output.function(z), Y, weight)


def predict(plan: Plan, theta: Array, X: Array, until: int | None = None) -> Array:
    """Outputs f = o(z) (…, n, k), or the values after operation `until` (hidden activations)."""
    parameters = parameter_views(plan.views, theta)
    if until is not None:
        return forward(plan.operations[: until + 1], parameters, X).values[-1]
    return plan.head.output.function(forward(plan.operations, parameters, X).values[-1])


def _sum_rows(plan: Plan, z: Array, f: Array, Y: Array, weight: Array | None) -> RowLosses:
    """Sum the rows' losses and weights."""
    xp = namespace(z)
    value = plan.head.value(z, f, Y)
    if weight is None:
        loss = xp.sum(value, axis=-1)
        return RowLosses(loss, xp.full_like(loss, float(value.shape[-1])))
    return RowLosses(xp.sum(value * weight, axis=-1), xp.sum(xp.broadcast_to(weight, value.shape), axis=-1))


def _masked(H: Array, mask: Array) -> Array:
    """H ⊙ mask, sparse inputs kept sparse."""
    return H.multiply(mask).tocsr() if hasattr(H, "tocsr") else H * mask


def _pieces(Z: Array, pieces: int) -> Array:
    """Z (…, units·pieces) as (…, units, pieces)."""
    return namespace(Z).reshape(Z, (*Z.shape[:-1], Z.shape[-1] // pieces, pieces))


def _max_pool_backward(Z: Array, pieces: int, delta: Array) -> Array:
    """Send each δ to the piece that won, the first where several did."""
    xp = namespace(Z)
    winner = xp.argmax(_pieces(Z, pieces), axis=-1)[..., None] == xp.arange(pieces, device=Z.device)
    return xp.reshape(xp.where(winner, delta[..., None], 0.0), Z.shape)


def _hinges(Z: Array, slope: Array, knee: Array) -> Array:
    """max(0, z) + Σₛ slopeₛ·max(0, kneeₛ − z)."""
    H = _RELU(Z)
    for s in range(slope.shape[-2]):
        H = H + hinge(Z, slope[..., s, None, :], knee[..., s, None, :])
    return H


def _hinges_backward(Z: Array, slope: Array, knee: Array, delta: Array) -> tuple[Array, Array, Array]:
    """Gradients for slope and knee (…, hinges, units), and δ for the pre-activations."""
    xp = namespace(Z)
    slope_gradients, knee_gradients = [], []
    through = _RELU.slope(Z, _RELU(Z))
    for s in range(slope.shape[-2]):
        a, k = slope[..., s, None, :], knee[..., s, None, :]
        slope_gradients.append(xp.sum(delta * hinge_slope(Z, k), axis=-2))
        knee_gradients.append(xp.sum(delta * hinge_knee(Z, a, k), axis=-2))
        through = through + hinge_z(Z, a, k)
    return xp.stack(slope_gradients, axis=-2), xp.stack(knee_gradients, axis=-2), delta * through
