"""`MLPFeatures`: a hidden layer's activations as features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from multilayer.estimators.hidden import hidden_layer, hidden_values
from multilayer.estimators.mlp_classifier import MLPClassifier
from multilayer.estimators.mlp_regressor import MLPRegressor


class MLPFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Activations of a hidden layer of an `MLPClassifier` or `MLPRegressor`, as features for another estimator.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted on a copy. One that is fitted already, in scikit-learn's `FrozenEstimator`, is taken as it is.
    layer : int
        The hidden layer, from 0, or from the end: −1 is the last one.

    Attributes
    ----------
    estimator_ : MLPClassifier or MLPRegressor
        The fitted one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier, MLPFeatures
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = MLPClassifier((8, 3), solver="lbfgs", max_iter=1000, random_state=0)
    >>> MLPFeatures(classifier).fit_transform(X, y).shape
    (150, 3)
    """

    def __init__(self, estimator: Any, *, layer: int = -1) -> None:
        self.estimator = estimator
        self.layer = layer

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> MLPFeatures:
        """Fit the estimator to rows X (n, D) and targets y; `fit_params` go to its `fit`.

        Raises
        ------
        TypeError
            If the estimator is none of the two.
        ValueError
            For bad data, as the estimator does, and for a layer that there is not.
        """
        validate_data(self, X, skip_check_array=True)
        self.estimator_ = _inner(clone(self.estimator).fit(X, y, **fit_params))
        self._n_features_out = self.estimator_.coefs_[hidden_layer(self.estimator_, self.layer)].shape[1]
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Activations (n, units)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False)
        return hidden_values(self.estimator_, X, self.layer)

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags.required = not isinstance(self.estimator, FrozenEstimator)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _inner(fitted: Any) -> Any:
    """The estimator itself, out of a frozen one.

    Raises
    ------
    TypeError
        If it is no multilayer perceptron of ours.
    """
    inner = fitted.estimator if isinstance(fitted, FrozenEstimator) else fitted
    if not isinstance(inner, MLPClassifier | MLPRegressor):
        raise TypeError(f"estimator: must be MLPClassifier or MLPRegressor, came {type(inner).__name__}")
    check_is_fitted(inner)
    return inner
