"""`MLPRegressor`, with scikit-learn's parameters and attributes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import column_or_1d, validate_data

from multilayer.engines.protocol import Rows
from multilayer.estimators import fitting
from multilayer.estimators.parameters import CONSTRAINTS, with_checked_parameters

# scikit-learn's name of a loss, and ours.
LOSSES = {"squared_error": "squared", "poisson": "poisson"}


class MLPRegressor(RegressorMixin, BaseEstimator):
    """Multilayer perceptron regressor, of one or several targets.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}
        "poisson" has an exponential output and needs y ≥ 0.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, \
beta_1, beta_2, epsilon, n_iter_no_change, max_fun
        As in `MLPClassifier`; early stopping watches R².

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Wᵀ (n_in, n_out) and b of each layer.
    loss_curve_ : list of float
        J of each epoch; the squared loss is ½ the mean over targets.
    n_iter_ : int
        Epochs run.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [StrOptions(set(LOSSES))],
        **CONSTRAINTS,
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
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
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
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

    @with_checked_parameters
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Fit to rows X (n, D) and targets y (n,) or (n, k).

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words.
        """
        fitting.fit(self, X, y, sample_weight, incremental=False)
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

    def _validate_input(self, X: Any, y: Any, *, incremental: bool, reset: bool) -> tuple[Any, NDArray[Any]]:
        """Rows and targets (n, k)."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.dtype.kind not in "fiub":
            raise ValueError(f"y: must be numbers, came dtype {y.dtype}")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("y: must have no negative value for loss='poisson'")
        return X, y.reshape(len(y), -1)

    def _output_name(self) -> str:
        """scikit-learn's name of the output."""
        return "exp" if self.loss == "poisson" else "identity"

    def _library_loss(self) -> str:
        """The library's name of the loss."""
        return LOSSES[self.loss]

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
