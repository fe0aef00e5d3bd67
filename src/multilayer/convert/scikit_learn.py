"""`from_sklearn` and `to_sklearn`: fitted `MLPClassifier` and `MLPRegressor` of scikit-learn as ours, and back.

Both sides keep the same parameters and fitted attributes, the optimiser in a form of its own; all are copied.
"""

from __future__ import annotations

import copy
import warnings
from numbers import Real
from typing import Any

import sklearn.neural_network
from sklearn.utils.validation import check_is_fitted

from multilayer.convert.solver_memory import optimizer_from_sklearn, optimizer_to_sklearn
from multilayer.estimators.mlp_classifier import MLPClassifier
from multilayer.estimators.mlp_regressor import MLPRegressor

THEIRS: dict[type, type] = {
    MLPClassifier: sklearn.neural_network.MLPClassifier,
    MLPRegressor: sklearn.neural_network.MLPRegressor,
}
LOGISTIC = {"sigmoid": "logistic"}  # scikit-learn's name
ALTERING = ("activations", "output_activation")  # our parameters, without which the same weights predict other numbers
# Of which scikit-learn takes a number alone, and what we call anything else.
NUMBERS = {"alpha": "alpha for each layer", "validation_fraction": "validation_fraction with a splitter"}
UNSHARED = ("_optimizer",)  # fitted attributes that each side has in a form of its own


def from_sklearn(fitted: Any) -> Any:
    """A fitted estimator of scikit-learn as ours.

    Parameters
    ----------
    fitted : sklearn.neural_network.MLPClassifier or MLPRegressor
        Not changed.

    Returns
    -------
    MLPClassifier or MLPRegressor
        With the same parameters and fitted attributes: predictions are equal, and `partial_fit` or a warm start goes on
        from there, with the solver's memory (Adam's moments, a velocity).

    Raises
    ------
    TypeError
        For another estimator.
    ValueError
        If a parameter that ours does not know is set.
    NotFittedError
        Before `fit`.
    """
    kinds = [ours for ours, theirs in THEIRS.items() if isinstance(fitted, theirs)]
    if not kinds:
        raise TypeError(f"fitted: must be scikit-learn's MLPClassifier or MLPRegressor, came {type(fitted).__name__}")
    parameters, unknown = _parameters(fitted, kinds[0])
    if unknown:
        came = getattr(fitted, unknown[0])
        raise ValueError(f"{unknown[0]}: {kinds[0].__name__} has no such parameter, came {came!r}")
    made = _with_fitted(fitted, kinds[0](**parameters))
    if hasattr(fitted, "_optimizer"):
        made._optimizer = optimizer_from_sklearn(fitted._optimizer, made)
    return made


def to_sklearn(fitted: MLPClassifier | MLPRegressor) -> Any:
    """One of our fitted estimators as scikit-learn's.

    Parameters
    ----------
    fitted : MLPClassifier or MLPRegressor
        Not changed.

    Returns
    -------
    sklearn.neural_network.MLPClassifier or MLPRegressor
        With the same parameters and fitted attributes: predictions are equal, and `partial_fit` or a warm start goes on
        from there, with the solver's memory (Adam's moments, a velocity).

    Raises
    ------
    TypeError
        For another estimator.
    ValueError
        For an activation, loss or other parameter that scikit-learn cannot express, by name.
    NotFittedError
        Before `fit`.

    Warns
    -----
    UserWarning
        Of parameters that scikit-learn does not know and that act in training only, such as class weights: the
        estimator predicts the same, and would go on training without them.
    """
    kinds = [ours for ours in THEIRS if isinstance(fitted, ours)]
    if not kinds:
        raise TypeError(f"fitted: must be MLPClassifier or MLPRegressor, came {type(fitted).__name__}")
    theirs = THEIRS[kinds[0]]
    if isinstance(getattr(fitted, "classes_", None), list):
        raise ValueError(f"fitted: scikit-learn's {theirs.__name__} has no several columns of classes, came {fitted}")
    parameters, unknown = _parameters(fitted, theirs)
    for name in unknown:
        if name in ALTERING:
            raise ValueError(f"{name}: scikit-learn's {theirs.__name__} has none, came {getattr(fitted, name)!r}")
    parameters["activation"] = LOGISTIC.get(fitted.activation, fitted.activation)
    made = theirs(**parameters)
    made._validate_params()
    if unknown:
        warnings.warn(
            f"scikit-learn's {theirs.__name__} has no {', '.join(unknown)}: it predicts the same, but trains without",
            stacklevel=2,
        )
    made = _with_fitted(fitted, made)
    if hasattr(fitted, "_optimizer"):
        made._optimizer = optimizer_to_sklearn(fitted._optimizer, made)
    return made


def _parameters(source: Any, target: type) -> tuple[dict[str, Any], list[str]]:
    """Copies of the parameters that both know, and the names of others that are set to something of their own."""
    known = set(target._get_param_names())  # type: ignore[attr-defined]
    given = source.get_params(deep=False)
    defaults = type(source)().get_params(deep=False)
    others = [name for name in given if name not in known and not _same(given[name], defaults[name])]
    more = {name for name in NUMBERS if not isinstance(given[name], Real)}
    shared = {name: copy.deepcopy(value) for name, value in given.items() if name in known - more}
    return shared, others + [NUMBERS[name] for name in NUMBERS if name in more]


def _same(value: Any, default: Any) -> bool:
    """Whether a parameter has its default; of arrays and the like only the default itself counts."""
    return value is default or (isinstance(value, (str, Real)) and bool(value == default))


def _with_fitted(source: Any, target: Any) -> Any:
    """Give one estimator copies of another's fitted attributes."""
    check_is_fitted(source)
    parameters = source.get_params(deep=False)
    held = {n: copy.deepcopy(v) for n, v in vars(source).items() if n not in parameters and n not in UNSHARED}
    # What scikit-learn goes on from, where the source's solver had no use for it.
    held.setdefault("_no_improvement_count", 0)
    held.setdefault("_best_coefs", [W.copy() for W in held["coefs_"]])
    held.setdefault("_best_intercepts", [b.copy() for b in held["intercepts_"]])
    for name, value in held.items():
        setattr(target, name, value)
    return target
