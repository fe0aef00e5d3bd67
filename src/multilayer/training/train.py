"""`train`: minimise an objective from given parameters, by any of the library's methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.engines import engine as engine_named
from multilayer.engines.protocol import OnNonfinite, Rows
from multilayer.network.network import check_inputs
from multilayer.network.objective import Objective, check_weight
from multilayer.network.plan import Plan
from multilayer.random import Sampling
from multilayer.training.batches import batches
from multilayer.training.descent import Score, Settings, descend
from multilayer.training.history import Epoch, Run
from multilayer.training.rules import Adam, Rprop, Rule
from multilayer.training.schedules import Constant, Plateau, Schedule
from multilayer.training.stopping import Condition, GradientNorm, Patience, Seconds


def train(
    objective: Objective,
    theta: Sequence[Any] | NDArray[Any],
    X: ArrayLike,
    T: ArrayLike,
    *,
    rule: Rule | None = None,
    batch_size: int | None = 32,
    epochs: int = 50,
    seed: int = 0,
    sampling: Sampling = "shuffle",
    schedule: Schedule | None = None,
    sample_weight: ArrayLike | None = None,
    validation: tuple[Any, ...] | None = None,
    score: Score | None = None,
    stop: Condition | Sequence[Condition] = (),
    restore_best: bool = False,
    callbacks: Sequence[Callable[[Epoch], object]] = (),
    clip_norm: float | None = None,
    clip_value: float | None = None,
    engine: str | None = None,
    dtype: Any = np.float64,
    on_nonfinite: OnNonfinite = "stop",
) -> Run:
    """Minimise an objective by gradient descent, from θ on.

    Parameters
    ----------
    objective : Objective
        J.
    theta : parameters
        Where to start, as `Network.initialize` gives them; not changed.
    X : array_like or SciPy sparse (n, D)
        Rows.
    T : array_like
        Targets as the objective's head takes them.
    rule : GradientDescent, Momentum, Adam, RMSprop, Adagrad or Rprop, optional
        By default ``Adam(1e-3)``.
    batch_size : int or None
        Rows an update; None the full batch, 1 one sample a step.
    epochs : int
        At most so many passes over the rows.
    seed : int
        Of the order of rows and the dropout masks.
    sampling : {"shuffle", "given", "replacement"}
        Order of the rows.
    schedule : schedule, optional
        Factor on the rule's rate over time.
    sample_weight : array_like (n,), optional
        Weights ≥ 0; a batch's mean is by weight.
    validation : tuple, optional
        ``(X, T)`` or ``(X, T, sample_weight)``; its loss is measured after every epoch.
    score : callable, optional
        From the outputs on the validation rows to a number, larger when better.
    stop : condition or sequence of conditions
        `Patience`, `GradientNorm`, `Seconds`, or a callable from an `Epoch` to a bool.
    restore_best : bool
        Return the parameters of the epoch with the best validation score, or loss without `score`.
    callbacks : sequence of callable
        Called with each finished `Epoch`.
    clip_norm, clip_value : float, optional
        Limits on the gradient's norm and on each of its entries.
    engine : str, optional
        By default the fastest installed.
    dtype : dtype
        Floating type of the computation.
    on_nonfinite : {"stop", "continue"}
        "stop" raises `Diverged` before the first update by a NaN or infinite gradient.

    Returns
    -------
    Run
        Parameters, history, and why it ended. Ctrl-C ends a run after the last whole update.

    Raises
    ------
    ValueError, TypeError
        Before any work, naming the argument.
    Diverged
        With the epoch, the batch and the layer where a value first became NaN or infinite, and with the run so far.
    """
    if not isinstance(objective, Objective):
        raise TypeError(f"objective: must be an Objective, came {type(objective).__name__}")
    objective.require_gradient()
    settings = Settings(
        network=objective.network,
        plan=_plan(objective, rule or Adam(), clip_norm, clip_value),
        rule=rule or Adam(),
        schedule=schedule or Constant(),
        batches=batches(np.shape(X)[0] if np.ndim(X) else 0, batch_size, sampling),
        epochs=epochs,
        seed=seed,
        rows=training_rows(objective, X, T, sample_weight),
        validation=None if validation is None else _validation_rows(objective, validation),
        score=score,
        stop=tuple(stop) if isinstance(stop, Sequence) else (stop,),
        callbacks=tuple(callbacks),
        restore_best=restore_best,
        on_nonfinite=on_nonfinite,
    )
    _check(settings)
    chosen = engine_named(engine)
    if reason := chosen.refuses(settings.plan, settings.rule.formula, np.dtype(dtype)):
        raise ValueError(f"engine: {chosen.name!r} cannot run this: {reason}")
    program = chosen.program(settings.plan, settings.rule.formula, dtype=dtype)
    return descend(settings, program, objective.network.pack(theta, np.dtype(dtype)))


def training_rows(objective: Objective, X: Any, T: Any, sample_weight: Any = None, name: str = "X") -> Rows:
    """Rows checked and encoded for an objective; an empty table is refused."""
    inputs = check_inputs(X, objective.network.n_inputs, name)
    if inputs.shape[0] == 0:
        raise ValueError(f"{name}: has no rows")
    return Rows(inputs, objective.encode(T, inputs.shape[0]), check_weight(sample_weight, inputs.shape[0]))


def _validation_rows(objective: Objective, validation: tuple[Any, ...]) -> Rows:
    """Validation rows, checked."""
    if not isinstance(validation, tuple) or len(validation) not in (2, 3):
        raise TypeError("validation: must be a tuple (X, T) or (X, T, sample_weight)")
    try:
        return training_rows(objective, *validation)
    except ValueError as error:
        raise ValueError(f"validation: {error}") from error


def _plan(objective: Objective, rule: Rule, clip_norm: float | None, clip_value: float | None) -> Plan:
    """The objective's plan with the rule's weight decay on the weights, and clipping."""
    for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
        if limit is not None and not limit > 0:
            raise ValueError(f"{name}: must be positive, came {limit!r}")
    plan = objective.plan
    decay = 0.0 if isinstance(rule, Rprop) else rule.weight_decay
    views = tuple(replace(v, decay=decay) if v.name.endswith(".W") else v for v in plan.views)
    return replace(plan, views=views, clip_norm=clip_norm, clip_value=clip_value)


def _check(settings: Settings) -> None:
    """Refuse what does not go together."""
    s = settings
    if not isinstance(s.rule, Rule):
        raise TypeError(f"rule: must be one of {_names(Rule)}, came {s.rule!r}")
    if not isinstance(s.schedule, Schedule):
        raise TypeError(f"schedule: must be one of {_names(Schedule)}, came {s.schedule!r}")
    if isinstance(s.epochs, bool) or not isinstance(s.epochs, (int, np.integer)) or s.epochs < 0:
        raise ValueError(f"epochs: must be an integer of at least 0, came {s.epochs!r}")
    if s.on_nonfinite not in ("stop", "continue"):
        raise ValueError(f"on_nonfinite: must be 'stop' or 'continue', came {s.on_nonfinite!r}")
    if s.rule.formula.full_batch and (s.batches.per_epoch > 1 or s.batches.sampling == "replacement"):
        raise ValueError(
            f"batch_size: {type(s.rule).__name__} needs the full batch (signs of noisy gradients shrink every step); "
            f"use batch_size=None, came {s.batches.batch_size} of {s.batches.n_rows} rows"
        )
    if isinstance(s.rule, Rprop) and s.plan.penalty_step == "proximal":
        raise ValueError("rule: Rprop has no rate for a proximal step; use a penalty with step='gradient'")
    if isinstance(s.rule, Rprop) and not isinstance(s.schedule, Constant):
        raise ValueError("schedule: Rprop sets its own steps, so no schedule of a rate can act on it")
    watches = [c.on for c in (*s.stop, s.schedule) if isinstance(c, (Patience, Plateau))]
    if s.validation is None and (s.restore_best or s.score is not None or set(watches) - {"loss"}):
        raise ValueError("validation: needed for restore_best, score, and whatever watches the validation rows")
    if s.score is None and "validation_score" in watches:
        raise ValueError("score: needed to watch 'validation_score'")
    for condition in s.stop:
        if not callable(condition) and not isinstance(condition, (Patience, GradientNorm, Seconds)):
            raise TypeError(f"stop: must be Patience, GradientNorm, Seconds or a callable, came {condition!r}")


def _names(union: Any) -> str:
    """Names of the classes in a union."""
    return ", ".join(t.__name__ for t in get_args(union))
