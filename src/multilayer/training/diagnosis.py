"""Where a NaN or infinity first appeared, and what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Rows
from multilayer.network.plan import Affine, Plan
from multilayer.network.propagation import forward, loss_and_gradient, parameter_views

DURING_DESCENT = "use a smaller rate, clip_norm=, or inputs and targets scaled to about unit size"
AT_THE_START = "start from smaller weights, or from inputs and targets scaled to about unit size"


def describe_nonfinite(
    plan: Plan, theta: NDArray[Any], rows: Rows, batch: NDArray[Any], where: str, advice: str = DURING_DESCENT
) -> str:
    """Name the layer in which a batch's values first left the finite numbers.

    Parameters
    ----------
    plan : Plan
        The network with its head.
    theta : ndarray (P,)
        Parameters before the update that was not made.
    rows : Rows
        All training rows.
    batch : ndarray of int
        The batch's rows.
    where : str
        Epoch and batch, in words.
    advice : str
        What to do.
    """
    with np.errstate(all="ignore"):
        X, Y = rows.X[batch].astype(theta.dtype), rows.Y[batch].astype(theta.dtype)
        weight = None if rows.weight is None else rows.weight[batch].astype(theta.dtype)
        values = forward(plan.operations, parameter_views(plan.views, theta), X).values
        layer = 0
        for operation, value in zip(plan.operations, values[1:], strict=True):
            layer += isinstance(operation, Affine)
            if layer and not np.isfinite(value).all():
                name = type(operation).__name__.lower()
                return f"a value became NaN or infinite in {where}: first in layer {layer} ({name}); {advice}"
        sums, gradient = loss_and_gradient(plan, theta, X, Y, weight)
    if not np.isfinite(sums.loss):
        return f"the loss became NaN or infinite in {where}; {advice}"
    bad = [v.name for v in plan.views if not np.isfinite(gradient[v.start : v.stop]).all()]
    part = f" of {bad[-1]}" if bad else ""
    return f"the gradient{part} became NaN or infinite in {where}; {advice}"


def describe_start(plan: Plan, theta: NDArray[Any], rows: Rows) -> str:
    """Name where NaN or infinity stands at the parameters that a full-batch method was to start from."""
    return describe_nonfinite(plan, theta, rows, np.arange(rows.X.shape[0]), "the first evaluation", AT_THE_START)
