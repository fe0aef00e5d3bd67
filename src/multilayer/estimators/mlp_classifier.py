"""`MLPClassifier`, with scikit-learn's parameters and attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from multilayer.engines.protocol import OnNonfinite, Rows
from multilayer.estimators import fitting, hidden
from multilayer.estimators.labels import (
    accuracy_of_outputs,
    binarizer_of,
    encoded,
    is_soft,
    require_known_labels,
    smoothed,
    weighted_by_class,
)
from multilayer.estimators.parameters import (
    CLASS_WEIGHT,
    CONSTRAINTS,
    STOCHASTIC_SOLVERS,
    check_parameters,
    only_if,
    row_options,
    with_checked_parameters,
)
from multilayer.estimators.scikit_learn_callbacks import CallbackSupportMixin
from multilayer.estimators.several_targets import ColumnBinarizer, are_columns, begin_partial_fit
from multilayer.formulas.losses import LOSSES, Loss
from multilayer.formulas.outputs import Output, output
from multilayer.training.history import Epoch
from multilayer.training.rules import Rule
from multilayer.training.schedules import Schedule


def _is_stochastic(estimator: Any) -> bool:
    """Whether there is a `partial_fit`."""
    if estimator.solver not in STOCHASTIC_SOLVERS and estimator.rule is None:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class MLPClassifier(ClassifierMixin, CallbackSupportMixin, BaseEstimator):
    """Multilayer perceptron classifier: softmax for several classes, sigmoid units for two classes or several labels.

    Several columns of classes have a softmax each.

    With the parameters up to `max_fun` alone it does as scikit-learn 1.9's, number for number. Those after it are ours;
    their defaults change nothing.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        Units of the hidden layers.
    activation : str or Activation
        Of the hidden layers: 'identity', 'logistic', 'tanh', 'relu', any other of the library's, or one of your own.
    solver : str
        Method of training: 'adam', 'sgd', 'lbfgs' as in scikit-learn; 'adamw', 'rmsprop', 'adagrad' and, on all rows at
        once, 'rprop' and 'conjugate_gradient'.
    alpha : float or sequence of float
        Strength of the L2 penalty ½·alpha·ΣW²/n; a sequence has one for each layer of weights (hidden layers, output).
    batch_size : int or "auto"
        Rows an update; "auto" is min(200, n), all rows for 'rprop'.
    learning_rate : {"constant", "invscaling", "adaptive"}
        The rate over time, for 'sgd'.
    learning_rate_init : float
        The rate; the first step of 'rprop'.
    power_t : float
        Exponent of "invscaling".
    max_iter : int
        Epochs, or iterations of a solver on all rows, at most.
    shuffle : bool
        Whether each epoch takes the rows in a new order.
    random_state : int, RandomState or None
        Seed of weights, split, order and dropout.
    tol : float
        What counts as an improvement.
    verbose : bool
        Print a line an epoch.
    warm_start : bool
        Begin from the weights of the last fit.
    momentum, nesterovs_momentum : float, bool
        For 'sgd'.
    early_stopping : bool
        Set rows aside, watch their accuracy (of several columns of classes the mean), and restore the best epoch.
    validation_fraction : float, splitter or iterable
        Part of the rows set aside; or what sets them aside: a splitter of scikit-learn's, such as
        ``GroupShuffleSplit()`` or ``TimeSeriesSplit()``, or pairs (train, test) of row numbers. Of several splits the
        last is taken. A splitter whose `random_state` is None draws from the estimator's.
    beta_1, beta_2, epsilon : float
        For 'adam' and 'adamw'; epsilon also for 'rmsprop'.
    n_iter_no_change : int
        Epochs without improvement that are borne.
    max_fun : int
        Evaluations of 'lbfgs' at most.
    loss : str or Loss
        "log_loss" is cross-entropy with the value that scikit-learn reports, whose probabilities are clipped;
        "cross_entropy" is exact; "sparsemax"; "squared", "absolute", "huber", "quantile", "poisson" or a loss of your
        own are taken of the probabilities.
    output_activation : {"softmax", "sparsemax", "logistic"}, optional
        By default "softmax" for several classes, "logistic" for two classes or labels.
    activations : sequence of str or Activation, optional
        One for each hidden layer, in place of `activation`.
    dropout : float or sequence of float
        Rate after each hidden layer, or each one's own.
    input_dropout : float
        Rate on the inputs.
    class_weight : dict, "balanced" or list of dict, optional
        Factors on the weights of a class's rows; "balanced" is n/(k·rows of the class). With several columns of targets
        a list has a dict for each, and the columns' factors are multiplied.
    label_smoothing : float
        Share of the uniform distribution in the targets, in [0, 1).
    l1 : float or sequence of float
        Strength of the penalty l1·Σ|W|/n, or each layer's own.
    weight_decay : float or sequence of float, optional
        Decoupled decay of weights, or each layer's own; by default none, and 0.01 for 'adamw'.
    layer_rates : sequence of float, optional
        Factors on the rate, one for each layer of weights. 0 freezes the layer: its arrays keep their bits, so that a
        warm start, given `initial_weights` or `partial_fit` train the other layers only. 'rprop' and the solvers on all
        rows take 0 and 1 alone.
    schedule : schedule, optional
        Factor on the rate over time, such as ``ml.Cosine()``, for any solver of descent.
    clip_norm : float, optional
        Limit on the gradient's norm, frozen layers included.
    initial_weights : str, InitialWeights or tuple, optional
        A scheme, or the weights ``(coefs, intercepts)`` themselves; by default scikit-learn's.
    rule : rule, optional
        A rule of descent with its own rate, such as ``ml.RMSprop(1e-3)``, in place of `solver`.
    validation_data : tuple, optional
        ``(X, y)`` or ``(X, y, sample_weight)``: rows whose loss is recorded after every epoch, and that early stopping
        watches in place of a split, also in `partial_fit`. With them 'lbfgs', 'conjugate_gradient' and
        'levenberg_marquardt' stop early too, by their iterations; without, they ignore `early_stopping`.
    early_stopping_on : str or callable
        What early stopping watches: "score", "loss", or a scorer of scikit-learn's or its name.
    restore_best : bool, optional
        Whether to end with the best weights on the rows held out; by default with early stopping. Solvers on all rows
        need `validation_data` for it.
    callbacks : sequence of callable
        Called with every finished `Epoch`.
    progress : bool
        Show a bar on standard error.
    engine : str, optional
        By default the fastest that can run it.
    n_threads : int, optional
        Threads of the native engine; by default it chooses while it runs.
    dtype : {"float32", "float64"}, optional
        Type that rows and weights are brought to; by default that of the rows.
    on_nonfinite : {"continue", "stop"}
        "continue" trains on through NaN as scikit-learn does; "stop" raises `Diverged`, which tells where it came from
        and what to do.

    Attributes
    ----------
    classes_ : ndarray or list of ndarray
        Class labels; a list for several columns of classes.
    coefs_, intercepts_ : list of ndarray
        Wᵀ (n_in, n_out) and b of each layer.
    loss_curve_ : list of float
        J of each epoch; not with 'lbfgs'.
    loss_, best_loss_ : float
        The last of them, and the smallest; `loss_` with 'lbfgs' is J at the end.
    validation_scores_, best_validation_score_ : list of float, float
        With early stopping or `restore_best`; of 'lbfgs' and its like in the last call, with `validation_data`.
    validation_loss_curve_ : list of float
        With `validation_data`, or early stopping on the loss.
    n_iter_, t_ : int
        Epochs run in the last call, and training rows seen in all.
    """

    classes_: Any
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({"log_loss", "cross_entropy", "sparsemax", *LOSSES}), Loss],
        "output_activation": [StrOptions({"softmax", "sparsemax", "logistic"}), None],
        "class_weight": [*CLASS_WEIGHT, list],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
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
        loss: Any = "log_loss",
        output_activation: str | None = None,
        activations: Any = None,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
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
        self.loss = loss
        self.output_activation = output_activation
        self.activations = activations
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
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
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, groups: Any = None) -> MLPClassifier:
        """Fit to rows X (n, D) and class labels y (n,), label indicators (n, k), or several columns of classes (n, k).

        `groups` (n,) are for a splitter in `validation_fraction` that keeps the rows of a group together.

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words; for groups that nothing uses.
        """
        fitting.fit(self, X, y, sample_weight, incremental=False, groups=groups)
        return self

    @only_if(_is_stochastic)
    @with_checked_parameters
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """Train for one epoch over these rows, from where the last call left off.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array_like (n_classes,) or list of array_like, optional
            All classes that there will be, a list for several columns of them; needed in the first call.
        """
        if are_columns(classes):
            begin_partial_fit(self, classes)
        elif _check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        fitting.fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Class labels (n,), label indicators (n, k), or several columns of classes (n, k)."""
        return self._labels(fitting.outputs(self, X))

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes, in the order of `classes_`, (n, k); a list for several columns of classes."""
        f = fitting.outputs(self, X)
        if isinstance(self._label_binarizer, ColumnBinarizer):
            return self._label_binarizer.parts(f)
        return np.hstack([1.0 - f, f]) if f.shape[1] == 1 else f

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithm of `predict_proba`; −inf where a probability is 0."""
        p = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(column) for column in p] if isinstance(p, list) else np.log(p)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of the rows X (n, D), by weight, whose prediction is right: in all labels, in every column of classes.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        """
        predicted = self.predict(X)
        if isinstance(self._label_binarizer, ColumnBinarizer):
            return self._label_binarizer.accuracy(np.asarray(y), predicted, sample_weight)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _labels(self, f: NDArray[Any]) -> NDArray[Any]:
        """Labels by outputs."""
        match self._label_binarizer.y_type_:
            case ColumnBinarizer.y_type_:
                return self._label_binarizer.labels(f)
            case "multiclass":
                return self.classes_[f.argmax(axis=1)]
            case "binary":
                return self.classes_.take((f[:, 0] > 0.5).astype(np.intp), mode="clip")  # perhaps of one class only
        return self._label_binarizer.inverse_transform(f)

    def hidden_activations(self, X: Any, layer: int = -1) -> NDArray[Any]:
        """Values of a hidden layer's units (n, units); layers count from 0, and −1 is the last."""
        return hidden.hidden_activations(self, X, layer)

    @with_checked_parameters
    def initialize(self, X: Any, y: Any) -> MLPClassifier:
        """Learn the classes and draw weights as `fit` does, without training; `partial_fit` and warm starts go on."""
        fitting.prepare(self, X, y, None, anew=True)
        return self

    def _validate_params(self) -> None:
        """Check the parameters, as scikit-learn asks before each fit."""
        check_parameters(self)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Rows and targets as scikit-learn checks them."""
        X, y = validate_data(self, X, y, multi_output=True, reset=reset, **row_options(self))
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y: Any, *, incremental: bool) -> None:
        """Learn the classes, or compare them with those known."""
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = binarizer_of(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            require_known_labels(y, self.classes_, self._label_binarizer, all_of_them=self.warm_start)

    def _encoded(self, y: Any, *, known: bool) -> Any:
        """Targets (n, k); `known` refuses classes that are not, for rows held out."""
        if known:
            require_known_labels(y, self.classes_, self._label_binarizer, all_of_them=False)
        T = encoded(y, self._label_binarizer)
        share = 0.0 if known else float(self.label_smoothing)
        return smoothed(T, share, self._label_binarizer) if share else T

    def _decoded(self, T: Any) -> NDArray[Any]:
        """Labels by targets."""
        return self._labels(np.asarray(T))

    def _with_class_weight(self, y: Any, weight: Any, *, incremental: bool) -> Any:
        """Sample weights times the classes'."""
        if self.class_weight is None:
            return weight
        if is_soft(y):
            raise ValueError("class_weight: needs labels, came distributions over the classes; use sample_weight")
        if incremental and self.class_weight == "balanced":
            raise ValueError("class_weight: partial_fit sees some rows only, so give a dict in place of 'balanced'")
        return weighted_by_class(self.class_weight, y, weight)

    def _output_name(self) -> str:
        """scikit-learn's name of the output."""
        several = self._label_binarizer.y_type_.startswith("multiclass")
        usual = ("sparsemax" if self.loss == "sparsemax" else "softmax") if several else "logistic"
        name = usual if self.output_activation is None else self.output_activation
        if several != (name in ("softmax", "sparsemax")):
            allowed = "'softmax' or 'sparsemax'" if several else "'logistic'"
            raise ValueError(f"output_activation: must be {allowed} for these targets, came {name!r}")
        return name

    def _output(self) -> str | Output:
        """The output of the moment."""
        binarizer, name = self._label_binarizer, str(self.out_activation_)
        return output(name, groups=binarizer.sizes) if isinstance(binarizer, ColumnBinarizer) else name

    def _library_loss(self) -> Any:
        """The library's loss."""
        if self.loss != "log_loss":
            return self.loss
        return None if self.out_activation_ == "sparsemax" else "clipped_cross_entropy"

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
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        return tags
