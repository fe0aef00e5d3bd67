"""`train`: minimise an objective from given parameters, by any of the library's methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.engines import engine_for
from multilayer.engines.protocol import OnNonfinite, Program, State
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.arrays import all_finite
from multilayer.network.checks import require_integer
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.per_layer import with_layer_rates
from multilayer.network.plan import Plan
from multilayer.random import Sampling, require_seed
from multilayer.training import full_batch, levenberg_marquardt
from multilayer.training.batches import batches
from multilayer.training.descent import Settings, descend, descent_plan
from multilayer.training.full_batch import LBFGS, ConjugateGradient
from multilayer.training.history import Epoch, Run
from multilayer.training.layerwise import Layerwise, train_layerwise
from multilayer.training.levenberg_marquardt import LevenbergMarquardt
from multilayer.training.rules import Adam, GradientDescent, Rule, initial_slots
from multilayer.training.schedules import Constant, Schedule
from multilayer.training.stopping import Condition
from multilayer.training.task import Score, Task, training_rows, validation_rows

MethodName = Literal["gradient", "lbfgs", "conjugate_gradient", "levenberg_marquardt", "layerwise"]
Method = LBFGS | ConjugateGradient | LevenbergMarquardt | Layerwise

METHODS: dict[str, Method | None] = {
    "gradient": None,
    **{method.name: method for method in (LBFGS(), ConjugateGradient(), LevenbergMarquardt(), Layerwise())},
}


def train(
    objective: Objective,
    theta: Sequence[Any] | NDArray[Any],
    X: ArrayLike,
    T: ArrayLike,
    *,
    method: MethodName | Method = "gradient",
    rule: Rule | None = None,
    batch_size: int | Literal["auto"] | None = "auto",
    epochs: int = 50,
    seed: int = 0,
    sampling: Sampling | None = None,
    schedule: Schedule | None = None,
    layer_rates: Sequence[float] | None = None,
    sample_weight: ArrayLike | None = None,
    validation: tuple[Any, ...] | None = None,
    score: Score | None = None,
    stop: Condition | Sequence[Condition] = (),
    restore_best: bool = False,
    callbacks: Sequence[Callable[[Epoch], object]] = (),
    clip_norm: float | None = None,
    clip_value: float | None = None,
    engine: str | None = None,
    n_threads: int | None = None,
    dtype: Any = np.float64,
    on_nonfinite: OnNonfinite = "stop",
) -> Run:
    """Minimise an objective from θ on: by gradient descent, or by another method.

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
    method : str or description of a method
        - "gradient": descent by `rule`, batch after batch;
        - "lbfgs" (`LBFGS`), "conjugate_gradient" (`ConjugateGradient`): SciPy's, on all rows at once;
        - "levenberg_marquardt" (`LevenbergMarquardt`): damped Gauss–Newton steps, for squared loss and few parameters;
        - "layerwise" (`Layerwise`): the algorithm of 000, which follows no gradient.

        What a method does not use may not be given: of the arguments below `rule`, `batch_size`, `sampling`,
        `schedule`, `clip_norm`, `clip_value` and `on_nonfinite` belong to "gradient"; "layerwise" takes `rule`
        (GradientDescent, for its η) and `sampling`.
    rule : GradientDescent, Momentum, Adam, RMSprop, Adagrad or Rprop, optional
        By default ``Adam(1e-3)``; ``GradientDescent(0.1)`` for "layerwise".
    batch_size : int, "auto" or None
        Rows an update; None the full batch, 1 one sample a step. "auto" is 32 for "gradient", and what another method
        uses anyway.
    epochs : int
        At most so many passes over the rows; iterations of a method that steps on all rows at once.
    seed : int
        Of the order of rows and the dropout masks.
    sampling : {"shuffle", "given", "replacement"}, optional
        Order of the rows; by default "shuffle", and "given" for "layerwise".
    schedule : schedule, optional
        Factor on the rule's rate over time.
    layer_rates : sequence of float, optional
        Factors ≥ 0 on the rate, one for each layer of weights (hidden layers and output); 0 freezes the layer, whose
        parameters keep their bits. Methods that step on all rows at once take 0 and 1. Clipping by norm counts the
        gradient of frozen layers too.
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
        Called with each finished `Epoch`. One that is a context manager too is entered before the first and left when
        the run has ended, in whatever way.
    clip_norm, clip_value : float, optional
        Limits on the gradient's norm and on each of its entries.
    engine : str, optional
        By default the fastest that can run it: functions of your own, and types other than float32 and float64, run on
        the reference engine.
    n_threads : int, optional
        Threads of an engine that has its own; by default it chooses, while it runs. The reference engine takes NumPy's
        and refuses a number.
    dtype : dtype
        Floating type of the computation.
    on_nonfinite : {"stop", "continue"}
        What a batch does whose loss or gradient is NaN or infinite. "stop": `Diverged` is raised before its update, so
        that the parameters stay finite; it tells the epoch, the batch, the layer and what may help. "continue": it
        updates the parameters as any other, as in scikit-learn; the history shows NaN from there on.

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
    require_seed(seed)
    if n_threads is not None:
        require_integer("n_threads", n_threads)
    kind = floating_type(dtype)
    chosen = _method(method)
    if chosen is not None:
        given: dict[str, object] = dict(
            rule=rule,
            sampling=sampling,
            schedule=schedule,
            layer_rates=layer_rates if isinstance(chosen, Layerwise) else None,
            clip_norm=clip_norm,
            clip_value=clip_value,
            on_nonfinite=None if on_nonfinite == "stop" else on_nonfinite,
        )
        _refuse_unused(chosen, {name for name, value in given.items() if value is not None}, batch_size)
    task = Task(
        network=objective.network,
        plan=with_layer_rates(objective.plan, layer_rates),
        rows=training_rows(objective, X, T, sample_weight, kind),
        epochs=epochs,
        validation=None if validation is None else validation_rows(objective, validation, kind),
        score=score,
        stop=stop if isinstance(stop, Sequence) and not isinstance(stop, str) else (stop,),
        callbacks=callbacks,
        restore_best=restore_best,
    )
    start = flat_start(objective.network, theta, kind)
    with task.entered():
        match chosen:
            case None:
                rule = Adam() if rule is None else rule
                rows_a_step = 32 if batch_size == "auto" else batch_size
                dealt = batches(task.rows.X.shape[0], rows_a_step, "shuffle" if sampling is None else sampling)
                settings = Settings(rule, Constant() if schedule is None else schedule, dealt, seed, on_nonfinite)
                settings.check(task)
                task = replace(task, plan=descent_plan(task.plan, rule, clip_norm, clip_value))
                program = program_for(engine, task.plan, rule.formula, kind, n_threads)
                program.write(State(start, initial_slots(rule, start), 0, seed))
                del start  # the program has its copy
                return descend(task, settings, program)
            case Layerwise():
                if engine not in (None, "reference"):
                    raise ValueError(f"engine: method 'layerwise' runs on 'reference' only, came {engine!r}")
                return train_layerwise(
                    task,
                    chosen,
                    program_for("reference", task.plan, GradientDescent.formula, kind, n_threads),
                    start,
                    rule=GradientDescent() if rule is None else rule,
                    batches=batches(task.rows.X.shape[0], 1, "given" if sampling is None else sampling),
                    seed=seed,
                )
            case LevenbergMarquardt():
                program = program_for(engine, task.plan, GradientDescent.formula, kind, n_threads)
                return levenberg_marquardt.minimise(task, chosen, program, start)
            case LBFGS() | ConjugateGradient():
                program = program_for(engine, task.plan, GradientDescent.formula, kind, n_threads)
                return full_batch.minimise(task, chosen, program, start)


def _method(method: object) -> Method | None:
    """A method's description; None for gradient descent, which the other arguments describe."""
    if isinstance(method, Method):
        return method
    if not isinstance(method, str) or method not in METHODS:
        descriptions = ", ".join(type(m).__name__ for m in METHODS.values() if m is not None)
        raise ValueError(
            f"method: must be one of {', '.join(map(repr, METHODS))}, or one of {descriptions}, came {method!r}"
        )
    return METHODS[method]


def _refuse_unused(method: Method, given: set[str], batch_size: object) -> None:
    """Refuse arguments that were given and that the method would not heed."""
    for name in sorted(given - set(method.takes)):
        raise ValueError(f"{name}: method {method.name!r} does not use it; leave it out, or use method='gradient'")
    if batch_size not in ("auto", method.batch_size):
        rows = "one row" if method.batch_size == 1 else "all rows"
        raise ValueError(
            f"batch_size: method {method.name!r} uses {rows} a step; leave it out, or use method='gradient', "
            f"came {batch_size!r}"
        )


def floating_type(dtype: Any) -> np.dtype[Any]:
    """The computation's type; engines say which they take."""
    try:
        return np.dtype(dtype)
    except TypeError:
        raise TypeError(f"dtype: must be a floating type such as 'float32' or 'float64', came {dtype!r}") from None


def flat_start(network: Network, theta: Sequence[Any] | NDArray[Any], kind: np.dtype[Any]) -> NDArray[Any]:
    """The flat θ in the computation's type; refused unless it is finite in it."""
    with np.errstate(over="ignore"):
        start = network.pack(theta, kind)
    if not all_finite(start):
        name = next(v.name for v in network.views if not all_finite(start[v.start : v.stop]))
        raise ValueError(f"theta: {name} holds NaN or infinity in {kind}; start from finite parameters")
    return start


def program_for(
    engine: str | None, plan: Plan, rule: UpdateRule, kind: np.dtype[Any], n_threads: int | None
) -> Program:
    """A program of the named engine, or of the fastest that does not refuse the plan."""
    return engine_for(engine, plan, rule, kind).program(plan, rule, dtype=kind, n_threads=n_threads)
