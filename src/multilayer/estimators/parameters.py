"""What scikit-learn's parameters may be, and those that say more than one thing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeVar, get_args

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.metaestimators import available_if

from multilayer.engines import ENGINES
from multilayer.formulas.activations import ACTIVATIONS, Activation
from multilayer.formulas.outputs import OUTPUTS
from multilayer.network.initial_weights import INITIAL_WEIGHTS, InitialWeights
from multilayer.training.rules import Rule
from multilayer.training.schedules import Schedule

# scikit-learn's name of an activation or output, and ours.
LIBRARY_NAMES = {"logistic": "sigmoid"}
STOCHASTIC_SOLVERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "rprop")
FULL_BATCH_SOLVERS = ("lbfgs", "conjugate_gradient", "levenberg_marquardt")
SHARE = Interval(Real, 0, 1, closed="left")
STRENGTH = Interval(Real, 0, None, closed="left")
CLASS_WEIGHT = [StrOptions({"balanced"}), dict, None]

# Hidden is what scikit-learn does not allow there, so that a number out of range is refused in its words.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [
        StrOptions({*LIBRARY_NAMES, *(a for a, g in ACTIVATIONS.items() if g.derivative is not None)}),
        Activation,
    ],
    "solver": [StrOptions({*FULL_BATCH_SOLVERS, *STOCHASTIC_SOLVERS})],
    "alpha": [Interval(Real, 0, None, closed="left"), Hidden("array-like")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [
        SHARE,
        Hidden(HasMethods("split")),
        Hidden("array-like"),
    ],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    # Ours.
    "activations": ["array-like", None],
    "dropout": [SHARE, "array-like"],
    "input_dropout": [SHARE],
    "l1": [STRENGTH, "array-like"],
    "weight_decay": [STRENGTH, "array-like", None],
    "layer_rates": ["array-like", None],
    "schedule": [*get_args(Schedule), None],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "initial_weights": [StrOptions(set(INITIAL_WEIGHTS)), InitialWeights, tuple, None],
    "rule": [*get_args(Rule), None],
    "validation_data": [tuple, None],
    "early_stopping_on": [str, callable],
    "restore_best": ["boolean", None],
    "callbacks": [list, tuple],
    "progress": ["boolean"],
    "engine": [StrOptions(set(ENGINES)), None],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64}), None],
    "on_nonfinite": [StrOptions({"stop", "continue"})],
}

Method = TypeVar("Method", bound=Callable[..., Any])


def with_checked_parameters(method: Method) -> Method:
    """A method before which the estimator's parameters are checked."""
    return _fit_context(prefer_skip_nested_validation=True)(method)


def check_parameters(estimator: Any) -> None:
    """Check the parameters that are not the defaults, in scikit-learn's words."""
    made: Any = type(estimator)
    defaults = _defaults(made)
    changed = {name: given for name in defaults if (given := getattr(estimator, name)) is not defaults[name]}
    validate_parameter_constraints(estimator._parameter_constraints, changed, caller_name=made.__name__)


@cache
def _defaults(made: Any) -> dict[str, Any]:
    """A class's parameters and their defaults."""
    parameters = inspect.signature(made.__init__).parameters
    return {name: parameters[name].default for name in made._get_param_names()}


def only_if(condition: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """A method that an estimator has only where a condition holds of it."""
    return available_if(condition)


def row_options(estimator: Any) -> dict[str, Any]:
    """How scikit-learn is to check rows."""
    dtype = (np.float64, np.float32) if estimator.dtype is None else np.dtype(estimator.dtype)
    return {"accept_sparse": ["csr", "csc"], "dtype": dtype}


def differentiable_outputs() -> set[str]:
    """Names of outputs unit by unit through which a gradient flows."""
    return {name for name, output in OUTPUTS.items() if output.vjp is not None and not output.rowwise}


def require_targets(y: Any) -> None:
    """Refuse targets among which one is None, over which scikit-learn's checks stumble."""
    may_hold_any = y is not None and getattr(y, "dtype", None) in (None, np.dtype(object))
    if may_hold_any and any(value is None for value in np.asarray(y, dtype=object).ravel()):
        raise ValueError("y: must hold a target for every row, came None")


def hidden_layers(hidden_layer_sizes: Any) -> list[int]:
    """Units of each hidden layer.

    Raises
    ------
    ValueError
        In scikit-learn's words, if a layer has none.
    """
    sizes = list(hidden_layer_sizes) if hasattr(hidden_layer_sizes, "__iter__") else [hidden_layer_sizes]
    if np.any(np.array(sizes) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]
