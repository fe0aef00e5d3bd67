"""`MLPRegressor`, with scikit-learn's parameters and attributes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import column_or_1d, validate_data

from multilayer.engines.protocol import OnNonfinite, Rows
from multilayer.estimators import fitting, hidden
from multilayer.estimators.parameters import (
    CONSTRAINTS,
    check_parameters,
    differentiable_outputs,
    row_options,
    with_checked_parameters,
)
from multilayer.estimators.scikit_learn_callbacks import CallbackSupportMixin
from multilayer.formulas.activations import Activation
from multilayer.formulas.losses import LOSSES, Loss
from multilayer.formulas.outputs import Output
from multilayer.training.history import Epoch
from multilayer.training.rules import Rule
from multilayer.training.schedules import Schedule


class MLPRegressor(RegressorMixin, CallbackSupportMixin, BaseEstimator):
    """Multilayer perceptron regressor, of one or several targets.

    With the parameters up to `max_fun` alone it does as scikit-learn 1.9's, number for number. Those after it are ours;
    their defaults change nothing.

    Parameters
    ----------
    loss : str or Loss
        "squared_error" and "poisson" as in scikit-learn: "poisson" has an exponential output and needs y ≥ 0, and its
        value is NaN or infinite where eᶻ is 0 or infinite; "squared" is the sum over targets where "squared_error"
        reports their mean. "absolute", "huber", "quantile", a loss with options such as ``ml.loss("quantile", q=0.9)``,
        or one of your own.
    solver : str
        As in `MLPClassifier`; "levenberg_marquardt" too, for squared error and few weights.
    output_activation : str, Activation or Output, optional
        By default the identity, and the exponential for "poisson".
    hidden_layer_sizes, activation, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, shuffle, \
random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, beta_1, \
beta_2, epsilon, n_iter_no_change, max_fun, activations, dropout, input_dropout, l1, weight_decay, layer_rates, \
schedule, clip_norm, initial_weights, rule, validation_data, early_stopping_on, restore_best, callbacks, progress, \
engine, n_threads, dtype, on_nonfinite
        As in `MLPClassifier`; early stopping watches R².

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Wᵀ (n_in, n_out) and b of each layer.
    loss_curve_ : list of float
        J of each epoch; "squared_error" is ½ the mean over targets, other losses their sum.
    loss_, best_loss_, validation_scores_, best_validation_score_, validation_loss_curve_, n_iter_, t_
        As in `MLPClassifier`.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", *LOSSES}), Loss],
        "output_activation": [StrOptions({"logistic", *differentiable_outputs()}), Activation, Output, None],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: Any = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: Any = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        output_activation: Any = None,
        activations: Any = None,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        l1: Any = 0.0,
        weight_decay: Any = None,
        layer_rates: Any = None,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        initial_weights: Any = None,
        rule: Rule | None = None,
        validation_data: tuple[Any, ...] | None = None,
        early_stopping_on: Any = "score",
        restore_best: bool | None = None,
        callbacks: Sequence[Callable[[Epoch], object]] = (),
        progress: bool = False,
        engine: str | None = None,
        n_threads: int | None = None,
        dtype: Any = None,
        on_nonfinite: OnNonfinite = "continue",
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.output_activation = output_activation
        self.activations = activations
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.l1 = l1
        self.weight_decay = weight_decay
        self.layer_rates = layer_rates
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.initial_weights = initial_weights
        self.rule = rule
        self.validation_data = validation_data
        self.early_stopping_on = early_stopping_on
        self.restore_best = restore_best
        self.callbacks = callbacks
        self.progress = progress
        self.engine = engine
        self.n_threads = n_threads
        self.dtype = dtype
        self.on_nonfinite = on_nonfinite

    @with_checked_parameters
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, groups: Any = None) -> MLPRegressor:
        """Fit to rows X (n, D) and targets y (n,) or (n, k); `groups` as in `MLPClassifier.fit`.

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words; for groups that nothing uses.
        """
        fitting.fit(self, X, y, sample_weight, incremental=False, groups=groups)
        return self

    @with_checked_parameters
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train for one epoch over these rows, from where the last call left off; "lbfgs" runs whole, as in `fit`.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        """
        fitting.fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted targets (n,) or (n, k)."""
        f = fitting.outputs(self, X)
        return f[:, 0] if f.shape[1] == 1 else f

    def hidden_activations(self, X: Any, layer: int = -1) -> NDArray[Any]:
        """Values of a hidden layer's units (n, units); layers count from 0, and −1 is the last."""
        return hidden.hidden_activations(self, X, layer)

    @with_checked_parameters
    def initialize(self, X: Any, y: Any) -> MLPRegressor:
        """Draw weights as `fit` does, without training; `partial_fit` and warm starts go on from there."""
        fitting.prepare(self, X, y, None, anew=True)
        return self

    def _validate_params(self) -> None:
        """Check the parameters, as scikit-learn asks before each fit."""
        check_parameters(self)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        """Rows and targets as scikit-learn checks them."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, reset=reset, **row_options(self))
        if y.dtype.kind not in "fiub":
            raise ValueError(f"y: must be numbers, came dtype {y.dtype}")
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y: NDArray[Any], *, incremental: bool) -> None:
        """Nothing is learned of numbers."""

    def _encoded(self, y: NDArray[Any], *, known: bool) -> NDArray[Any]:
        """Targets (n, k)."""
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("y: must have no negative value for loss='poisson'")
        return y.reshape(len(y), -1)

    def _decoded(self, T: NDArray[Any]) -> NDArray[Any]:
        """Targets as users give them."""
        return T[:, 0] if T.shape[1] == 1 else T

    def _with_class_weight(self, y: NDArray[Any], weight: Any, *, incremental: bool) -> Any:
        """Sample weights; numbers have no classes."""
        return weight

    def _output_name(self) -> str:
        """scikit-learn's name of the output."""
        if self.output_activation is None:
            return "exp" if self.loss == "poisson" else "identity"
        return self.output_activation if isinstance(self.output_activation, str) else self.output_activation.name

    def _output(self) -> Any:
        """The output of the moment."""
        given = self.output_activation
        return self.out_activation_ if given is None or isinstance(given, str) else given

    def _library_loss(self) -> Any:
        """The library's loss."""
        if self.loss == "poisson" and self.out_activation_ == "exp":
            return "unguarded_poisson"
        return "squared" if self.loss == "squared_error" else self.loss

    def _loss_divisor(self) -> int:
        """What a loss is divided by when it is reported: scikit-learn averages squares over the outputs."""
        return self.n_outputs_ if self.loss == "squared_error" else 1

    def _stratify(self, T: NDArray[Any]) -> None:
        """Classes of rows that a split keeps in equal shares."""
        return None

    def _held_out_score(self, rows: Rows) -> Callable[[NDArray[Any]], float]:
        """A function from the outputs for these rows to their R², NaN where an output is not finite."""

        def score(f: NDArray[Any]) -> float:
            return float(r2_score(rows.Y, f, sample_weight=rows.weight)) if np.isfinite(f).all() else math.nan

        return score

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
