"""`MLPFeatures`: what it gives, from where, and how it fits into scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import multilayer as ml

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)


@pytest.fixture(autouse=True)
def _few_iterations() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def classifier(**options: Any) -> ml.MLPClassifier:
    return ml.MLPClassifier(**{"hidden_layer_sizes": (7, 3), "max_iter": 30, "random_state": 0, **options})


@parametrize_with_checks(
    [ml.MLPFeatures(kind(max_iter=20, random_state=0)) for kind in (ml.MLPClassifier, ml.MLPRegressor)]
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except SkipTest as reason:
        if "SCIPY_ARRAY_API is not set" not in str(reason):
            raise


@pytest.mark.parametrize("layer", [-1, -2, 0, 1])
@pytest.mark.parametrize("activation", ["relu", "logistic", "gelu"])
def test_the_rest_of_the_network_makes_predictions_of_them(layer: int, activation: str) -> None:
    fitted = classifier(activation=activation).fit(X, Y)
    features = ml.MLPFeatures(FrozenEstimator(fitted), layer=layer).fit(X).transform(X)
    above = layer % 2 + 1
    sizes = [features.shape[1], *(W.shape[1] for W in fitted.coefs_[above:])]
    rest = ml.Network(sizes, {"logistic": "sigmoid"}.get(activation, activation), "softmax")
    theta = [ml.Layer(W.T, b) for W, b in zip(fitted.coefs_[above:], fitted.intercepts_[above:], strict=True)]
    np.testing.assert_allclose(rest.forward(theta, features), fitted.predict_proba(X), rtol=1e-10)


def test_a_frozen_estimator_is_taken_as_it_is() -> None:
    fitted = classifier().fit(X, Y)
    features = ml.MLPFeatures(FrozenEstimator(fitted)).fit(X)
    assert features.estimator_ is fitted


def test_the_given_estimator_stays_unfitted() -> None:
    given = classifier()
    ml.MLPFeatures(given).fit(X, Y)
    assert not hasattr(given, "coefs_")


def test_names() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))
    features = ml.MLPFeatures(classifier()).set_output(transform="pandas").fit(table, Y)
    assert list(features.transform(table).columns) == ["mlpfeatures0", "mlpfeatures1", "mlpfeatures2"]
    assert list(features.feature_names_in_) == list("abcd")


def test_in_a_pipeline_and_a_search() -> None:
    pipeline = make_pipeline(ml.MLPFeatures(classifier()), LogisticRegression())
    search = GridSearchCV(pipeline, {"mlpfeatures__layer": [0, 1], "mlpfeatures__estimator__alpha": [1e-4, 1.0]}, cv=2)
    assert search.fit(X, Y).score(X, Y) > 0.8


def test_sparse_rows_and_types() -> None:
    features = ml.MLPFeatures(classifier()).fit(X, Y)
    np.testing.assert_allclose(features.transform(csr_array(X)), features.transform(X), rtol=1e-12)
    single = ml.MLPFeatures(classifier()).fit(X.astype(np.float32), Y)
    assert single.transform(X.astype(np.float32)).dtype == np.float32
    assert single.transform(X).dtype == np.float64


def test_weights_of_rows_reach_the_estimator() -> None:
    weight = np.where(Y == 0, 0.0, 1.0)
    one, other = (ml.MLPFeatures(classifier()).fit(X, Y, **k).transform(X) for k in ({}, {"sample_weight": weight}))
    assert not np.allclose(one, other)


def test_refusals() -> None:
    for layer in (2, -3, "last", 0.5):
        with pytest.raises(ValueError, match=r"^layer: the network allows an integer from -2 to 1, came "):
            ml.MLPFeatures(classifier(), layer=layer).fit(X, Y)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^layer: the network allows nothing: it has no hidden layer"):
        ml.MLPFeatures(classifier(hidden_layer_sizes=())).fit(X, Y)
    with pytest.raises(TypeError, match=r"^estimator: must be MLPClassifier or MLPRegressor, came LogisticRegression"):
        ml.MLPFeatures(LogisticRegression()).fit(X, Y)
    with pytest.raises(NotFittedError):
        ml.MLPFeatures(FrozenEstimator(classifier())).fit(X)
    with pytest.raises(NotFittedError):
        ml.MLPFeatures(classifier()).transform(X)
