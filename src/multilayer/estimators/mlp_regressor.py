"""`MLPRegressor`, with scikit-learn's parameters and attributes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from multilayer.estimators import fitting

# scikit-learn's name of a loss: our output and loss.
LOSSES = {"squared_error": ("identity", "squared"), "poisson": ("exp", "poisson")}


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
        J of each epoch; the squared loss is ½ the sum over targets.
    n_iter_ : int
        Epochs run.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [StrOptions(set(LOSSES))],
        **fitting.CONSTRAINTS,
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Fit to rows X (n, D) and targets y (n,) or (n, k).

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words.
        """
        self._validate_params()
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        T = y.reshape(len(y), -1)
        objective = fitting.build(self, X.shape[1], T.shape[1], *LOSSES[self.loss])
        validation = score = None
        if self.early_stopping and self.solver != "lbfgs":
            parts = [X, T] if sample_weight is None else [X, T, sample_weight]
            split = train_test_split(*parts, test_size=self.validation_fraction, random_state=self.random_state)
            X, validation = split[0], tuple(split[1::2])
            T, sample_weight = split[2], None if sample_weight is None else split[4]

            def score(f: NDArray[Any]) -> float:
                return float(r2_score(validation[1], f, sample_weight=(*validation, None)[2]))

        fitting.fit(self, objective, X, T, sample_weight, validation, score)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted targets (n,) or (n, k)."""
        f = fitting.outputs(self, X)
        return f[:, 0] if f.shape[1] == 1 else f

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.input_tags.sparse = True
        return tags
