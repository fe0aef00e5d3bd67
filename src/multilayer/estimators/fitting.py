"""From scikit-learn's parameters to an objective and a run, for classifier and regressor alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from multilayer.estimators import prediction
from multilayer.formulas.activations import ACTIVATIONS
from multilayer.network.layers import Layer
from multilayer.network.network import Network, Parameters
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2
from multilayer.training.full_batch import LBFGS
from multilayer.training.history import Epoch, Run
from multilayer.training.rules import Adam, Momentum, Rule
from multilayer.training.schedules import Constant, InverseScaling, Plateau, Schedule
from multilayer.training.stopping import Condition, Patience
from multilayer.training.train import train

LOGISTIC = "logistic"
SMALLEST_ADAPTIVE_RATE = 1e-6

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({LOGISTIC, *(a for a, g in ACTIVATIONS.items() if g.derivative is not None)})],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="neither")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="left")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
}


def build(estimator: Any, n_inputs: int, n_outputs: int, output: str, loss: str) -> Objective:
    """The objective that an estimator's parameters describe; alpha acts as ½·alpha·ΣW²/n batch by batch."""
    sizes = estimator.hidden_layer_sizes
    hidden = [int(sizes)] if isinstance(sizes, Integral) else [int(n) for n in sizes]
    if any(n < 1 for n in hidden):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    activation = "sigmoid" if estimator.activation == LOGISTIC else estimator.activation
    network = Network([n_inputs, *hidden, n_outputs], activation, output, initial_weights="scikit_learn")
    return Objective(network, loss, L2(float(estimator.alpha)), penalty_in_mean=True)


def fit(
    estimator: Any,
    objective: Objective,
    X: Any,
    T: NDArray[Any],
    sample_weight: NDArray[Any] | None,
    validation: tuple[Any, ...] | None,
    score: Callable[[NDArray[Any]], float] | None,
) -> None:
    """Train, and set the fitted attributes that classifier and regressor share."""
    seed = int(check_random_state(estimator.random_state).randint(2**31))
    if estimator.warm_start and hasattr(estimator, "coefs_"):
        theta: Parameters = tuple(
            Layer(W.T, b) for W, b in zip(estimator.coefs_, estimator.intercepts_, strict=True)
        )
    else:
        theta = objective.network.initialize(seed)
    options: dict[str, Any] = {"sample_weight": sample_weight, "seed": seed, "dtype": X.dtype}
    if estimator.verbose:
        options["callbacks"] = (_print_epoch,)
    if estimator.solver == "lbfgs":
        method = LBFGS(gradient_tolerance=float(estimator.tol), max_evaluations=int(estimator.max_fun))
        options |= {"method": method, "epochs": int(estimator.max_iter)}
    else:
        options |= {
            "rule": _rule(estimator),
            "schedule": _schedule(estimator, X.shape[0]),
            "batch_size": min(200, X.shape[0]) if estimator.batch_size == "auto" else int(estimator.batch_size),
            "sampling": "shuffle" if estimator.shuffle else "given",
            "epochs": int(estimator.max_iter),
            "stop": _stop(estimator),
            "validation": validation,
            "score": score,
            "restore_best": validation is not None,
        }
    run = train(objective, theta, X, T, **options)
    _describe(estimator, objective, run)
    if estimator.solver == "lbfgs":
        estimator.loss_ = objective.value(run.theta, X, T, sample_weight)
    else:
        _describe_epochs(estimator, run, X.shape[0])
    if run.ended == "epochs":
        warnings.warn(
            f"Maximum iterations ({estimator.max_iter}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=3,
        )


def _rule(estimator: Any) -> Rule:
    """The solver with its numbers."""
    rate = float(estimator.learning_rate_init)
    if estimator.solver == "adam":
        return Adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon, "section_2")
    return Momentum(rate, float(estimator.momentum), bool(estimator.nesterovs_momentum and estimator.momentum > 0))


def _schedule(estimator: Any, n_rows: int) -> Schedule:
    """The rate over time; Adam keeps its own, as in scikit-learn."""
    if estimator.solver == "adam" or estimator.learning_rate == "constant":
        return Constant()
    if estimator.learning_rate == "invscaling":
        return InverseScaling(float(estimator.power_t), scale=n_rows)
    return Plateau(0.2, _patience(estimator), float(estimator.tol), _watched(estimator))


def _stop(estimator: Any) -> tuple[Condition, ...]:
    """When to stop: on patience, or with an adaptive rate once it is very small."""
    if estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
        return (lambda epoch: epoch.rate <= SMALLEST_ADAPTIVE_RATE,)
    return (Patience(float(estimator.tol), _patience(estimator), _watched(estimator)),)


def _patience(estimator: Any) -> int:
    """Epochs without improvement that are borne; infinity never runs out."""
    patience = estimator.n_iter_no_change
    return int(estimator.max_iter) if np.isinf(patience) else int(patience)


def _watched(estimator: Any) -> Any:
    """What improvement is measured on."""
    return "validation_score" if estimator.early_stopping else "loss"


def _print_epoch(epoch: Epoch) -> None:
    """One line an epoch, as verbose asks."""
    print(f"Iteration {epoch.epoch}, loss = {epoch.loss + epoch.penalty:.8f}")
    if epoch.validation_score is not None:
        print(f"Validation score: {epoch.validation_score:f}")


def _describe(estimator: Any, objective: Objective, run: Run) -> None:
    """Set the fitted attributes under scikit-learn's names; coefs_ are W transposed."""
    network = objective.network
    estimator.coefs_ = [layer.W.T.copy() for layer in run.theta]
    estimator.intercepts_ = [np.array(layer.b) for layer in run.theta]
    estimator.n_layers_ = len(run.theta) + 1
    estimator.n_outputs_ = network.n_outputs
    estimator.out_activation_ = LOGISTIC if network.output.name == "sigmoid" else network.output.name
    estimator.n_iter_ = len(run.history["epoch"])
    estimator.network_ = network


def _describe_epochs(estimator: Any, run: Run, n_rows: int) -> None:
    """Set what only "sgd" and "adam" leave, as in scikit-learn."""
    history = run.history
    estimator.t_ = estimator.n_iter_ * n_rows
    estimator.loss_curve_ = (history["loss"] + history["penalty"]).tolist()
    estimator.loss_ = estimator.loss_curve_[-1]
    scores = history.get("validation_score")
    estimator.best_loss_ = min(estimator.loss_curve_) if scores is None else None
    estimator.validation_scores_ = None if scores is None else scores.tolist()
    estimator.best_validation_score_ = None if scores is None else float(scores.max())


def outputs(estimator: Any, X: Any) -> NDArray[Any]:
    """Outputs of the fitted network for rows as users give them, (n, k)."""
    if not hasattr(estimator, "coefs_"):
        check_is_fitted(estimator)
    X = prediction.checked_rows(estimator, X)
    theta = tuple(Layer(W.T, b) for W, b in zip(estimator.coefs_, estimator.intercepts_, strict=True))
    return prediction.outputs(estimator, estimator.network_, theta, X)
