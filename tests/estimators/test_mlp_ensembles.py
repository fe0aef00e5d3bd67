"""Ensembles: averages of their members, spread, and what the intervals promise."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import multilayer as ml
from multilayer import engines
from multilayer.estimators import prediction
from multilayer.training import members

RNG = np.random.default_rng(0)
X = RNG.uniform(-2.0, 2.0, size=(200, 2))
LABELS = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
TARGET = np.sin(2.0 * X[:, 0]) + 0.3 * X[:, 1]


def draw(n: int, seed: int) -> tuple[Any, Any]:
    """Rows whose noise is larger for larger x₂."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-2.0, 2.0, size=(n, 2))
    return rows, np.sin(2.0 * rows[:, 0]) + rng.normal(size=n) * (0.1 + 0.3 * (rows[:, 1] > 0))


def classifier(**options: Any) -> ml.MLPEnsembleClassifier:
    return ml.MLPEnsembleClassifier(
        **{"hidden_layer_sizes": (8,), "n_estimators": 4, "max_iter": 20, "random_state": 0, **options}
    )


def regressor(**options: Any) -> ml.MLPEnsembleRegressor:
    return ml.MLPEnsembleRegressor(
        **{
            "hidden_layer_sizes": (8,),
            "n_estimators": 4,
            "max_iter": 20,
            "learning_rate_init": 0.01,
            "random_state": 0,
            **options,
        }
    )


def known_to_fail(estimator: Any) -> dict[str, str]:
    """The regressor sets a part of the rows apart, others of the repeated ones."""
    if isinstance(estimator, ml.MLPEnsembleClassifier) or estimator.validation_fraction == 0:
        return {}
    kinds = ("dense", "sparse")
    return {f"check_sample_weight_equivalence_on_{kind}_data": "other rows are set apart" for kind in kinds}


@parametrize_with_checks(
    [
        ml.MLPEnsembleClassifier(n_estimators=3),
        ml.MLPEnsembleRegressor(n_estimators=3),
        ml.MLPEnsembleRegressor(n_estimators=3, validation_fraction=0),
    ],
    expected_failed_checks=known_to_fail,
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except SkipTest as reason:
        if "SCIPY_ARRAY_API is not set" not in str(reason):
            raise


class TestMembers:
    def test_probabilities_are_the_members_averaged(self) -> None:
        model = classifier().fit(X, LABELS)
        each = [model.network_.forward(theta, X) for theta in model.members_]
        mean, std = model.predict_proba(X, return_std=True)
        np.testing.assert_allclose(mean, np.mean(each, axis=0), rtol=1e-12)
        np.testing.assert_allclose(std, np.std(each, axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(mean.sum(axis=1), 1.0)
        np.testing.assert_array_equal(model.predict(X), model.classes_[mean.argmax(axis=1)])
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), mean)

    def test_predictions_lie_among_the_members(self) -> None:
        model = regressor().fit(X, TARGET)
        mean, std = model.predict(X, return_std=True)
        np.testing.assert_array_equal(mean, model.predict(X))
        each = np.array([model.network_.forward(theta, X)[:, 0] for theta in model.members_])
        slope, intercept = np.polyfit(each.mean(axis=0), mean, 1)
        np.testing.assert_allclose(mean, slope * each.mean(axis=0) + intercept, atol=1e-10)
        np.testing.assert_allclose(std, slope * each.std(axis=0), atol=1e-10)

    def test_members_differ(self) -> None:
        for model in (classifier().fit(X, LABELS), regressor().fit(X, TARGET)):
            assert len(np.unique(model.members_, axis=0)) == 4

    def test_a_single_member_has_no_spread(self) -> None:
        _, std = regressor(n_estimators=1).fit(X, TARGET).predict(X, return_std=True)
        np.testing.assert_array_equal(std, 0.0)

    def test_spread_grows_away_from_the_rows(self) -> None:
        model = regressor(n_estimators=8, max_iter=60).fit(X, TARGET)
        _, near = model.predict(X, return_std=True)
        _, far = model.predict(5.0 * X, return_std=True)
        assert far.mean() > 3.0 * near.mean()

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_types(self, dtype: Any) -> None:
        rows = X.astype(dtype)
        model = classifier().fit(rows, LABELS)
        assert model.members_.dtype == model.predict_proba(rows).dtype == dtype
        assert regressor().fit(rows, TARGET).predict(rows).dtype == dtype

    def test_the_same_seed_fits_the_same(self) -> None:
        one, again, other = (regressor(random_state=seed).fit(X, TARGET).predict(X) for seed in (0, 0, 1))
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)

    def test_copies_and_pickles_predict_the_same(self) -> None:
        model = regressor().fit(X, TARGET)
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(other.predict(X), model.predict(X))
            np.testing.assert_array_equal(other.predict_interval(X), model.predict_interval(X))
        assert not hasattr(clone(model), "members_")


class TestLearning:
    @pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
    def test_classifies(self, load: Any) -> None:
        rows, labels = load(return_X_y=True)
        model = make_pipeline(StandardScaler(), classifier(learning_rate_init=0.01, max_iter=100))
        assert cross_val_score(model, rows, labels, cv=3).mean() > 0.93

    def test_targets_in_any_unit(self) -> None:
        rows, target = load_diabetes(return_X_y=True)
        one, other = (
            cross_val_score(make_pipeline(StandardScaler(), regressor()), rows, y, cv=3).mean()
            for y in (target, 1e6 * target - 1e9)
        )
        assert one > 0.4
        assert one == pytest.approx(other, abs=1e-6)

    def test_averaging_is_no_worse_than_the_members(self) -> None:
        """Of the squared error: Jensen's inequality."""
        rows, target = draw(600, seed=1)
        model = regressor(n_estimators=6).fit(rows[:300], target[:300])
        each = model.network_.forward(model.members_[0], rows[300:])
        assert each.shape == (300, 1)
        whole = np.mean((model.predict(rows[300:]) - target[300:]) ** 2)
        alone = []
        for theta in model.members_:
            one = copy.copy(model)
            one.members_ = theta[None]
            alone.append(np.mean((one.predict(rows[300:]) - target[300:]) ** 2))
        assert whole <= np.mean(alone) + 1e-12

    def test_several_targets(self) -> None:
        both = np.stack([TARGET, 100.0 - 50.0 * TARGET], axis=1)
        model = regressor(hidden_layer_sizes=(32,), max_iter=100).fit(X, both)
        mean, std = model.predict(X, return_std=True)
        lower, upper = model.predict_interval(X, coverage=0.5)
        assert mean.shape == std.shape == lower.shape == upper.shape == (200, 2)
        assert model.score(X, both) > 0.8


SPARSE = X * (np.abs(X) > 1.0)


class TestSparseRows:
    @pytest.mark.parametrize("form", [csr_matrix, csc_matrix, csr_array])
    def test_sparse_rows_give_the_dense_answer(self, form: Any) -> None:
        rows = form(SPARSE)
        model = classifier().fit(rows, LABELS)
        np.testing.assert_allclose(model.members_, classifier().fit(SPARSE, LABELS).members_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.predict_proba(rows), model.predict_proba(SPARSE), rtol=1e-12)
        model = regressor().fit(rows, TARGET)
        np.testing.assert_allclose(model.members_, regressor().fit(SPARSE, TARGET).members_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.predict(rows), model.predict(SPARSE), rtol=1e-12)
        np.testing.assert_allclose(model.predict_interval(rows), model.predict_interval(SPARSE), rtol=1e-9)

    def test_without_the_native_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = csr_matrix(SPARSE)
        native = classifier().fit(rows, LABELS).predict_proba(rows)
        for module in (members, prediction):
            monkeypatch.setattr(module, "engine_for", lambda _, *of: engines.engine_for("reference", *of))
        np.testing.assert_allclose(classifier().fit(rows, LABELS).predict_proba(rows), native, rtol=1e-7)

    def test_float32(self) -> None:
        rows = csr_matrix(SPARSE.astype(np.float32))
        assert classifier().fit(rows, LABELS).predict_proba(rows).dtype == np.float32


class TestWeights:
    """With all rows in a batch, a weight counts as often as the row would."""

    WEIGHT = np.where(X[:, 0] > 0.5, 3, 1)

    def repeated(self, *arrays: Any) -> Any:
        return [np.repeat(array, self.WEIGHT, axis=0) for array in arrays]

    def test_integer_weights_equal_repeated_rows(self) -> None:
        options = {"batch_size": 1000, "validation_fraction": 0}
        weighted = regressor(**options).fit(X, TARGET, sample_weight=self.WEIGHT)
        np.testing.assert_allclose(
            weighted.predict(X), regressor(**options).fit(*self.repeated(X, TARGET)).predict(X), rtol=1e-7, atol=1e-9
        )
        assert np.abs(weighted.predict(X) - regressor(**options).fit(X, TARGET).predict(X)).max() > 1e-3

    def test_class_weights_equal_sample_weights(self) -> None:
        given = {"same": 3.0, "other": 1.0}
        one = classifier(class_weight=given).fit(X, LABELS)
        other = classifier().fit(X, LABELS, np.where(LABELS == "same", 3.0, 1.0))
        np.testing.assert_array_equal(one.members_, other.members_)
        both = classifier(class_weight=given).fit(X, LABELS, self.WEIGHT)
        product = classifier().fit(X, LABELS, self.WEIGHT * np.where(LABELS == "same", 3.0, 1.0))
        np.testing.assert_array_equal(both.members_, product.members_)

    def test_balanced_classes_find_the_rare_one(self) -> None:
        rng = np.random.default_rng(2)
        labels = np.arange(400) < 20
        rows = rng.normal(size=(400, 2)) + labels[:, None]
        found = [classifier(class_weight=given).fit(rows, labels).predict(rows).sum() for given in (None, "balanced")]
        assert found[0] < 10 < 40 < found[1]

    def test_equal_weights_change_nothing(self) -> None:
        for made, y in ((classifier, LABELS), (regressor, TARGET)):
            one, other = made().fit(X, y), made().fit(X, y, np.ones(len(X)))
            np.testing.assert_allclose(one.members_, other.members_, rtol=1e-9, atol=1e-12)

    def test_rows_of_weight_0_are_not_learned(self) -> None:
        without = TARGET.copy()
        without[:50] += 100.0
        weight = np.arange(200) >= 50
        one, other = (regressor(validation_fraction=0).fit(X, y, weight).members_ for y in (TARGET, without))
        np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("weight", [np.zeros(200), np.full(200, -1.0), np.r_[np.ones(199), np.nan]])
    def test_refused(self, weight: Any) -> None:
        for model, y in ((classifier(), LABELS), (regressor(), TARGET)):
            with pytest.raises(ValueError, match=r"(?i)sample.weight"):
                model.fit(X, y, sample_weight=weight)


class TestPrediction:
    def test_a_program_is_made_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[str] = []

        def counted(*given: Any) -> Any:
            made.append("program")
            return engines.engine_for(*given)

        model, other = regressor().fit(X, TARGET), classifier().fit(X, LABELS)
        monkeypatch.setattr(prediction, "engine_for", counted)
        for _ in range(3):
            model.predict(X[:1])
            other.predict(X[:1])
        assert len(made) == 1  # the regressor's predicted in `fit`
        model.predict(X[:1].astype(np.float32))
        assert len(made) == 1
        model.fit(X, TARGET)
        assert len(made) == 2

    def test_members_of_the_moment_count(self) -> None:
        model = classifier().fit(X, LABELS)
        before = model.predict_proba(X)
        theta = model.members_
        theta[:] = theta[0]
        alone = model.network_.forward(theta[0], X)
        np.testing.assert_allclose(model.predict_proba(X), alone, rtol=1e-12)
        assert not np.allclose(alone, before)
        model.members_ = theta[:2]
        np.testing.assert_allclose(model.predict_proba(X), alone, rtol=1e-12)


class TestIntervals:
    @pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
    def test_new_rows_are_covered_as_often_as_promised(self, coverage: float) -> None:
        """The mean over draws of everything lies in [c, c + 1/(m + 1)]; asked for with three standard errors."""
        m, shares = 50, []
        for seed in range(30):
            rows, target = draw(250 + 1000, seed)
            model = regressor(random_state=seed, validation_fraction=m / 250, max_iter=10)
            model.fit(rows[:250], target[:250])
            lower, upper = model.predict_interval(rows[250:], coverage)
            shares.append(np.mean((lower <= target[250:]) & (target[250:] <= upper)))
        error = 3.0 * np.std(shares) / np.sqrt(len(shares))
        assert coverage - error <= np.mean(shares) <= coverage + 1.0 / (m + 1) + error

    def test_wider_for_more_coverage(self) -> None:
        model = regressor(validation_fraction=0.3).fit(*draw(300, seed=0))
        widths = [np.subtract(*model.predict_interval(X, c)[::-1]).mean() for c in (0.2, 0.5, 0.8, 0.95)]
        assert np.all(np.diff(widths) > 0)

    def test_bounds_are_in_order_even_where_members_overestimate_the_spread(self) -> None:
        """Without noise, and with a small coverage, the margin may be negative."""
        model = regressor(validation_fraction=0.3, n_estimators=10, max_iter=5).fit(X, TARGET)
        lower, upper = model.predict_interval(3.0 * X, 0.01)
        assert np.all(lower <= upper)

    def test_a_shifted_target_shifts_the_bounds(self) -> None:
        here, there = (regressor().fit(X, TARGET + shift).predict_interval(X, 0.8) for shift in (0.0, 1000.0))
        np.testing.assert_allclose(np.array(there) - 1000.0, here, atol=1e-7)

    def test_rows_set_apart_are_not_trained_on(self) -> None:
        """A target that only the rows set apart could tell is not learned."""
        model = regressor(validation_fraction=0.25)
        apart = np.random.RandomState(0).permutation(200)[:50]
        other = TARGET.copy()
        other[apart] += 1000.0
        np.testing.assert_array_equal(model.fit(X, TARGET).members_, clone(model).fit(X, other).members_)

    def test_too_few_rows_set_apart(self) -> None:
        model = regressor(validation_fraction=0.05).fit(X, TARGET)
        model.predict_interval(X, 10 / 11)
        with pytest.raises(ValueError, match=r"^coverage: 10 rows were set apart, enough for 0.909 at most, came 0.95"):
            model.predict_interval(X, 0.95)
        with pytest.raises(ValueError, match=r"^coverage: 0 rows were set apart"):
            regressor(validation_fraction=0).fit(X, TARGET).predict_interval(X)

    def test_rows_are_set_apart_by_a_number_alone(self):
        with pytest.raises(ValueError, match="'validation_fraction' parameter of MLPEnsembleRegressor must be a float"):
            regressor(validation_fraction=KFold()).fit(X, TARGET)

    @pytest.mark.parametrize("coverage", [0.0, 1.0, -0.5, "most", None])
    def test_other_coverages(self, coverage: Any) -> None:
        with pytest.raises(ValueError, match=r"^coverage: must lie between 0 and 1, came "):
            regressor().fit(X, TARGET).predict_interval(X, coverage)


class TestRefusals:
    def test_one_class(self) -> None:
        with pytest.raises(ValueError, match=r"^y: needs two classes at least, came one class only, 'a'"):
            classifier().fit(X, ["a"] * 200)

    def test_layers_without_units(self) -> None:
        with pytest.raises(ValueError, match=r"^hidden_layer_sizes must be > 0"):
            classifier(hidden_layer_sizes=(3, 0)).fit(X, LABELS)

    def test_parameters(self) -> None:
        for name, wrong in (("n_threads", 0), ("class_weight", "equal"), ("batch_size", "auto"), ("alpha", -1.0)):
            with pytest.raises(ValueError, match=f"'{name}' parameter of MLPEnsembleClassifier must be"):
                classifier(**{name: wrong}).fit(X, LABELS)
        with pytest.raises(ValueError, match="'validation_fraction' parameter of MLPEnsembleRegressor must be"):
            regressor(validation_fraction=1.0).fit(X, TARGET)

    def test_divergence(self) -> None:
        with pytest.raises(FloatingPointError, match="use a smaller rate"):
            regressor(activation="identity", learning_rate_init=1e200).fit(X, TARGET)

    def test_feature_names(self) -> None:
        pandas = pytest.importorskip("pandas")
        table = pandas.DataFrame(X, columns=["a", "b"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            regressor().fit(table, TARGET).predict_interval(table)
        with pytest.raises(ValueError, match="feature names"):
            regressor().fit(table, TARGET).predict(table.rename(columns={"a": "c"}))


def test_alpha_of_each_layer() -> None:
    one, each, output = (
        classifier(alpha=alpha, learning_rate_init=0.03).fit(X, LABELS) for alpha in (3.0, [3.0, 3.0], [3.0, 300.0])
    )
    np.testing.assert_array_equal(one.members_, each.members_)
    W = next(view for view in one.network_.views if view.name == "2.W")
    before, after = (np.linalg.norm(ensemble.members_[:, W.start : W.stop]) for ensemble in (one, output))
    assert after < 0.5 * before
    with pytest.raises(ValueError, match="alpha: must have one number for each of 2 layers of weights"):
        classifier(alpha=[1.0]).fit(X, LABELS)
