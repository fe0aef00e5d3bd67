"""Penalties, decay and rates of single layers, and networks of which a part is frozen."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

import multilayer as ml

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")

SOLVERS = ["adam", "sgd", "adamw", "rmsprop", "adagrad", "rprop", "lbfgs", "conjugate_gradient", "levenberg_marquardt"]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def classifier(**options):
    return ml.MLPClassifier(**{"hidden_layer_sizes": (6, 5), "max_iter": 8, "random_state": 0, **options})


def arrays(model):
    """Copies of each layer's Wᵀ and b."""
    return [(W.copy(), b.copy()) for W, b in zip(model.coefs_, model.intercepts_, strict=True)]


def changed(before, after):
    """Which layers have an array of other bits."""
    return [
        int(any(a.tobytes() != b.tobytes() for a, b in zip(*pair, strict=True)))
        for pair in zip(before, after, strict=True)
    ]


@pytest.mark.parametrize(
    ("solver", "name"),
    [("lbfgs", "alpha"), *itertools.product(["adam", "sgd", "adamw"], ["alpha", "l1", "weight_decay"])],
)
def test_equal_numbers_for_each_layer_are_the_number(iris, solver, name):
    one, each = (classifier(solver=solver, **{name: given}).fit(*iris) for given in (0.3, np.full(3, 0.3)))
    assert changed(arrays(one), arrays(each)) == [0, 0, 0]
    assert one.loss_ == each.loss_


@pytest.mark.parametrize(("name", "strength"), [("alpha", 300.0), ("l1", 100.0), ("weight_decay", 30.0)])
@pytest.mark.parametrize("layer", range(3))
def test_a_layer_of_its_own_strength_is_the_one_that_shrinks(iris, name, strength, layer):
    options = {"max_iter": 60, "learning_rate_init": 0.01, "n_iter_no_change": 60}
    plain, shrunk = (classifier(**{name: given}, **options).fit(*iris) for given in (0.0, strength * np.eye(3)[layer]))
    norms = [np.linalg.norm(b) / np.linalg.norm(a) for a, b in zip(plain.coefs_, shrunk.coefs_, strict=True)]
    assert norms[layer] < 0.3
    assert min(norms[:layer] + norms[layer + 1 :]) > 0.3


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("rates", [[0, 1, 1], (0, 0, 1), np.array([1, 0, 0])], ids=str)
def test_frozen_layers_keep_their_bits_through_every_kind_of_going_on(rows, solver, rates):
    X, targets = rows
    y = targets["outputs"]
    options = {"solver": solver, "hidden_layer_sizes": (6, 5), "activation": "tanh", "max_iter": 8, "random_state": 0}
    pretrained = ml.MLPRegressor(**options).fit(X, y)
    before = arrays(pretrained)
    assert changed(before, arrays(clone(pretrained).set_params(layer_rates=rates).initialize(X, y))) == [1, 1, 1]

    warm = clone(pretrained).set_params(initial_weights=(pretrained.coefs_, pretrained.intercepts_), layer_rates=rates)
    assert changed(before, arrays(warm.fit(X, -y))) == list(rates)

    pretrained.set_params(layer_rates=rates, warm_start=True)
    assert changed(before, arrays(pretrained.fit(X, -y))) == list(rates)
    assert changed(before, arrays(pretrained.partial_fit(X, y).partial_fit(X, -y))) == list(rates)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_early_stopping_keeps_frozen_layers_too(iris, dtype):
    X, y = iris[0].astype(dtype), iris[1]
    model = classifier(early_stopping=True, warm_start=True).fit(X, y)
    before = arrays(model)
    assert changed(before, arrays(model.set_params(layer_rates=[0, 1, 1], dropout=0.1, alpha=1.0).fit(X, y)))[0] == 0


def test_a_new_output_on_frozen_layers_is_logistic_regression_on_their_values(iris):
    X, y = iris
    base = classifier(max_iter=100).fit(X, y > 0)
    hidden = base.hidden_activations(X)
    head = np.zeros((5, 3))
    weights = ([*base.coefs_[:-1], head], [*base.intercepts_[:-1], np.zeros(3)])
    tuned = classifier(
        initial_weights=weights, layer_rates=[0, 0, 1], solver="lbfgs", alpha=[0.0, 0.0, 1.0], max_iter=5000, tol=1e-8
    ).fit(X, y)
    np.testing.assert_array_equal(tuned.hidden_activations(X), hidden)
    judge = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(hidden, y)  # ½‖w‖² + the sum of losses
    np.testing.assert_allclose(tuned.predict_proba(X), judge.predict_proba(hidden), atol=1e-4)


def test_ones_change_nothing(iris):
    for solver in ("adam", "lbfgs"):
        plain, ones = (classifier(solver=solver, layer_rates=rates).fit(*iris) for rates in (None, [1, 1.0, True + 0]))
        assert changed(arrays(plain), arrays(ones)) == [0, 0, 0]


def test_they_are_parameters_like_others(iris):
    search = GridSearchCV(classifier(), {"layer_rates": [None, [0, 0, 1]], "alpha": [0.1, [0.0, 0.1, 0.2]]}, cv=2)
    assert len(search.fit(*iris).cv_results_["params"]) == 4
    features = ml.MLPFeatures(classifier(layer_rates=[0, 1, 1], alpha=(0.1, 0.2, 0.3))).fit(*iris)
    assert features.estimator_.layer_rates == [0, 1, 1]


@pytest.mark.parametrize("name", ["alpha", "l1", "weight_decay", "layer_rates"])
@pytest.mark.parametrize("partial", [False, True])
def test_another_number_than_of_layers_is_refused_by_name(iris, name, partial):
    model = classifier(**{name: [0.1, 0.2]})
    text = f"{name}: must have one number for each of 3 layers of weights (hidden layers and output), came 2"
    with pytest.raises(ValueError, match=re.escape(text)):
        model.partial_fit(*iris, classes=[0, 1, 2]) if partial else model.fit(*iris)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": [0.1, -1.0, 0.1]}, "alpha[1]: must be a finite number of at least 0, came -1.0"),
        ({"layer_rates": [0, 0, 0]}, "layer_rates: must leave a layer to train, came (0.0, 0.0, 0.0)"),
        ({"layer_rates": [1, 2, 1], "solver": "lbfgs"}, "layer_rates: 'lbfgs' steps in all layers at once and takes 0"),
        (
            {"layer_rates": [1, 2, 1], "solver": "rprop"},
            "layer_rates: Rprop sets its own steps, so it takes 0 (frozen)",
        ),
        ({"weight_decay": [0, 0, 0.1], "solver": "lbfgs"}, "weight_decay: solver 'lbfgs' does not use it"),
    ],
    ids=str,
)
def test_what_cannot_be_heeded_is_refused(iris, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        classifier(**options).fit(*iris)


@pytest.mark.parametrize("options", [{"layer_rates": 0.5}, {"l1": "much"}, {"alpha": "abc"}, {"alpha": None}], ids=str)
def test_what_is_no_number_and_no_sequence_is_refused(iris, options):
    with pytest.raises(InvalidParameterError, match=f"The '{next(iter(options))}' parameter of MLPClassifier must be"):
        classifier(**options).fit(*iris)
