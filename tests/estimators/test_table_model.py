"""A table in, a model out: what `fit_table` learns, and what a saved model keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import multilayer as ml
from multilayer.estimators.calibration import temperature
from multilayer.estimators.splitting import part_rows
from multilayer.files.container import load_container, save_container
from multilayer.files.errors import FileError
from multilayer.tables.errors import TableError


def discs(n: int, seed: int = 0) -> dict[str, list[object]]:
    """Points inside and outside a disc, with a category that says nothing and some missing values."""
    generator = np.random.default_rng(seed)
    x, y = generator.uniform(-2, 2, (2, n))
    inside = np.where(x**2 + y**2 < 1.6, "in", "out")
    colour = generator.choice(["red", "green", "blue"], n)
    return {
        "x": [None if i % 50 == 3 else float(v) for i, v in enumerate(x)],
        "y": y.tolist(),
        "colour": colour.tolist(),
        "place": inside.tolist(),
    }


@pytest.fixture(scope="module")
def classifier() -> ml.TableModel:
    return ml.fit_table(discs(1500), "place", epochs=40)


@pytest.fixture(scope="module")
def regressor() -> ml.TableModel:
    generator = np.random.default_rng(1)
    x = generator.uniform(-3, 3, 600)
    return ml.fit_table({"x": x, "price": 1e6 + 1e5 * np.sin(x)}, "price")


def test_it_learns_what_no_line_separates(classifier: ml.TableModel) -> None:
    new = discs(400, seed=9)
    assert classifier.score(new) > 0.93
    assert classifier.predict_proba(new).shape == (400, 2)
    np.testing.assert_allclose(classifier.predict_proba(new).sum(axis=1), 1.0, atol=1e-6)
    assert set(classifier.predict(new)) == {"in", "out"}


def test_a_regressions_numbers_come_back_in_the_tables_units(regressor: ml.TableModel) -> None:
    x = np.linspace(-2.5, 2.5, 50)
    np.testing.assert_allclose(regressor.predict({"x": x}), 1e6 + 1e5 * np.sin(x), atol=2e4)
    with pytest.raises(ValueError, match="predict_proba"):
        regressor.predict_proba({"x": x})


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_a_saved_model_predicts_the_same_bits(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    rows = discs(100, seed=4) if kind == "classifier" else {"x": np.linspace(-3, 3, 100)}
    model.save(tmp_path / "m.mlp")
    loaded = ml.load(tmp_path / "m.mlp")
    assert np.array_equal(loaded.theta, model.theta)
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    assert loaded.summary() == model.summary()
    assert [path.name for path in tmp_path.iterdir()] == ["m.mlp"]


def test_the_order_of_columns_and_columns_beside_them_do_not_matter(classifier: ml.TableModel) -> None:
    rows = discs(50, seed=5)
    turned = {"other": ["?"] * 50, **dict(reversed(rows.items()))}
    assert np.array_equal(classifier.predict(rows), classifier.predict(turned))


def test_a_category_never_seen_is_taken(classifier: ml.TableModel) -> None:
    assert classifier.predict({"x": [0.0], "y": [0.0], "colour": ["ultraviolet"]}).tolist() == ["in"]


def test_a_number_stands_for_a_class_when_it_is_told_so() -> None:
    rng = np.random.default_rng(2)
    table = {"x": rng.normal(size=60), "n": rng.integers(0, 40, 60)}
    assert ml.fit_table(table, "n", epochs=1, hidden=(4,)).target.task == "regression"
    assert ml.fit_table(table, "n", task="classification", epochs=1, hidden=(4,)).target.task == "classification"


def test_callbacks_see_each_epoch() -> None:
    seen: list[int] = []
    ml.fit_table(discs(1000), "place", hidden=(4,), epochs=3, callbacks=[lambda epoch: seen.append(epoch.epoch)])
    assert seen == [1, 2, 3]


def test_of_few_rows_all_are_trained_on_for_the_epochs_that_cross_validation_chose() -> None:
    seen: list[int] = []
    model = ml.fit_table(discs(200), "place", hidden=(8,), epochs=5, callbacks=[lambda epoch: seen.append(epoch.epoch)])
    assert model.training["rows"] == {"training": 200, "validation": 200, "folds": 5}
    assert seen == list(range(1, model.training["best_epoch"] + 1))
    assert "cross-validation" in model.summary()


@pytest.mark.parametrize(
    ("table", "target", "words"),
    [
        (discs(100), "plaice", "did you mean 'place'"),
        ({"x": [1.0, 2.0] * 10, "y": ["a"] * 20}, "y", "'a'"),
        ({"x": [1.0, float("inf")] * 10, "y": ["a", "b"] * 10}, "y", "'x'"),
        (discs(5), "place", "at least 10"),
    ],
)
def test_what_cannot_be_learned_is_refused(table: object, target: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        ml.fit_table(table, target)


def test_a_file_of_something_else_is_refused(tmp_path: Path, classifier: ml.TableModel) -> None:
    save_container(tmp_path / "other.mlp", {"a": np.zeros(3)}, {"content": "weights of a loom"})
    with pytest.raises(FileError, match="weights of a loom"):
        ml.load(tmp_path / "other.mlp")
    classifier.save(tmp_path / "m.mlp")
    arrays, metadata = load_container(tmp_path / "m.mlp")
    arrays["1.W"] = arrays["1.W"][:, :-1]
    save_container(tmp_path / "m.mlp", arrays, metadata)
    with pytest.raises(FileError, match="shape"):
        ml.load(tmp_path / "m.mlp")


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1, 2], [90, 9, 1])])
def test_parts_are_disjoint_whole_and_of_the_right_size(labels: np.ndarray | None) -> None:
    for seed in range(5):
        kept, apart = part_rows(100, 0.2, seed=seed, labels=labels)
        assert sorted([*kept, *apart]) == list(range(100))
        assert 19 <= len(apart) <= 20
        if labels is not None:
            assert set(labels[kept]) == {0, 1, 2}
            assert np.sum(labels[apart] == 0) == 18


def test_temperature_undoes_a_scaling_of_true_logarithms() -> None:
    generator = np.random.default_rng(3)
    z = generator.normal(size=(20_000, 4)) * 2.0
    labels = np.array([generator.choice(4, p=p) for p in softmax(z, axis=1)])
    assert temperature(z, labels) == pytest.approx(1.0, abs=0.05)
    assert temperature(3.0 * z, labels) == pytest.approx(3.0, abs=0.15)
    after = -log_softmax(3.0 * z / temperature(3.0 * z, labels), axis=1)[np.arange(len(z)), labels].mean()
    assert after < -log_softmax(3.0 * z, axis=1)[np.arange(len(z)), labels].mean()


def test_few_rows_all_right_do_not_make_certainty() -> None:
    assert temperature(np.array([[2.0, 0.0]] * 5), np.zeros(5, np.int64)) > 0.2
