"""Several networks of one description trained at once, each from its own weights and with its own order of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.engines import engine_for
from multilayer.engines.protocol import State, Stretch
from multilayer.network.checks import require_integer
from multilayer.network.objective import Objective
from multilayer.random import require_seed
from multilayer.training.batches import batches
from multilayer.training.rules import Rule, initial_slots
from multilayer.training.schedules import Timed
from multilayer.training.stretches import Stretches
from multilayer.training.task import training_rows


def train_members(
    objective: Objective,
    theta: NDArray[Any],
    X: ArrayLike,
    T: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    rule: Rule,
    schedule: Timed,
    batch_size: int,
    epochs: int,
    seeds: Sequence[int],
    n_threads: int | None = None,
    dtype: Any = np.float64,
) -> tuple[NDArray[Any], int]:
    """Train K networks at once by gradient descent.

    Each ends as `train` with its seed would have left it, if it had been trained alone with the same rule and schedule.

    Parameters
    ----------
    objective : Objective
        J, the same for all.
    theta : ndarray (K, P)
        Where each starts.
    X, T, sample_weight
        As in `train`.
    rule, schedule, batch_size, epochs, n_threads, dtype
        As in `train`; without weight decay.
    seeds : sequence of int (K,)
        Of each one's order of rows and dropout masks.

    Returns
    -------
    theta : ndarray (K, P)
    epochs : int
        Whole epochs that were run: fewer after Ctrl-C, which ends the run after the last update that all have made.

    Raises
    ------
    FloatingPointError
        If a loss or gradient of one of them became NaN or infinite.
    """
    objective.require_gradient()
    require_integer("epochs", epochs)
    seeds = tuple(require_seed(seed) for seed in seeds)
    kind = np.dtype(dtype)
    rows = training_rows(objective, X, T, sample_weight, kind)
    dealt = batches(rows.X.shape[0], batch_size, "shuffle")
    plan = objective.plan
    engine = engine_for(None, plan, rule.formula, kind)
    program = engine.program(plan, rule.formula, dtype=kind, members=len(seeds), n_threads=n_threads)
    start = np.ascontiguousarray(theta, kind)
    program.write(State(start, initial_slots(rule, start), 0, seeds))
    data = program.load(rows)
    each = [Stretches(rule, schedule, dealt, seed, "stop", epochs, sure=epochs) for seed in seeds]
    for stretches in zip(*each, strict=True):
        order = np.stack([stretch.order for stretch in stretches])
        report = program.advance(data, Stretch(order, stretches[0].starts, stretches[0].scalars))
        if report.ended == "interrupted":
            break
        if report.ended == "nonfinite":
            raise FloatingPointError(
                "a loss or gradient became NaN or infinite; use a smaller rate, or inputs and targets scaled to about "
                "unit size"
            )
    state = program.release()
    return state.theta, state.step // dealt.per_epoch
