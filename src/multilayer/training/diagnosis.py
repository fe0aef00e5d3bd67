"""Where a NaN or infinity first appeared, and what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Rows
from multilayer.network.plan import Affine, Plan
from multilayer.network.propagation import forward, loss_and_gradient, parameter_views

ADVICE = "use a smaller rate, clip_norm=, or inputs and targets scaled to about unit size"


def describe_nonfinite(plan: Plan, theta: NDArray[Any], rows: Rows, batch: NDArray[Any], where: str) -> str:
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
    """
    X, Y = rows.X[batch].astype(theta.dtype), rows.Y[batch].astype(theta.dtype)
    with np.errstate(all="ignore"):
        values = forward(plan.operations, parameter_views(plan.views, theta), X).values
        layer = 0
        for operation, value in zip(plan.operations, values[1:], strict=True):
            layer += isinstance(operation, Affine)
            if not np.isfinite(value).all():
                name = type(operation).__name__.lower()
                return f"a value became NaN or infinite in {where}: first in layer {layer} ({name}); {ADVICE}"
        sums, gradient = loss_and_gradient(plan, theta, X, Y)
    if not np.isfinite(sums.loss):
        return f"the loss became NaN or infinite in {where}; {ADVICE}"
    bad = [v.name for v in plan.views if not np.isfinite(gradient[v.start : v.stop]).all()]
    part = f" of {bad[-1]}" if bad else ""
    return f"the gradient{part} became NaN or infinite in {where}; {ADVICE}"
