"""What scikit-learn's parameters may be, and those that say more than one thing."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if

from multilayer.formulas.activations import ACTIVATIONS

# scikit-learn's name of an activation or output, and ours.
LIBRARY_NAMES = {"logistic": "sigmoid"}
STOCHASTIC_SOLVERS = ("sgd", "adam")

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({*LIBRARY_NAMES, *(a for a, g in ACTIVATIONS.items() if g.derivative is not None)})],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC_SOLVERS})],
    "alpha": [Interval(Real, 0, None, closed="left")],
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
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
}

Method = TypeVar("Method", bound=Callable[..., Any])


def with_checked_parameters(method: Method) -> Method:
    """A method before which the estimator's parameters are checked."""
    return _fit_context(prefer_skip_nested_validation=True)(method)


def only_if(condition: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """A method that an estimator has only where a condition holds of it."""
    return available_if(condition)


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
