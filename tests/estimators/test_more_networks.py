"""Networks that scikit-learn does not offer: functions, losses, dropout, penalties, weights given."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

import multilayer as ml

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def classifier(**options):
    return ml.MLPClassifier(**{"hidden_layer_sizes": (8, 6), "learning_rate_init": 0.03, "random_state": 0, **options})


def regressor(**options):
    return ml.MLPRegressor(**{"hidden_layer_sizes": (8,), "learning_rate_init": 0.03, "random_state": 0, **options})


def same_weights(a, b):
    return all(np.array_equal(V, W) for V, W in zip(a.coefs_, b.coefs_, strict=True))


NEUTRAL = {
    "activations": ["relu", "relu"],
    "dropout": [0.0, 0.0],
    "weight_decay": 0.0,
    "schedule": ml.Constant(),
    "clip_norm": 1e9,
    "initial_weights": "scikit_learn",
    "n_threads": 1,
    "dtype": "float64",
    "on_nonfinite": "stop",
    "class_weight": {0: 1.0, 1: 1.0, 2: 1.0},
    "output_activation": "softmax",
    "callbacks": [lambda epoch: None],
    "restore_best": False,
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_values_change_nothing(iris, name):
    X, y = iris
    usual = classifier(max_iter=4).fit(X, y)
    given = classifier(max_iter=4, **{name: NEUTRAL[name]}).fit(X, y)
    for V, W in zip(usual.coefs_, given.coefs_, strict=True):
        np.testing.assert_allclose(V, W, atol=1e-12)


def test_engines_agree(iris):
    X, y = iris
    native, reference = (classifier(max_iter=3, engine=name).fit(X, y) for name in (None, "reference"))
    np.testing.assert_allclose(native.coefs_[0], reference.coefs_[0], atol=1e-10)


@pytest.mark.parametrize("functions", [["mish", "gelu"], ["logistic", ml.activation("elu", alpha=0.5)]], ids=repr)
def test_each_layer_has_its_own_function(iris, functions):
    X, y = iris
    model = classifier(activations=functions, max_iter=60).fit(X, y)
    assert model.score(X, y) > 0.93
    h = X
    for layer, name in enumerate(functions):
        z = h @ model.coefs_[layer] + model.intercepts_[layer]
        h = np.asarray(ml.activation("sigmoid" if name == "logistic" else name).function(
            z, **({"alpha": 0.5} if layer == 1 and not isinstance(name, str) else {})))  # fmt: skip
        np.testing.assert_allclose(model.hidden_activations(X, layer), h, atol=1e-12)
    np.testing.assert_array_equal(model.hidden_activations(X), model.hidden_activations(X, 1))
    with pytest.raises(ValueError, match="layer: the network allows an integer from -2 to 1, came 2"):
        model.hidden_activations(X, 2)
    with pytest.raises(ValueError, match="activations: must have one entry for each of 2 hidden layers, came 1"):
        classifier(activations=["relu"]).fit(X, y)


def test_a_function_of_ones_own_runs_on_the_reference_engine(iris):
    def bump(z):
        return z / (1.0 + z * z)

    def slope(z):
        return (1.0 - z * z) / (1.0 + z * z) ** 2

    X, y = iris
    own = ml.Activation("bump", bump, slope)
    assert classifier(activation=own, max_iter=60).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("loss", ["cross_entropy", "sparsemax", "squared", "huber"])
def test_classifiers_learn_by_other_losses(iris, loss):
    X, y = iris
    model = classifier(loss=loss, max_iter=100).fit(X, y)
    assert model.score(X, y) > 0.93
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.out_activation_ == ("sparsemax" if loss == "sparsemax" else "softmax")


def test_sparsemax_gives_exact_zeros(iris):
    X, y = iris
    probabilities = classifier(output_activation="sparsemax", max_iter=100).fit(X, y).predict_proba(X)
    assert (probabilities == 0.0).mean() > 0.3


def test_an_output_that_does_not_go_with_the_targets_is_refused(iris):
    X, y = iris
    with pytest.raises(ValueError, match="output_activation: must be 'softmax' or 'sparsemax' for these targets"):
        classifier(output_activation="logistic").fit(X, y)
    with pytest.raises(ValueError, match="output_activation: must be 'logistic' for these targets, came 'softmax'"):
        classifier(output_activation="softmax").fit(X, y == 1)


def test_quantile_losses_give_intervals():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, (600, 1))
    y = X[:, 0] + (1.0 + X[:, 0]) * rng.normal(size=600)
    low, high = (regressor(loss=ml.loss("quantile", q=q), max_iter=150).fit(X, y).predict(X) for q in (0.1, 0.9))
    assert 0.75 < ((low < y) & (y < high)).mean() < 0.85
    width = high - low
    assert width[X[:, 0] > 0.5].mean() > 2.0 * width[X[:, 0] < -0.5].mean()


def test_an_absolute_loss_ignores_outliers():
    X = np.ones((50, 1))
    y = np.where(np.arange(50) < 40, 1.0, 1e4)
    assert regressor(loss="absolute", max_iter=400).fit(X, y).predict(X[:1]) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("output", ["softplus", "logistic", ml.activation("softplus")], ids=repr)
def test_regression_on_a_bounded_output(output):
    X = np.linspace(-2.0, 2.0, 60)[:, None]
    y = 1.0 / (1.0 + np.exp(-3.0 * X[:, 0]))
    model = regressor(output_activation=output, max_iter=300).fit(X, y)
    assert model.score(X, y) > 0.8
    assert model.predict(100.0 * X).min() >= 0.0


def test_dropout_is_drawn_again_by_the_same_seed_and_not_used_in_prediction(iris):
    X, y = iris
    options = {"dropout": [0.5, 0.0], "input_dropout": 0.1, "max_iter": 40}
    first, second = (classifier(**options).fit(X, y) for _ in range(2))
    assert same_weights(first, second)
    np.testing.assert_array_equal(first.predict_proba(X), first.predict_proba(X))
    assert not same_weights(first, classifier(max_iter=40).fit(X, y))
    assert first.loss_ > classifier(max_iter=40).fit(X, y).loss_  # half of the units are missing while training
    with pytest.raises(ValueError, match="dropout draws anew each time"):
        classifier(solver="lbfgs", dropout=0.5).fit(X, y)


def test_class_weights_are_weights_of_rows(iris):
    X, y = iris
    by_class = classifier(class_weight={0: 1.0, 1: 2.0, 2: 5.0}, max_iter=3).fit(X, y)
    by_row = classifier(max_iter=3).fit(X, y, sample_weight=np.array([1.0, 2.0, 5.0])[y])
    assert same_weights(by_class, by_row)
    few = np.concatenate([np.arange(50), np.arange(50, 55), np.arange(100, 150)])
    recalls = [
        (classifier(class_weight=w, solver="lbfgs", alpha=5.0).fit(X[few], y[few]).predict(X[y == 1]) == 1).mean()
        for w in (None, "balanced")
    ]
    assert recalls[1] > recalls[0]
    with pytest.raises(ValueError, match="class_weight: partial_fit sees some rows only"):
        classifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    some = y < 2
    by_class, by_row = classifier(class_weight={0: 1.0, 1: 2.0, 2: 5.0}), classifier()
    by_class.partial_fit(X[some], y[some], classes=[0, 1, 2])
    by_row.partial_fit(X[some], y[some], sample_weight=np.array([1.0, 2.0])[y[some]], classes=[0, 1, 2])
    assert same_weights(by_class, by_row)
    with pytest.raises(ValueError, match="class_weight: needs labels, came distributions"):
        classifier(class_weight="balanced").fit(X, np.full((len(X), 3), [0.2, 0.3, 0.5]))


def test_smoothed_labels_are_less_sure(iris):
    X, y = iris
    sure, less = (classifier(label_smoothing=s, max_iter=150).fit(X, y).predict_proba(X).max(1) for s in (0.0, 0.3))
    assert less.mean() < 0.9 < sure.mean()
    both = classifier(label_smoothing=0.3, max_iter=100).fit(X, y == 1)
    assert both.predict_proba(X).min(axis=1).mean() > 0.1


def test_soft_targets(iris):
    X, y = iris
    certain = classifier(max_iter=3).fit(X, y)
    soft = np.eye(3)[y] * (1.0 - 1e-14) + 1e-14 / 3
    np.testing.assert_allclose(classifier(max_iter=3).fit(X, soft).coefs_[0], certain.coefs_[0], atol=1e-9)
    even = classifier(solver="lbfgs", alpha=0.0).fit(X, np.full((len(X), 3), [0.2, 0.3, 0.5]))
    np.testing.assert_allclose(even.predict_proba(X), np.tile([0.2, 0.3, 0.5], (len(X), 1)), atol=0.01)
    two = classifier(solver="lbfgs", alpha=0.0).fit(X, np.full((len(X), 2), [0.3, 0.7]))
    np.testing.assert_allclose(two.predict_proba(X), np.tile([0.3, 0.7], (len(X), 1)), atol=0.03)


def test_l1_makes_small_weights_smaller(iris):
    X, y = iris
    plain, lasso = (classifier(l1=strength, alpha=0.0, max_iter=150).fit(X, y) for strength in (0.0, 1.0))
    assert (np.abs(lasso.coefs_[0]) < 0.02).sum() > (np.abs(plain.coefs_[0]) < 0.02).sum() + 5


@pytest.mark.parametrize("given", ["he_normal", ml.initial_weights("uniform", bound=0.1)], ids=repr)
def test_schemes_of_initial_weights(iris, given):
    X, y = iris
    begun = classifier(initial_weights=given).initialize(X, y)
    assert not same_weights(begun, classifier().initialize(X, y))
    assert same_weights(begun, classifier(initial_weights=given).initialize(X, y))


def test_weights_given(iris):
    X, y = iris
    trained = classifier(max_iter=20).fit(X, y)
    begun = classifier(initial_weights=(trained.coefs_, trained.intercepts_)).initialize(X, y)
    np.testing.assert_array_equal(begun.predict_proba(X), trained.predict_proba(X))
    with pytest.raises(ValueError, match=r"initial_weights: layer 1: W must have shape \(8, 4\), came \(2, 2\)"):
        classifier(initial_weights=([np.eye(2)] * 3, [np.zeros(2)] * 3)).fit(X, y)


def test_initialize_draws_what_fit_draws_and_partial_fit_goes_on(iris):
    X, y = iris
    begun = classifier().initialize(X, y)
    still = classifier(solver="sgd", learning_rate_init=1e-30, momentum=0.0, max_iter=1).fit(X, y)
    assert same_weights(begun, still)
    assert begun.n_iter_ == begun.t_ == 0
    assert begun.predict(X).shape == y.shape
    begun.partial_fit(X, y)
    assert begun.t_ == len(X)
