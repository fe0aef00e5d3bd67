"""Full-batch methods of SciPy on the whole objective: L-BFGS and nonlinear conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Program, State
from multilayer.network.checks import require_integer, require_not_negative
from multilayer.training.diagnosis import describe_start
from multilayer.training.history import Ending, Run
from multilayer.training.progress import Progress
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch, require_smooth, trained_entries

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult  # slow to import


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS: steps along −B∇J, B ≈ (∇²J)⁻¹ from the last steps and changes of the gradient.

    SciPy's L-BFGS-B without bounds (Nocedal & Wright 2006, Algorithm 7.5; Zhu, Byrd, Lu & Nocedal 1997).

    Parameters
    ----------
    memory : int
        Steps remembered, ≥ 1.
    gradient_tolerance : float
        Converged when the gradient's largest entry is at most this.
    loss_tolerance : float
        Converged when a step lowers J by at most this, relative to max(|J|, 1).
    max_evaluations : int
        Evaluations of J and ∇J at most.
    """

    memory: int = 10
    gradient_tolerance: float = 1e-5
    loss_tolerance: float = 2.2e-9
    max_evaluations: int = 15000
    name: ClassVar[str] = "lbfgs"
    batch_size: ClassVar[None] = None
    takes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_integer("memory", self.memory)
        require_not_negative("gradient_tolerance", self.gradient_tolerance)
        require_not_negative("loss_tolerance", self.loss_tolerance)
        require_integer("max_evaluations", self.max_evaluations)

    def options(self) -> dict[str, Any]:
        """SciPy's options."""
        return {
            "maxcor": self.memory,
            "gtol": self.gradient_tolerance,
            "ftol": self.loss_tolerance,
            "maxfun": self.max_evaluations,
        }


@dataclass(frozen=True)
class ConjugateGradient:
    """Nonlinear conjugate gradients: each direction is −∇J plus a multiple of the last direction.

    SciPy's CG, Polak and Ribière's multiple, never negative (Nocedal & Wright 2006, equations 5.41 and 5.45).

    Parameters
    ----------
    gradient_tolerance : float
        Converged when the gradient's largest entry is at most this.
    """

    gradient_tolerance: float = 1e-5
    name: ClassVar[str] = "conjugate_gradient"
    batch_size: ClassVar[None] = None
    takes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_not_negative("gradient_tolerance", self.gradient_tolerance)

    def options(self) -> dict[str, Any]:
        """SciPy's options."""
        return {"gtol": self.gradient_tolerance}


def minimize_with(
    method: LBFGS | ConjugateGradient,
    value_and_gradient: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    start: NDArray[np.float64],
    iterations: int,
    after: Callable[..., None] | None = None,
) -> OptimizeResult:
    """SciPy's minimisation by a method; `after` is its callback."""
    from scipy.optimize import minimize

    return minimize(
        value_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B" if isinstance(method, LBFGS) else "CG",
        callback=after,
        options={**method.options(), "maxiter": iterations},
    )


def minimise(task: Task, method: LBFGS | ConjugateGradient, program: Program, theta: NDArray[Any]) -> Run:
    """Minimise the task's objective over all rows from the flat θ on; an iteration counts as an epoch.

    Raises
    ------
    ValueError
        For dropout and for penalties that are not smooth.
    Diverged
        If J or ∇J is NaN or infinite at the start.
    """

    require_smooth(task.plan, method.name)
    program.write(State(theta, ()))
    whole = WholeBatch(task.plan, program, task.rows)
    progress = Progress(task, program, whole)
    trained = trained_entries(task.plan)
    reason: str | None = None

    def point_at(x: NDArray[np.float64]) -> NDArray[Any]:
        point = theta.copy()
        point[trained] = x
        return point

    def value_and_gradient(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        evaluation = whole(point_at(x))
        # SciPy's line searches step back from infinity, but lose their way at NaN.
        value = evaluation.value if evaluation.finite else np.inf
        return value, evaluation.gradient[trained].astype(np.float64)

    def after(intermediate_result: OptimizeResult) -> None:
        nonlocal reason
        number = len(progress.record) + 1
        point = point_at(intermediate_result.x)
        evaluation = whole(point)
        program.write(State(point, (), number))
        reason = progress.add(evaluation.loss, evaluation.penalty)
        if reason is not None:
            raise StopIteration

    if not whole(theta).finite:
        return progress.finish("nonfinite", describe_start(task.plan, theta, task.rows))
    if task.epochs == 0:
        return progress.finish("epochs", "all 0 epochs were run")
    try:
        result = minimize_with(method, value_and_gradient, theta[trained].astype(np.float64), task.epochs, after)
    except KeyboardInterrupt:
        return progress.finish("interrupted", f"interrupted in epoch {len(progress.record) + 1}")
    if reason is not None:
        return progress.finish("stopped", reason)
    ended: Ending = "converged" if result.success else "epochs" if result.nit >= task.epochs else "stopped"
    return progress.finish(ended, result.message)
