"""MLPClassifier and MLPRegressor as scikit-learn's tools and users meet them."""

import warnings
from unittest import SkipTest

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
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


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_accuracy_is_that_of_scikit_learn(cancer, solver):
    X, y = cancer
    options = {"solver": solver, "hidden_layer_sizes": (16,), "max_iter": 60, "random_state": 0}
    ours = cross_val_score(ml.MLPClassifier(**options), X, y, cv=3).mean()
    theirs = cross_val_score(TheirClassifier(**options), X, y, cv=3).mean()
    assert ours > theirs - 0.015


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_first_epoch_from_the_same_weights_and_order_is_scikit_learns(cancer, learning_rate):
    X, y = cancer[0][:100], cancer[1][:100]
    options = {
        "solver": "sgd",
        "learning_rate": learning_rate,
        "hidden_layer_sizes": (5, 3),
        "activation": "tanh",
        "shuffle": False,
        "batch_size": 32,
        "max_iter": 1,
        "warm_start": True,
        "alpha": 0.5,
        "random_state": 3,
    }
    theirs = TheirClassifier(**options).fit(X, y)
    ours = ml.MLPClassifier(**options).fit(X, y)
    ours.coefs_ = [W.copy() for W in theirs.coefs_]
    ours.intercepts_ = [b.copy() for b in theirs.intercepts_]
    theirs.fit(X, y)
    ours.fit(X, y)
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-12)


def test_first_adam_epoch_from_the_same_weights_is_scikit_learns(cancer):
    X, y = cancer[0][:90], cancer[1][:90]
    options = {"hidden_layer_sizes": (6,), "shuffle": False, "batch_size": 40, "max_iter": 1, "warm_start": True}
    theirs = TheirClassifier(**options, random_state=1).fit(X, y)
    ours = ml.MLPClassifier(**options, random_state=1).fit(X, y)
    ours.coefs_ = [W.copy() for W in theirs.coefs_]
    ours.intercepts_ = [b.copy() for b in theirs.intercepts_]
    theirs.fit(X, y)
    ours.fit(X, y)
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_regression_scores_as_scikit_learn(loss):
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), y / 50.0
    options = {"hidden_layer_sizes": (10,), "learning_rate_init": 0.01, "max_iter": 300, "random_state": 0}
    ours = cross_val_score(ml.MLPRegressor(loss, **options), X, y, cv=3).mean()
    theirs = cross_val_score(TheirRegressor(loss, **options), X, y, cv=3).mean()
    assert ours > theirs - 0.05


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


def test_early_stopping_restores_the_best_epoch(cancer):
    X, y = cancer
    model = ml.MLPClassifier(early_stopping=True, max_iter=60, n_iter_no_change=5, random_state=0).fit(X, y)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_)


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


def test_float32_rows_give_float32_weights(cancer):
    model = ml.MLPClassifier(max_iter=2, random_state=0).fit(cancer[0].astype(np.float32), cancer[1])
    assert {W.dtype for W in model.coefs_} == {np.dtype(np.float32)}


def test_grid_search_in_a_pipeline(cancer):
    grid = {"mlpclassifier__hidden_layer_sizes": [(4,), (8,)], "mlpclassifier__activation": ["tanh", "mish"]}
    search = GridSearchCV(make_pipeline(StandardScaler(), ml.MLPClassifier(max_iter=10, random_state=0)), grid, cv=2)
    assert search.fit(*cancer).best_score_ > 0.8


def test_unfinished_training_warns(cancer):
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        ml.MLPClassifier(max_iter=2, random_state=0).fit(*cancer)


def test_an_unknown_activation_is_refused_with_those_that_exist(cancer):
    with pytest.raises(ValueError, match=r"'activation' parameter of MLPClassifier must be a str among .*'mish'"):
        ml.MLPClassifier(activation="wish").fit(*cancer)


def test_negative_counts_are_refused_by_poisson(cancer):
    with pytest.raises(ValueError, match="y: must have no negative value"):
        ml.MLPRegressor("poisson", max_iter=2).fit(cancer[0], -1.0 - cancer[1])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_adaptive_rate_falls_until_it_is_too_small(cancer, early_stopping):
    options = {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "max_iter": 100}
    model = ml.MLPClassifier(**options, learning_rate_init=0.1, early_stopping=early_stopping, random_state=0)
    model.fit(*cancer)
    # The rate is divided by 5 until it is at most 1e-6: 0.1/5**8 is the first such, every 2 epochs but for the first.
    assert 14 <= model.n_iter_ <= 20


def test_lbfgs_from_its_own_optimum_stays_there(cancer):
    X, y = cancer
    model = ml.MLPClassifier((), solver="lbfgs", alpha=1.0, warm_start=True, max_iter=500, random_state=0).fit(X, y)
    W, loss = model.coefs_[0].copy(), model.loss_
    model.fit(X, y)
    np.testing.assert_allclose(model.coefs_[0], W, atol=1e-3)
    np.testing.assert_allclose(model.loss_, loss, rtol=1e-6)
    theirs = TheirClassifier((), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.loss_, theirs.loss_, rtol=1e-4)
