"""Training on all rows at once: "lbfgs" as scikit-learn calls SciPy, "conjugate_gradient" and "levenberg_marquardt"."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.optimize import _check_optimize_result

from multilayer.engines import engine_for
from multilayer.engines.protocol import Program, Rows, State
from multilayer.estimators import learned
from multilayer.estimators.architecture import plan_of
from multilayer.estimators.counting import forget_held_out, iteration_counter
from multilayer.estimators.held_out import given_rows, restores_best, scoring
from multilayer.estimators.scikit_learn_callbacks import FitTask
from multilayer.estimators.watching import watchers
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.plan import Plan
from multilayer.training import full_batch, levenberg_marquardt
from multilayer.training.full_batch import LBFGS, ConjugateGradient, minimize_with
from multilayer.training.levenberg_marquardt import LevenbergMarquardt
from multilayer.training.progress import Progress
from multilayer.training.rules import GradientDescent
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch, require_smooth, trained_entries

# SciPy's own default, which scikit-learn leaves as it is.
LOSS_TOLERANCE = 2.220446049250313e-09


def fit_whole_batch(estimator: Any, objective: Objective, rows: Rows, fit: FitTask | None) -> None:
    """Minimise from the estimator's weights on, and set its attributes; `fit` is what scikit-learn's callbacks see.

    In float64; "lbfgs" evaluates in the type of the weights it starts from, as scikit-learn does.

    Raises
    ------
    ValueError
        For parameters that the solver does not heed, objectives that are not smooth, and bad `validation_data`.
    """
    _refuse_unused(estimator)
    plan = plan_of(estimator, objective)
    require_smooth(plan, estimator.solver)
    dtype = learned.learned_dtype(estimator) if estimator.solver == "lbfgs" else np.dtype(np.float64)
    start = objective.network.pack(learned.parameters(estimator), dtype)
    formula = GradientDescent.formula
    program = engine_for(estimator.engine, plan, formula, dtype).program(
        plan, formula, dtype=dtype, n_threads=estimator.n_threads
    )
    program.write(State(start, ()))
    task = _task(estimator, objective.network, plan, rows, program, fit)
    minimised = _lbfgs if estimator.solver == "lbfgs" else _by_the_library
    with task.entered():
        found = minimised(estimator, objective, task, program, start)
    if task.validation is not None and restores_best(estimator):
        estimator.coefs_, estimator.intercepts_ = estimator._best_coefs, estimator._best_intercepts
        found = objective.network.pack(learned.parameters(estimator), found.dtype)
    theta = objective.network.unpack(found)
    estimator.coefs_, estimator.intercepts_ = learned.coefs_of(theta), learned.intercepts_of(theta)


def _task(estimator: Any, network: Network, plan: Plan, rows: Rows, program: Program, fit: FitTask | None) -> Task:
    """What is minimised and looked at; the records of the user's rows held out, if any, begin anew."""
    divisor, held_out, score = estimator._loss_divisor(), None, None
    vars(estimator).pop("validation_loss_curve_", None)
    best = restores_best(estimator) and estimator.validation_data is not None
    if estimator.validation_data is not None:
        held_out = given_rows(estimator)
        forget_held_out(estimator)
        estimator.validation_loss_curve_ = []
        theta = learned.parameters(estimator)
        estimator._best_coefs, estimator._best_intercepts = learned.coefs_of(theta), learned.intercepts_of(theta)
        if best or estimator.early_stopping:
            score = scoring(estimator, held_out, program, network, divisor)
    callbacks, stop = watchers(estimator, fit, iteration_counter(estimator, divisor, score), best=best)
    return Task(
        network,
        plan,
        rows,
        int(estimator.max_iter),
        validation=None if held_out is None else held_out.rows,
        stop=() if held_out is None and fit is None else stop,
        callbacks=callbacks,
    )


def _lbfgs(
    estimator: Any, objective: Objective, task: Task, program: Program, start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """θ at the end, from what is trained of all weights packed before all intercepts.

    What is reported of a squared loss is divided by the number of outputs and its gradient is not, as in scikit-learn,
    whose line search is given this pair.
    """
    divisor = estimator._loss_divisor()
    packed = _packing(objective)
    packed = packed[trained_entries(task.plan)[packed]]
    whole = WholeBatch(task.plan, program, task.rows)

    def unpacked(x: NDArray[np.float64], dtype: np.dtype[Any] = start.dtype) -> NDArray[Any]:
        theta = start.astype(dtype)
        theta[packed] = x
        return theta

    def value_and_gradient(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        evaluation = whole(unpacked(x))
        return evaluation.loss / divisor + evaluation.penalty, evaluation.gradient[packed].astype(np.float64)

    method = LBFGS(
        gradient_tolerance=float(estimator.tol), loss_tolerance=LOSS_TOLERANCE, max_evaluations=int(estimator.max_fun)
    )
    progress = Progress(task, program, whole)
    stopped: str | None = None

    def after(intermediate_result: Any) -> None:
        nonlocal stopped
        theta = unpacked(intermediate_result.x)
        evaluation = whole(theta)
        program.write(State(theta, (), len(progress.record) + 1))
        stopped = progress.add(evaluation.loss, evaluation.penalty)
        if stopped is not None:
            raise StopIteration

    after_each = after if progress.looking else None
    result = minimize_with(method, value_and_gradient, start[packed], task.epochs, after_each)
    estimator.n_iter_ = result.nit if stopped else _check_optimize_result("lbfgs", result, estimator.max_iter)
    estimator.loss_ = result.fun
    return unpacked(result.x, np.dtype(np.float64))


def _packing(objective: Objective) -> NDArray[np.int64]:
    """Where in θ the entries of all Wᵀ, then of all b, are."""
    layers = objective.network.unpack(np.arange(objective.network.n_parameters))
    weights = [np.ravel(layer.W.T) for layer in layers]
    return np.concatenate([*weights, *(layer.b for layer in layers if layer.b is not None)])


def _by_the_library(
    estimator: Any, objective: Objective, task: Task, program: Program, start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """θ at the end; every iteration's loss is recorded."""
    tolerance = float(estimator.tol)
    if estimator.solver == "conjugate_gradient":
        run = full_batch.minimise(task, ConjugateGradient(tolerance), program, start)
    else:
        run = levenberg_marquardt.minimise(task, LevenbergMarquardt(gradient_tolerance=tolerance), program, start)
    curve = run.history["loss"] / estimator._loss_divisor() + run.history["penalty"]
    estimator.n_iter_ = len(curve)
    estimator.loss_curve_ = curve.tolist()
    estimator.loss_ = estimator.loss_curve_[-1] if len(curve) else np.nan
    if run.ended == "epochs":
        text = f"{estimator.solver}: Maximum iterations ({estimator.max_iter}) reached, and the optimization hasn't"
        warnings.warn(text + " converged yet.", ConvergenceWarning, stacklevel=5)
    return objective.network.pack(run.theta)


def _refuse_unused(estimator: Any) -> None:
    """Refuse parameters that descent alone heeds."""
    given = {
        "schedule": estimator.schedule is not None,
        "rule": estimator.rule is not None,
        "clip_norm": estimator.clip_norm is not None,
        "weight_decay": estimator.weight_decay is not None and bool(np.any(estimator.weight_decay)),
        "on_nonfinite": estimator.on_nonfinite != "continue",
    }
    for name, unused in given.items():
        if unused:
            raise ValueError(f"{name}: solver {estimator.solver!r} does not use it; leave it out, or use 'adam'")
    if estimator.restore_best and estimator.validation_data is None:
        raise ValueError(f"restore_best: needs validation_data with solver {estimator.solver!r}")
