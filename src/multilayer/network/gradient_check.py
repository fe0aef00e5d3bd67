"""Backpropagation against central differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multilayer.network.checks import require_positive
from multilayer.network.objective import Objective


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradient` found.

    Attributes
    ----------
    error : float
        ‖g − d‖ / max(‖g‖, ‖d‖): g checked, d by differences; 0 where both vanish.
    worst : str
        The parameter with the largest difference, such as ``"1.W[0, 2]"``.
    checked, difference : float
        Its two derivatives.
    tolerance : float
        What `error` is held against.
    """

    error: float
    worst: str
    checked: float
    difference: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance

    def __str__(self) -> str:
        verdict = "agree" if self.passed else "DISAGREE"
        return (
            f"gradients {verdict}: relative error {self.error:.1e} (tolerance {self.tolerance:.0e}); "
            f"largest difference at {self.worst}: {self.checked:.10g}, by central differences {self.difference:.10g}"
        )


def check_gradient(
    objective: Objective,
    theta: Sequence[Any],
    X: ArrayLike,
    T: ArrayLike,
    *,
    gradient: Sequence[Any] | None = None,
    sample_weight: Any = None,
    step: float = 6e-6,
    tolerance: float = 1e-7,
) -> GradientReport:
    """Compare a gradient with central differences (J(θ + s) − J(θ − s)) / 2s in every parameter.

    Parameters
    ----------
    objective : Objective
        J.
    theta, X, T, sample_weight
        As in `Objective.value_and_gradient`.
    gradient : parameters, optional
        The gradient to check, of the shape of `theta`: a student's own. By default the library's.
    step : float
        s, times max(1, |θ_i|); near ε^(1/3), where truncation and rounding balance in float64.
    tolerance : float
        Allowed error relative to the gradient's norm.

    Returns
    -------
    GradientReport
        Printing it tells the verdict and the worst parameter. A gradient that holds NaN or infinity never passes.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, by name.
    """
    if not isinstance(objective, Objective):
        raise TypeError(f"objective: must be an Objective, came {type(objective).__name__}")
    require_positive("step", step)
    require_positive("tolerance", tolerance)
    net = objective.network
    flat = net.pack(theta)
    if gradient is None:
        _, gradient = objective.value_and_gradient(theta, X, T, sample_weight)
    g = net.pack(gradient, name="gradient")
    d = np.empty_like(flat)
    for i in range(flat.size):
        s = step * max(1.0, abs(flat[i]))
        up, down = flat.copy(), flat.copy()
        up[i] += s
        down[i] -= s
        rise = objective.value(up, X, T, sample_weight) - objective.value(down, X, T, sample_weight)
        d[i] = rise / (up[i] - down[i])
    scale = max(float(np.linalg.norm(g)), float(np.linalg.norm(d)))
    error = float(np.linalg.norm(g - d)) / scale if scale != 0.0 else 0.0
    worst = int(np.argmax(np.abs(g - d)))
    view = next(v for v in net.views if v.start <= worst < v.stop)
    position = ", ".join(str(int(n)) for n in np.unravel_index(worst - view.start, view.shape))
    return GradientReport(error, f"{view.name}[{position}]", float(g[worst]), float(d[worst]), tolerance)
