"""scikit-learn's fitted estimators as ours and back: the same predictions, and training that goes on."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as theirs
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TimeSeriesSplit
from sklearn.utils._param_validation import InvalidParameterError

import multilayer as ml

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
SCORE = X @ [1.0, -2.0, 0.5, 0.0]
TARGETS = {
    "two classes": np.where(SCORE > 0, "yes", "no"),
    "three classes": np.digitize(SCORE, [-1.0, 1.0]) + 5,
    "labels": np.stack([SCORE > 0, X[:, 0] > 0, X[:, 1] > 0.5], axis=1).astype(int),
    "one number": SCORE,
    "numbers": np.stack([SCORE, -SCORE], axis=1),
    "counts": np.round(np.exp(0.3 * SCORE)),
}
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
SOLVERS: list[dict[str, Any]] = [
    {"solver": "adam"},
    {"solver": "sgd", "nesterovs_momentum": False},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
]
every_target = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(autouse=True)
def _few_iterations() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def fitted(library: Any, name: str, dtype: Any = np.float64, **options: Any) -> Any:
    kind = library.MLPRegressor if name in ("one number", "numbers", "counts") else library.MLPClassifier
    if name == "counts":
        options["loss"] = "poisson"
    model = kind(hidden_layer_sizes=(7, 3), max_iter=6, random_state=0, **options)
    y = TARGETS[name]
    return model.fit(X.astype(dtype), y.astype(dtype) if y.dtype == np.float64 else y)


def assert_equal_predictions(one: Any, other: Any, rows: Any = X, tolerance: float = 1e-12) -> None:
    a, b = one.predict(rows), other.predict(rows)
    if hasattr(one, "predict_proba"):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
        a, b = one.predict_proba(rows), other.predict_proba(rows)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


class TestFromScikitLearn:
    @every_target
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_predicts_the_same(self, name: str, activation: str) -> None:
        source = fitted(theirs, name, activation=activation)
        ours = ml.from_sklearn(source)
        assert type(ours).__module__.startswith("multilayer.")
        assert_equal_predictions(ours, source)
        assert_equal_predictions(ours, source, csr_array(X))

    @every_target
    def test_float32(self, name: str) -> None:
        source = fitted(theirs, name, np.float32)
        ours = ml.from_sklearn(source)
        assert ours.coefs_[0].dtype == np.float32
        assert_equal_predictions(ours, source, X.astype(np.float32), 1e-6)

    @every_target
    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    def test_every_public_attribute_is_there(self, name: str, solver: str) -> None:
        source = fitted(theirs, name, solver=solver)
        ours = ml.from_sklearn(source)
        for attribute in vars(source):
            if attribute.endswith("_") and not attribute.startswith("_"):
                np.testing.assert_equal(getattr(ours, attribute), getattr(source, attribute))

    def test_parameters_are_kept(self) -> None:
        source = fitted(theirs, "one number", alpha=0.5, learning_rate_init=0.01, early_stopping=True, tol=1e-3)
        assert ml.from_sklearn(source).get_params().items() >= source.get_params().items()

    def test_feature_names_are_kept(self) -> None:
        pandas = pytest.importorskip("pandas")
        table = pandas.DataFrame(X, columns=list("abcd"))
        source = theirs.MLPRegressor(max_iter=2).fit(table, SCORE)
        ours = ml.from_sklearn(source)
        np.testing.assert_array_equal(ours.feature_names_in_, list("abcd"))
        assert_equal_predictions(ours, source, table)

    def test_shares_nothing(self) -> None:
        source = fitted(theirs, "two classes")
        before = copy.deepcopy(source)
        ours = ml.from_sklearn(source)
        for array in (*ours.coefs_, *ours.intercepts_):
            array[...] = 0.0
        ours.loss_curve_.clear()
        assert_equal_predictions(before, source)
        assert before.loss_curve_ == source.loss_curve_

    def test_a_subclass(self) -> None:
        class Own(theirs.MLPRegressor):
            pass

        source = Own(max_iter=3, random_state=0).fit(X, SCORE)
        assert_equal_predictions(ml.from_sklearn(source), source)

    @every_target
    @pytest.mark.parametrize("options", SOLVERS, ids=str)
    def test_partial_fit_goes_on_as_theirs(self, name: str, options: dict[str, Any]) -> None:
        source = fitted(theirs, name, batch_size=16, **options)
        ours = ml.from_sklearn(source)
        for model in (ours, source):
            model.partial_fit(X, TARGETS[name]).partial_fit(X, TARGETS[name])
        assert_equal_predictions(ours, source, tolerance=1e-9)

    def test_warm_start_goes_on(self) -> None:
        source = fitted(theirs, "one number", warm_start=True, learning_rate_init=1e-9)
        ours = ml.from_sklearn(source).fit(X, SCORE)
        assert_equal_predictions(ours, source, tolerance=1e-6)

    @pytest.mark.parametrize("other", [LogisticRegression(), ml.MLPRegressor(), None])
    def test_other_estimators(self, other: Any) -> None:
        with pytest.raises(TypeError, match=r"^fitted: must be scikit-learn's MLPClassifier or MLPRegressor, came "):
            ml.from_sklearn(other)

    def test_before_fit(self) -> None:
        with pytest.raises(NotFittedError):
            ml.from_sklearn(theirs.MLPClassifier())

    def test_a_parameter_that_ours_lacks(self) -> None:
        class Later(theirs.MLPRegressor):
            def __init__(self, novelty: int = 0, **options: Any) -> None:
                super().__init__(**options)
                self.novelty = novelty

            @classmethod
            def _get_param_names(cls) -> list[str]:
                return ["novelty", *theirs.MLPRegressor._get_param_names()]

        assert_equal_predictions(ml.from_sklearn(same := Later().fit(X, SCORE)), same)
        with pytest.raises(ValueError, match=r"^novelty: MLPRegressor has no such parameter, came 3"):
            ml.from_sklearn(Later(novelty=3).fit(X, SCORE))


class TestToScikitLearn:
    @every_target
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_predicts_the_same(self, name: str, activation: str) -> None:
        ours = fitted(ml, name, activation=activation)
        made = ml.to_sklearn(ours)
        assert type(made).__module__.startswith("sklearn.")
        assert_equal_predictions(ours, made)

    @every_target
    @pytest.mark.parametrize("solver", ["adam", "sgd"])
    def test_partial_fit_goes_on(self, name: str, solver: str) -> None:
        ours = fitted(ml, name, solver=solver)
        made = ml.to_sklearn(ours)
        before = [W.copy() for W in made.coefs_]
        made.partial_fit(X, TARGETS[name])
        moved = [np.abs(after - W).max() for after, W in zip(made.coefs_, before, strict=True)]
        assert all(0.0 < step < 0.1 for step in moved)
        assert len(made.loss_curve_) == len(ours.loss_curve_) + 1
        assert made.loss_curve_[-1] < ours.loss_curve_[0]

    @every_target
    @pytest.mark.parametrize("options", SOLVERS, ids=str)
    def test_partial_fit_goes_on_as_ours(self, name: str, options: dict[str, Any]) -> None:
        ours = fitted(ml, name, batch_size=16, **options)
        made = ml.to_sklearn(ours)
        for model in (ours, made):
            model.partial_fit(X, TARGETS[name]).partial_fit(X, TARGETS[name])
        assert_equal_predictions(ours, made, tolerance=1e-9)

    @pytest.mark.parametrize("early_stopping", [False, True])
    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    def test_warm_start_goes_on(self, solver: str, early_stopping: bool) -> None:
        ours = fitted(ml, "two classes", solver=solver, warm_start=True, early_stopping=early_stopping)
        made = ml.to_sklearn(ours).fit(X, TARGETS["two classes"])
        assert made.score(X, TARGETS["two classes"]) >= ours.score(X, TARGETS["two classes"]) - 0.05

    def test_sigmoid_is_called_logistic(self) -> None:
        ours = fitted(ml, "one number", activation="sigmoid")
        made = ml.to_sklearn(ours)
        assert made.activation == "logistic"
        assert_equal_predictions(ours, made)

    def test_shares_nothing(self) -> None:
        ours = fitted(ml, "two classes")
        before = ours.predict_proba(X)
        ml.to_sklearn(ours).partial_fit(X, TARGETS["two classes"])
        np.testing.assert_array_equal(ours.predict_proba(X), before)

    def test_an_activation_that_scikit_learn_lacks(self) -> None:
        with pytest.raises(InvalidParameterError, match=r"The 'activation' parameter of MLPRegressor .* Got 'gelu'"):
            ml.to_sklearn(fitted(ml, "one number", activation="gelu"))

    def test_other_estimators(self) -> None:
        with pytest.raises(TypeError, match=r"^fitted: must be MLPClassifier or MLPRegressor, came LogisticRegression"):
            ml.to_sklearn(LogisticRegression())  # type: ignore[arg-type]

    def test_before_fit(self) -> None:
        with pytest.raises(NotFittedError):
            ml.to_sklearn(ml.MLPClassifier())


def test_neutral_parameters_of_our_own_are_left_out() -> None:
    model = ml.MLPRegressor(max_iter=5, dropout=0.0, restore_best=None)
    assert_equal_predictions(model.fit(X, SCORE), ml.to_sklearn(model))


def test_of_parameters_that_act_in_training_a_warning_tells() -> None:
    model = ml.MLPRegressor(max_iter=5, dropout=0.5, l1=0.1).fit(X, SCORE)
    with pytest.warns(UserWarning, match="has no dropout, l1: it predicts the same, but trains without"):
        made = ml.to_sklearn(model)
    assert_equal_predictions(model, made)


def test_of_what_scikit_learn_takes_as_a_number_alone_a_warning_tells() -> None:
    options = {"alpha": [0.1, 0.2], "layer_rates": [0, 1], "early_stopping": True}
    model = ml.MLPRegressor(max_iter=5, validation_fraction=TimeSeriesSplit(), **options).fit(X, SCORE)
    text = "has no layer_rates, alpha for each layer, validation_fraction with a splitter: it predicts the same"
    with pytest.warns(UserWarning, match=text):
        made = ml.to_sklearn(model)
    assert_equal_predictions(model, made)
    assert (made.alpha, made.validation_fraction) == (0.0001, 0.1)


def test_parameters_that_alter_outputs_are_refused() -> None:
    model = ml.MLPRegressor(max_iter=5, activations=["tanh"]).fit(X, SCORE)
    with pytest.raises(ValueError, match=r"^activations: scikit-learn's MLPRegressor has none, came \['tanh'\]"):
        ml.to_sklearn(model)


@every_target
def test_there_and_back(name: str) -> None:
    source = fitted(theirs, name)
    back = ml.to_sklearn(ml.from_sklearn(source))
    assert type(back) is type(source)
    assert back.get_params() == source.get_params()
    assert set(vars(source)) == set(vars(back))
    assert_equal_predictions(back, source)
