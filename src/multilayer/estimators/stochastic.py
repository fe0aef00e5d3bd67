"""Training by "sgd" and "adam": one descent of the library's, watched as scikit-learn watches its own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from multilayer.engines import engine_for
from multilayer.engines.protocol import Rows, State
from multilayer.estimators import learned
from multilayer.estimators.counting import counter
from multilayer.estimators.held_out import hold_out
from multilayer.estimators.optimizer import new_optimizer
from multilayer.estimators.orders import legacy_orders
from multilayer.network.objective import Objective
from multilayer.training.batches import Batches
from multilayer.training.descent import Settings, descend
from multilayer.training.rules import initial_slots
from multilayer.training.task import Task


def fit_stochastic(estimator: Any, objective: Objective, rows: Rows, *, incremental: bool) -> None:
    """Train from the estimator's weights on, for one epoch if `incremental`, and set its attributes."""
    if not incremental or not hasattr(estimator, "_optimizer"):
        estimator._optimizer = new_optimizer(estimator)
    if estimator.early_stopping and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    optimizer = estimator._optimizer
    held_out = None
    if estimator.early_stopping:
        rows, held_out = hold_out(estimator, rows, estimator._stratify(rows.Y))
    n_rows = rows.X.shape[0]
    batches = Batches(n_rows, _batch_size(estimator, n_rows), "given")
    dtype = learned.learned_dtype(estimator)
    theta = objective.network.pack(learned.parameters(estimator), dtype)
    engine = engine_for(None, objective.plan, optimizer.rule.formula, dtype)
    program = engine.program(objective.plan, optimizer.rule.formula, dtype=dtype)
    slots = initial_slots(optimizer.rule, theta) if optimizer.slots is None else optimizer.slots
    program.write(State(theta, slots, optimizer.t))
    score = None
    if held_out is not None:
        of_outputs = estimator._held_out_score(held_out)

        def score() -> float:
            return of_outputs(program.predict(held_out.X))

    task = Task(
        network=objective.network,
        plan=objective.plan,
        rows=rows,
        epochs=1 if incremental else int(estimator.max_iter),
        stop=(counter(estimator, optimizer, n_rows, estimator._loss_divisor(), score),),
    )
    settings = Settings(
        rule=optimizer.rule,
        schedule=optimizer.schedule,
        batches=batches,
        seed=0,
        on_nonfinite="continue",
        orders=legacy_orders(estimator._random_state if estimator.shuffle else None, batches, rows.weight),
        made=optimizer.t,
        mean_by="rows",
    )
    estimator.n_iter_ = 0
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
    if estimator.early_stopping:
        estimator.coefs_, estimator.intercepts_ = estimator._best_coefs, estimator._best_intercepts


def _batch_size(estimator: Any, n_rows: int) -> int:
    """Rows an update."""
    if estimator.batch_size == "auto":
        return min(200, n_rows)
    if estimator.batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
        )
    return int(np.clip(estimator.batch_size, 1, n_rows))
