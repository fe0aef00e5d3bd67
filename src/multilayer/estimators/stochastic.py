"""Training by "sgd", "adam" and their like: one descent of the library's, watched as scikit-learn watches its own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from multilayer.engines import engine_for
from multilayer.engines.protocol import Rows, State
from multilayer.estimators import learned
from multilayer.estimators.architecture import plan_of
from multilayer.estimators.counting import Counter
from multilayer.estimators.held_out import parted, restores_best, scoring
from multilayer.estimators.optimizer import Optimizer, new_optimizer
from multilayer.estimators.orders import legacy_orders
from multilayer.estimators.scikit_learn_callbacks import FitTask
from multilayer.estimators.watching import watchers
from multilayer.network.objective import Objective
from multilayer.network.plan import Dropout
from multilayer.training.batches import Batches
from multilayer.training.descent import Settings, descend, descent_plan
from multilayer.training.rules import initial_slots
from multilayer.training.task import Task


def fit_stochastic(
    estimator: Any, objective: Objective, rows: Rows, fit: FitTask | None, *, incremental: bool, groups: Any
) -> None:
    """Train from the estimator's weights on, for one epoch if `incremental`, and set its attributes.

    `fit` is what callbacks of scikit-learn's see of it; `groups` (n,) or None are for the split of early stopping.

    Raises
    ------
    ValueError
        For parameters that do not go together, and data that are too few.
    Diverged
        With ``on_nonfinite="stop"``, where a loss or gradient became NaN or infinite.
    """
    if not incremental or not hasattr(estimator, "_optimizer"):
        estimator._optimizer = new_optimizer(estimator)
    if estimator.early_stopping and incremental and estimator.validation_data is None:
        raise ValueError("partial_fit does not support early_stopping=True")
    optimizer: Optimizer = estimator._optimizer
    rows, held_out = parted(estimator, rows, groups)
    n_rows = rows.X.shape[0]
    batches = Batches(n_rows, _batch_size(estimator, optimizer, n_rows), "given")
    dtype = learned.learned_dtype(estimator)
    plan = descent_plan(plan_of(estimator, objective), optimizer.rule, estimator.clip_norm, None)
    theta = objective.network.pack(learned.parameters(estimator), dtype)
    program = engine_for(estimator.engine, plan, optimizer.rule.formula, dtype).program(
        plan, optimizer.rule.formula, dtype=dtype, n_threads=estimator.n_threads
    )
    slots = initial_slots(optimizer.rule, theta) if optimizer.slots is None else optimizer.slots
    program.write(State(theta, slots, optimizer.t, _mask_seed(estimator, objective)))
    best = restores_best(estimator)
    if best and held_out is None:
        raise ValueError("restore_best: needs validation_data, or early_stopping=True")
    watched = held_out is not None and (best or estimator.early_stopping)
    divisor = estimator._loss_divisor()
    score = scoring(estimator, held_out, program, objective.network, divisor) if watched and held_out else None
    measured = held_out is not None and (estimator.validation_data is not None or estimator.early_stopping_on == "loss")
    if measured and not hasattr(estimator, "validation_loss_curve_"):
        estimator.validation_loss_curve_ = []
    epochs = 1 if incremental else int(estimator.max_iter)
    callbacks, stop = watchers(
        estimator,
        fit,
        Counter(estimator, optimizer, n_rows, divisor, score),
        trained_on=None if held_out is None else held_out.others,
        best=best and not incremental,
    )
    task = Task(
        network=objective.network,
        plan=plan,
        rows=rows,
        epochs=epochs,
        validation=held_out.rows if held_out is not None and measured else None,
        stop=stop,
        callbacks=callbacks,
    )
    settings = Settings(
        rule=optimizer.rule,
        schedule=optimizer.schedule,
        batches=batches,
        seed=0,
        on_nonfinite=estimator.on_nonfinite,
        orders=legacy_orders(estimator._random_state if estimator.shuffle else None, batches, rows.weight),
        made=optimizer.t,
        mean_by="rows",
        planned=int(estimator.max_iter),
    )
    if optimizer.lr_schedule is None:
        settings.check(task)
    estimator.n_iter_ = 0
    with task.entered():
        run = descend(task, settings, program)
    assert run.state is not None
    optimizer.remember(run.state.slots, run.state.step)
    learned.keep(estimator, run.theta)
    if run.ended == "interrupted":
        warnings.warn("Training interrupted by user.", stacklevel=4)
    elif run.ended == "epochs" and not incremental:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization "
            "hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=4,
        )
    if best and (not incremental or run.ended == "stopped"):
        estimator.coefs_, estimator.intercepts_ = estimator._best_coefs, estimator._best_intercepts


def _batch_size(estimator: Any, optimizer: Optimizer, n_rows: int) -> int:
    """Rows an update."""
    if estimator.batch_size == "auto":
        return n_rows if optimizer.rule.formula.full_batch else min(200, n_rows)
    if estimator.batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
        )
    return int(np.clip(estimator.batch_size, 1, n_rows))


def _mask_seed(estimator: Any, objective: Objective) -> int:
    """Key of the dropout masks; drawn only where there is dropout, so that nothing else changes."""
    if not any(isinstance(operation, Dropout) for operation in objective.plan.operations):
        return 0
    if not hasattr(estimator, "_mask_seed") or estimator._optimizer.t == 0:
        estimator._mask_seed = int(estimator._random_state.randint(2**31))
    return int(estimator._mask_seed)
