"""`MLPClassifier`, with scikit-learn's parameters and attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d, validate_data

from multilayer.engines.protocol import Rows
from multilayer.estimators import fitting
from multilayer.estimators.labels import accuracy_of_outputs, binarizer_of, encoded, require_known_classes
from multilayer.estimators.parameters import CONSTRAINTS, STOCHASTIC_SOLVERS, only_if, with_checked_parameters


def _is_stochastic(estimator: Any) -> bool:
    """Whether there is a `partial_fit`."""
    if estimator.solver not in STOCHASTIC_SOLVERS:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class MLPClassifier(ClassifierMixin, BaseEstimator):
    """Multilayer perceptron classifier: softmax for several classes, sigmoid units for two classes or several labels.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        Units of the hidden layers.
    activation : str
        Of the hidden layers: 'identity', 'logistic', 'tanh', 'relu', or any of the library's.
    solver : {"adam", "sgd", "lbfgs"}
        Method of training.
    alpha : float
        Strength of the L2 penalty ½·alpha·ΣW²/n.
    batch_size : int or "auto"
        Rows an update; "auto" is min(200, n).
    learning_rate : {"constant", "invscaling", "adaptive"}
        The rate over time, for "sgd".
    learning_rate_init : float
        The rate.
    power_t : float
        Exponent of "invscaling".
    max_iter : int
        Epochs, or iterations of "lbfgs", at most.
    shuffle : bool
        Whether each epoch takes the rows in a new order.
    random_state : int, RandomState or None
        Seed of weights, order and split.
    tol : float
        What counts as an improvement.
    verbose : bool
        Print a line an epoch.
    warm_start : bool
        Begin from the weights of the last fit.
    momentum, nesterovs_momentum : float, bool
        For "sgd".
    early_stopping : bool
        Set rows aside, watch their accuracy, and restore the best epoch.
    validation_fraction : float
        Part of the rows set aside.
    beta_1, beta_2, epsilon : float
        For "adam".
    n_iter_no_change : int
        Epochs without improvement that are borne.
    max_fun : int
        Evaluations of "lbfgs" at most.

    Attributes
    ----------
    classes_ : ndarray
        Class labels.
    coefs_, intercepts_ : list of ndarray
        Wᵀ (n_in, n_out) and b of each layer.
    loss_curve_ : list of float
        J of each epoch; not with "lbfgs".
    loss_ : float
        The last of them; with "lbfgs", J at the end.
    n_iter_ : int
        Epochs run.
    """

    classes_: NDArray[Any]
    loss: ClassVar[str] = "log_loss"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def __init__(
        self,
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
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Fit to rows X (n, D) and class labels y (n,), or label indicators (n, k).

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words.
        """
        fitting.fit(self, X, y, sample_weight, incremental=False)
        return self

    @only_if(_is_stochastic)
    @with_checked_parameters
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """Train for one epoch over these rows, from where the last call left off.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array_like (n_classes,), optional
            All classes that there will be; needed in the first call.
        """
        if _check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        fitting.fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Class labels (n,), or label indicators (n, k)."""
        return self._labels(fitting.outputs(self, X))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities of the classes, in the order of `classes_`, (n, k)."""
        f = fitting.outputs(self, X)
        return np.hstack([1.0 - f, f]) if f.shape[1] == 1 else f

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Logarithm of `predict_proba`; −inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _labels(self, f: NDArray[Any]) -> NDArray[Any]:
        """Labels by outputs."""
        match self._label_binarizer.y_type_:
            case "multiclass":
                return self.classes_[f.argmax(axis=1)]
            case "binary":
                return self.classes_.take((f[:, 0] > 0.5).astype(np.intp), mode="clip")  # perhaps of one class only
        return self._label_binarizer.inverse_transform(f)

    def _validate_input(self, X: Any, y: Any, *, incremental: bool, reset: bool) -> tuple[Any, Any]:
        """Rows and encoded targets; classes are learned, or compared with those known."""
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = binarizer_of(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            require_known_classes(unique_labels(y), self.classes_, all_of_them=self.warm_start)
        return X, encoded(y, self._label_binarizer)

    def _output_name(self) -> str:
        """scikit-learn's name of the output."""
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _library_loss(self) -> str:
        """The library's name of the loss."""
        return "clipped_cross_entropy"

    def _loss_divisor(self) -> int:
        """What a loss is divided by when it is reported."""
        return 1

    def _stratify(self, T: Any) -> NDArray[Any] | None:
        """Classes of rows that a split keeps in equal shares: of two classes only, as in scikit-learn."""
        return np.where(T[:, 0] > 0.5, "True", "False") if self.n_outputs_ == 1 else None

    def _held_out_score(self, rows: Rows) -> Callable[[NDArray[Any]], float]:
        """A function from the outputs for these rows to their accuracy."""
        return accuracy_of_outputs(rows, self._label_binarizer)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags
