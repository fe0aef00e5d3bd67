"""MLPClassifier and MLPRegressor as scikit-learn's tools and users meet them."""

import warnings
from unittest import SkipTest

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import multilayer as ml


@pytest.fixture(autouse=True)
def _no_convergence_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


NOT_ABOUT_THESE_ESTIMATORS = ("SCIPY_ARRAY_API is not set", "does not have a decision_function")


@parametrize_with_checks([ml.MLPClassifier(max_iter=80), ml.MLPRegressor(max_iter=80)])
def test_scikit_learns_own_checks(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        if not any(words in str(reason) for words in NOT_ABOUT_THESE_ESTIMATORS):
            raise


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def test_several_targets_and_one_column_keep_their_shapes():
    X, y = load_diabetes(return_X_y=True)
    two = ml.MLPRegressor(max_iter=5, random_state=0).fit(X, np.column_stack([y, -y]))
    assert two.predict(X[:3]).shape == (3, 2)
    assert ml.MLPRegressor(max_iter=5, random_state=0).fit(X, y).predict(X[:3]).shape == (3,)


def test_several_labels():
    X, Y = make_multilabel_classification(n_samples=120, n_classes=4, random_state=0)
    model = ml.MLPClassifier(max_iter=100, random_state=0).fit(X, Y)
    assert model.out_activation_ == "logistic"
    assert model.predict(X).shape == Y.shape
    assert (model.predict(X) == Y).mean() > 0.8


def test_sparse_rows_give_the_dense_answer(cancer):
    X, y = cancer[0] * (np.abs(cancer[0]) > 1), cancer[1]
    options = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}
    dense = ml.MLPClassifier(**options).fit(X, y)
    sparse = ml.MLPClassifier(**options).fit(csr_matrix(X), y)
    np.testing.assert_allclose(dense.coefs_[0], sparse.coefs_[0], atol=1e-10)


def test_integer_weights_equal_repeated_rows():
    X, y = load_iris(return_X_y=True)
    weight = np.where(y == 1, 2, 1)
    options = {"hidden_layer_sizes": (4,), "max_iter": 30, "batch_size": len(y), "alpha": 0.0, "random_state": 0}
    weighted = ml.MLPClassifier(**options).fit(X, y, sample_weight=weight)
    options["batch_size"] = int(weight.sum())
    repeated = ml.MLPClassifier(**options).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], atol=1e-9)


def test_an_unknown_activation_is_refused_with_those_that_exist(cancer):
    with pytest.raises(ValueError, match=r"'activation' parameter of MLPClassifier must be a str among .*'mish'"):
        ml.MLPClassifier(activation="wish").fit(*cancer)
