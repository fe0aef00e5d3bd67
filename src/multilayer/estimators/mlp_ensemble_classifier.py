"""`MLPEnsembleClassifier`: multilayer perceptrons whose probabilities are averaged."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from multilayer.estimators.ensembles import CONSTRAINTS, ROWS, checked_weight, fit_members, outputs
from multilayer.estimators.labels import weighted_by_class
from multilayer.estimators.parameters import CLASS_WEIGHT


class MLPEnsembleClassifier(ClassifierMixin, BaseEstimator):
    """An ensemble of multilayer perceptrons that are trained at once and whose probabilities are averaged.

    A deep ensemble (Lakshminarayanan, Pritzel & Blundell 2017): the members differ by their initial weights and by the
    order in which they see the rows; all see all of them. Training is by Adam, whose rate falls along a cosine.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int
        Units of the hidden layers.
    activation : str
        Of the hidden layers, as in `MLPClassifier`.
    n_estimators : int
        Members.
    alpha : float or sequence of float
        Strength of the L2 penalty ½·alpha·ΣW²/n; a sequence has one for each layer of weights (hidden layers, output).
    batch_size : int
        Rows an update.
    learning_rate_init : float
        The rate at first.
    max_iter : int
        Epochs.
    random_state : int, RandomState or None
        Seed of weights and orders.
    class_weight : dict or "balanced", optional
        As in `MLPClassifier`.
    n_threads : int, optional
        Threads that share the members out; by default the engine chooses.

    Attributes
    ----------
    classes_ : ndarray (k,)
        Class labels.
    members_ : ndarray (n_estimators, P)
        Flat parameters of each member; ``network_.unpack(members_[i])`` gives them layer by layer.
    network_ : Network
        What every member is.
    n_iter_ : int
        Epochs run.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**CONSTRAINTS, "class_weight": CLASS_WEIGHT}

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        n_estimators: int = 10,
        alpha: Any = 0.0001,
        batch_size: int = 32,
        learning_rate_init: float = 0.001,
        max_iter: int = 100,
        random_state: Any = None,
        class_weight: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.n_estimators = n_estimators
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.class_weight = class_weight
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPEnsembleClassifier:
        """Fit to rows X (n, D) and class labels y (n,).

        Parameters
        ----------
        X : array_like or SciPy sparse matrix (n, D)
            Rows.
        y : array_like (n,)
            Class labels.
        sample_weight : array_like (n,), optional
            How much each row counts, ≥ 0.

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words, and for a single class.
        FloatingPointError
            If a member's loss became NaN or infinite.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, **ROWS)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: needs two classes at least, came one class only, {self.classes_.tolist()[0]!r}")
        weight = weighted_by_class(self.class_weight, y, checked_weight(sample_weight, X))
        fit_members(self, X, labels, weight, len(self.classes_), "softmax", "cross_entropy")
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Class labels (n,), of the largest averaged probability."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any, *, return_std: bool = False) -> Any:
        """Probabilities of the classes, averaged over the members.

        Parameters
        ----------
        X : array_like or SciPy sparse matrix (n, D)
            Rows.
        return_std : bool
            Whether to give the spread too.

        Returns
        -------
        probabilities : ndarray (n, k)
            In the order of `classes_`.
        std : ndarray (n, k), with `return_std`
            Standard deviation of the members' probabilities: how much they disagree.
        """
        each = outputs(self, X)
        mean = each.mean(axis=0)
        return (mean, each.std(axis=0)) if return_std else mean

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Logarithm of `predict_proba`; −inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
