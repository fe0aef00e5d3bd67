"""scikit-learn's tools around our estimators, on its bundled data."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate, learning_curve
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multilayer as ml

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X, y


def small(made=ml.MLPClassifier, **options):
    usual = {"hidden_layer_sizes": (5,), "learning_rate_init": 0.1, "random_state": 0, "max_iter": 20}
    return made(**usual | options)


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_clones_have_the_same_parameters_and_nothing_learned(both, kind, rows):
    X, targets = rows
    model, _ = both(kind, hidden_layer_sizes=[4, 3], max_iter=2)
    copied = clone(model.fit(X, targets["binary"]))
    assert copied.get_params() == model.get_params()
    assert list(vars(copied)) == list(inspect.signature(type(model)).parameters)


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickles_predict_the_same(iris, protocol):
    X, y = iris
    model = small().fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model, protocol)).predict_proba(X), model.predict_proba(X))


def test_grid_search_over_a_pipeline_finds_what_it_finds_with_scikit_learns_classifier(iris):
    X, y = iris
    grid = {"mlp__hidden_layer_sizes": [(2,), (6, 3)], "mlp__solver": ["adam", "lbfgs"], "mlp__alpha": [0.01, 10.0]}
    found = []
    for made in (ml.MLPClassifier, TheirClassifier):
        pipeline = sklearn.pipeline.Pipeline([("scale", StandardScaler()), ("mlp", small(made, activation="tanh"))])
        found.append(GridSearchCV(pipeline, grid, cv=2).fit(X, y))
    assert found[0].best_params_ == found[1].best_params_
    np.testing.assert_allclose(*(search.cv_results_["mean_test_score"] for search in found), atol=0.02)


def test_processes(iris):
    X, y = iris
    apart = GridSearchCV(small(), {"alpha": [1e-4, 1.0]}, cv=2, n_jobs=2).fit(X, y)
    here = GridSearchCV(small(), {"alpha": [1e-4, 1.0]}, cv=2).fit(X, y)
    np.testing.assert_array_equal(apart.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])


def test_calibration(iris):
    X, y = iris
    model = CalibratedClassifierCV(make_pipeline(StandardScaler(), small()), cv=3).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.score(X, y) > 0.9


def test_importance_and_partial_dependence(iris):
    X, y = iris
    model = make_pipeline(StandardScaler(), small()).fit(X, y)
    importance = permutation_importance(model, X, y, n_repeats=3, random_state=0).importances_mean
    assert importance[2:].min() > importance[:2].max()  # petals tell more than sepals
    assert partial_dependence(model, X, [2], grid_resolution=5)["average"].shape == (3, 5)


def test_other_estimators_around_ours(iris):
    X, y = iris
    bagged = BaggingClassifier(make_pipeline(StandardScaler(), small()), n_estimators=3, random_state=0)
    stacked = StackingClassifier([("mlp", make_pipeline(StandardScaler(), small()))], LogisticRegression(), cv=3)
    for model in (bagged, stacked):
        assert model.fit(X, y).score(X, y) > 0.9
    several = MultiOutputClassifier(make_pipeline(StandardScaler(), small())).fit(X, np.column_stack([y, y == 1]))
    assert several.predict(X).shape == (150, 2)
    predicted = cross_val_predict(make_pipeline(StandardScaler(), small()), X, y, cv=3, method="predict_log_proba")
    assert np.exp(predicted).sum(axis=1) == pytest.approx(1.0)
    sizes, _, _ = learning_curve(make_pipeline(StandardScaler(), small()), X, y, train_sizes=[0.5, 1.0], cv=3)
    assert len(sizes) == 2


def test_scaled_targets():
    X, y = load_diabetes(return_X_y=True)
    inner = make_pipeline(StandardScaler(), small(ml.MLPRegressor, solver="lbfgs", alpha=1.0))
    model = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(X, y)
    assert model.score(X, y) > 0.5


def test_frames_in_and_out(iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), small()).set_output(transform="pandas").fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == list(X.columns)
    assert isinstance(pipeline[:-1].transform(X), pd.DataFrame)
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        pipeline[-1].predict(X[X.columns[::-1]])
    with pytest.warns(UserWarning, match="X does not have valid feature names, but MLPClassifier was fitted with"):
        pipeline[-1].predict(X.to_numpy())


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_early_stopping_gives_no_warnings_about_feature_names(both, kind, iris):
    X, y = iris
    ours, _ = both(kind, early_stopping=True, max_iter=5)
    ours.fit(X, y)  # a warning would be an error
    assert ours.n_iter_ == 5


def test_weights_are_routed(iris):
    X, y = iris
    weight = np.where(y == 2, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(model, X, y, params={"sample_weight": weight}, cv=3, return_estimator=True)
        assert all(not (fitted.predict(X) == 2).any() for fitted in found["estimator"])


def test_the_html_of_a_notebook_shows_the_parameters(iris):
    assert "hidden_layer_sizes" in small()._repr_html_()
