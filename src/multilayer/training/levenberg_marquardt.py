"""Levenberg–Marquardt: damped Gauss–Newton steps for squared loss.

With residuals r = f − y and their Jacobian 𝐉 = ∂r/∂θ (one row for each output of each sample),

    J(θ) = ½ rᵀ r,   ∇J = 𝐉ᵀ r,   ∇²J ≈ 𝐉ᵀ𝐉,        (𝐉ᵀ𝐉 + μI) p = −𝐉ᵀ r,   θ ← θ + p

(Madsen, Nielsen & Tingleff 2004, "Methods for Non-Linear Least Squares Problems", 2nd edition, equation 3.13;
Levenberg 1944; Marquardt 1963). Small μ gives the Gauss–Newton step, large μ a short step along −∇J.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Program, Rows, State
from multilayer.network.checks import require_not_negative, require_positive
from multilayer.network.plan import Plan
from multilayer.network.propagation import Propagated, backward, forward, parameter_views
from multilayer.network.update import penalty_gradient, scales
from multilayer.training.diagnosis import AT_THE_START, describe_start
from multilayer.training.history import Ending, Run
from multilayer.training.progress import Progress
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch, require_smooth, trained_entries

FloatArray = NDArray[np.floating[Any]]

MOST_PARAMETERS = 5000
BLOCK_ENTRIES = 2**21


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Levenberg–Marquardt with Nielsen's damping, for squared loss and up to 5,000 parameters.

    The damping follows the gain ratio ϱ, the fall of J over the fall that the quadratic model predicts: a step with
    ϱ > 0 is taken and μ ← μ·max(⅓, 1 − (2ϱ − 1)³), ν ← 2; otherwise μ ← μν, ν ← 2ν and a shorter step is tried
    (Madsen, Nielsen & Tingleff 2004, Algorithm 3.16 with equations 2.20 and 3.14).

    Parameters
    ----------
    damping : float
        τ > 0: the first μ over the largest entry of 𝐉ᵀ𝐉's diagonal; 1e-6 if the start is near, up to 1 if not.
    gradient_tolerance : float
        Converged when the gradient's largest entry is at most this.
    step_tolerance : float
        ε; converged when ‖p‖ ≤ ε(‖θ‖ + ε).
    """

    damping: float = 1e-3
    gradient_tolerance: float = 1e-8
    step_tolerance: float = 1e-8
    name: ClassVar[str] = "levenberg_marquardt"
    batch_size: ClassVar[None] = None
    takes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_positive("damping", self.damping)
        require_not_negative("gradient_tolerance", self.gradient_tolerance)
        require_not_negative("step_tolerance", self.step_tolerance)


def minimise(task: Task, method: LevenbergMarquardt, program: Program, theta: FloatArray) -> Run:
    """Minimise the task's objective over all rows from the flat θ on; a step that is taken counts as an epoch.

    J and ∇J come from the program; 𝐉 from the same propagation on NumPy, whatever the engine.

    Raises
    ------
    ValueError
        For another loss than the squared one, too many parameters, dropout, and penalties that are not smooth.
    Diverged
        If J or ∇J is NaN or infinite at the start.
    """
    _require_least_squares(task.plan, method.name)
    program.write(State(theta, ()))
    whole = WholeBatch(task.plan, program, task.rows)
    progress = Progress(task, program, whole)
    if not whole(theta).finite:
        return progress.finish("nonfinite", describe_start(task.plan, theta, task.rows))
    ended: Ending = "epochs"
    message = f"all {task.epochs} epochs were run"
    damping: Damping | None = None
    trained = np.flatnonzero(trained_entries(task.plan))
    try:
        while ended == "epochs" and len(progress.record) < task.epochs:
            if np.abs(whole(theta).gradient).max() <= method.gradient_tolerance:
                ended, message = "converged", f"no entry of the gradient exceeds {method.gradient_tolerance:g}"
                break
            curvature = gauss_newton(task.plan, theta, task.rows)[np.ix_(trained, trained)]
            if not np.isfinite(curvature).all():
                number = len(progress.record) + 1
                ended = "nonfinite"
                message = f"the matrix of the step became NaN or infinite in epoch {number}; {AT_THE_START}"
                break
            if damping is None:
                damping = Damping(method.damping * float(curvature.diagonal().max()))
            found, damping = lower_point(whole, theta, trained, curvature, damping, method.step_tolerance)
            if found is None:
                ended, message = "converged", f"steps fell below {method.step_tolerance:g} of the parameters' norm"
                break
            theta = found
            number = len(progress.record) + 1
            program.write(State(theta, (), number))
            loss, penalty, _ = whole(theta)
            if reason := progress.add(loss, penalty):
                ended, message = "stopped", reason
    except KeyboardInterrupt:
        ended, message = "interrupted", f"interrupted in epoch {len(progress.record) + 1}"
    return progress.finish(ended, message)


class Damping(NamedTuple):
    """μ, and the factor ν by which the next refusal multiplies it."""

    value: float
    growth: float = 2.0

    def after(self, gain: float) -> Damping:
        """Damping after a step with gain ratio ϱ; a NaN counts as a refusal."""
        if gain > 0.0:
            return Damping(self.value * max(1.0 / 3.0, 1.0 - (2.0 * min(gain, 1.0) - 1.0) ** 3))
        return Damping(self.value * self.growth, 2.0 * self.growth)


def lower_point(
    whole: WholeBatch,
    theta: FloatArray,
    trained: NDArray[np.intp],
    curvature: FloatArray,
    damping: Damping,
    tolerance: float,
) -> tuple[FloatArray | None, Damping]:
    """Shorten the step from θ, in the trained entries, until it lowers J; None for a point if it became too short."""
    value, gradient = whole(theta).value, whole(theta).gradient[trained]
    while True:
        step = damped_step(curvature, gradient, damping.value)
        gain = 0.0
        if step is not None:
            if np.linalg.norm(step) <= tolerance * (np.linalg.norm(theta[trained]) + tolerance):
                return None, damping
            predicted = 0.5 * float(step @ (damping.value * step - gradient))
            point = theta.copy()
            point[trained] += step
            gain = (value - whole(point).value) / predicted if predicted > 0.0 else 0.0
        damping = damping.after(gain)
        if step is not None and gain > 0.0:
            return point, damping
        if not np.isfinite(damping.value):
            return None, damping


def damped_step(curvature: FloatArray, gradient: FloatArray, damping: float) -> FloatArray | None:
    """p of (𝐉ᵀ𝐉 + μI) p = −∇J; None where rounding leaves the matrix without a Cholesky factor."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    damped = curvature.copy()
    damped[np.diag_indices_from(damped)] += damping
    try:
        step: FloatArray = cho_solve(cho_factor(damped, overwrite_a=True), -gradient)
    except LinAlgError:
        return None
    return step


def gauss_newton(plan: Plan, theta: FloatArray, rows: Rows) -> FloatArray:
    """𝐉ᵀ𝐉 (P, P) over all rows, by weight and in the objective's scale, plus the penalty's second derivative λ.

    Gathered in blocks of rows, so that no more than a few million entries of 𝐉 stand in memory at once.
    """
    n, P = rows.X.shape[0], plan.n_parameters
    total = np.zeros((P, P), theta.dtype)
    block = max(1, BLOCK_ENTRIES // P)
    for first in range(0, n, block):
        part = slice(first, min(first + block, n))
        X = rows.X[part].toarray() if hasattr(rows.X, "toarray") else rows.X[part]
        for jacobian in output_jacobians(plan, theta, X.astype(theta.dtype, copy=False)):
            if rows.weight is not None:
                jacobian *= np.sqrt(rows.weight[part, None]).astype(theta.dtype)
            with np.errstate(over="ignore", invalid="ignore"):
                total += jacobian.T @ jacobian
    weight = float(n if rows.weight is None else rows.weight.sum())
    rows_scale, penalty_scale = scales(plan, weight)
    total /= rows_scale
    # The L2 penalty is quadratic: its gradient at θ = (1, …, 1) is its second derivative.
    total[np.diag_indices_from(total)] += penalty_gradient(plan, np.ones_like(theta)) / penalty_scale
    return total


def output_jacobians(plan: Plan, theta: FloatArray, X: FloatArray) -> Iterator[FloatArray]:
    """For each output c in turn ∂f_c/∂θ of each row of X (n, D) on its own: k arrays (n, P).

    Backpropagation from the unit vector e_c, with every row as a batch of one.
    """
    parameters = parameter_views(plan.views, theta)
    values = [value[:, None, :] for value in forward(plan.operations, parameters, X).values]
    z = values[-1]
    f, vjp = plan.head.output.function(z), plan.head.output.vjp
    assert vjp is not None
    for c in range(plan.n_outputs):
        unit = np.zeros_like(f)
        unit[..., c] = 1.0
        gradients = backward(plan.operations, parameters, Propagated(values, {}), vjp(z, f, unit))
        yield np.concatenate([g.reshape(len(X), -1) for g in gradients], axis=1)


def _require_least_squares(plan: Plan, method: str) -> None:
    """Refuse an objective that is no sum of squares, or too large for its matrix."""
    require_smooth(plan, method)
    if plan.head.loss.name != "squared":
        raise ValueError(
            f"method: {method!r} minimises squared loss, came loss {plan.head.loss.name!r}; use loss='squared', or "
            "method='lbfgs'"
        )
    if plan.n_parameters > MOST_PARAMETERS:
        raise ValueError(
            f"method: {method!r} solves a linear system with a matrix of parameters × parameters, so it takes at most "
            f"{MOST_PARAMETERS} of them, came {plan.n_parameters}; use method='lbfgs'"
        )
