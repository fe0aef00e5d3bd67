"""Training by "lbfgs" as scikit-learn calls SciPy: all weights, then all intercepts, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.optimize import _check_optimize_result

from multilayer.engines import engine_for
from multilayer.engines.protocol import Rows, State
from multilayer.estimators import learned
from multilayer.network.objective import Objective
from multilayer.training.full_batch import LBFGS, minimize_with
from multilayer.training.rules import GradientDescent
from multilayer.training.whole_batch import WholeBatch

# SciPy's own default, which scikit-learn leaves as it is.
LOSS_TOLERANCE = 2.220446049250313e-09


def fit_lbfgs(estimator: Any, objective: Objective, rows: Rows) -> None:
    """Minimise from the estimator's weights on, and set its attributes.

    What is reported of a squared loss is divided by the number of outputs and its gradient is not, as in scikit-learn,
    whose line search is given this pair.
    """
    network, plan, divisor = objective.network, objective.plan, estimator._loss_divisor()
    start = network.pack(learned.parameters(estimator), np.float64)
    packed = _packing(objective)
    place = np.argsort(packed)  # of each entry of θ among the packed
    program = engine_for(None, plan, GradientDescent.formula, np.dtype(np.float64)).program(
        plan, GradientDescent.formula, dtype=np.float64
    )
    program.write(State(start, ()))
    whole = WholeBatch(plan, program, rows)

    def value_and_gradient(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        evaluation = whole(x[place])
        return evaluation.loss / divisor + evaluation.penalty, evaluation.gradient[packed]

    method = LBFGS(
        gradient_tolerance=float(estimator.tol),
        loss_tolerance=LOSS_TOLERANCE,
        max_evaluations=int(estimator.max_fun),
    )
    result = minimize_with(method, value_and_gradient, start[packed], int(estimator.max_iter))
    estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
    estimator.loss_ = result.fun
    theta = network.unpack(result.x[place])
    estimator.coefs_, estimator.intercepts_ = learned.coefs_of(theta), learned.intercepts_of(theta)


def _packing(objective: Objective) -> NDArray[np.int64]:
    """Where in θ the entries of all Wᵀ, then of all b, are."""
    layers = objective.network.unpack(np.arange(objective.network.n_parameters))
    weights = [np.ravel(layer.W.T) for layer in layers]
    return np.concatenate([*weights, *(layer.b for layer in layers if layer.b is not None)])
