"""What full-batch methods share: J(θ) and its gradient over all rows, from what an engine sums, and common refusals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Program, Rows
from multilayer.network.plan import Dropout, Plan
from multilayer.network.update import objective_gradient, objective_terms


class Evaluation(NamedTuple):
    """The two terms of J(θ) = loss + penalty, and ∇J(θ) (P,)."""

    loss: float
    penalty: float
    gradient: NDArray[Any]

    @property
    def value(self) -> float:
        """J(θ)."""
        return self.loss + self.penalty

    @property
    def finite(self) -> bool:
        """Whether nothing is NaN or infinite."""
        return bool(np.isfinite(self.value) and np.isfinite(self.gradient).all())


class WholeBatch:
    """Evaluates J on all rows; the last evaluation is kept, because a method and what watches it ask for the same θ.

    Of frozen layers the gradient is 0.
    """

    def __init__(self, plan: Plan, program: Program, rows: Rows) -> None:
        self.data = program.load(rows)
        self._plan, self._program = plan, program
        self._frozen = [v for v in plan.views if v.rate == 0.0]
        self._last: tuple[NDArray[Any], Evaluation] | None = None

    def __call__(self, theta: NDArray[Any]) -> Evaluation:
        """J and ∇J at θ (P,), without dropout."""
        if self._last is None or not np.array_equal(self._last[0], theta):
            self._last = theta.copy(), self._evaluate(theta)
        return self._last[1]

    def _evaluate(self, theta: NDArray[Any]) -> Evaluation:
        # A line search may try a θ where the loss overflows, and steps back from it: no reason for a warning.
        with np.errstate(over="ignore", invalid="ignore"):
            sums, gradient = self._program.gradient(self.data, theta=theta)
            weight = float(sums.weight)
            loss, omega = objective_terms(self._plan, theta, sums.loss, weight)
            gradient = objective_gradient(self._plan, theta, gradient, weight)
        for v in self._frozen:
            gradient[v.start : v.stop] = 0.0
        return Evaluation(float(loss), float(omega), gradient)


def trained_entries(plan: Plan) -> NDArray[np.bool_]:
    """Which entries of θ are trained (P,): those of layers that are not frozen."""
    trained = np.ones(plan.n_parameters, bool)
    for view in plan.views:
        trained[view.start : view.stop] = view.rate != 0.0
    return trained


def require_smooth(plan: Plan, method: str) -> None:
    """Refuse an objective that is random, or has no gradient everywhere by its penalty, and rates of single layers.

    Raises
    ------
    ValueError
        Naming what is in the way, and what to do.
    """
    if any(isinstance(operation, Dropout) and operation.rate > 0.0 for operation in plan.operations):
        raise ValueError(
            f"method: {method!r} needs an objective that gives the same value twice, and dropout draws anew each time; "
            "leave Dropout out, or use method='gradient'"
        )
    for v in plan.views:
        if v.rate not in (0.0, 1.0):
            raise ValueError(
                f"layer_rates: {method!r} steps in all layers at once and takes 0 (frozen) and 1 alone, came {v.rate:g}"
            )
    if any(v.l1 for v in plan.views):
        raise ValueError(
            f"penalty: λΣ|w| is not differentiable at 0, where {method!r} would stall; use L2, or method='gradient' "
            "with step='proximal'"
        )
    if plan.penalty_step != "gradient" and any(v.l2 for v in plan.views):
        raise ValueError(
            f"penalty: {method!r} descends the whole objective, so it takes no proximal steps; use step='gradient'"
        )
