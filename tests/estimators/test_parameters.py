"""Constructors and what they refuse: scikit-learn's signature, and its words."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


def raised(call, *arguments, **options):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (which one is compared)
        call(*arguments, **options)
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_scikit_learns_parameters_come_first_in_its_order_with_its_defaults(both, kind):
    ours, theirs = (inspect.signature(type(estimator)).parameters.values() for estimator in both(kind))
    for mine, its in zip(ours, theirs, strict=False):
        assert (mine.name, mine.kind, mine.default) == (its.name, its.kind, its.default)
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in list(ours)[len(theirs) :])


def test_the_classifiers_loss_can_be_read(both):
    ours, theirs = both("classifier")
    assert ours.loss == theirs.loss == "log_loss"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden_layer_sizes": -1},
        {"hidden_layer_sizes": (3, 0)},
        {"alpha": -1.0},
        {"batch_size": 0},
        {"batch_size": "all"},
        {"learning_rate_init": 0.0},
        {"power_t": -0.5},
        {"max_iter": 0},
        {"shuffle": "yes"},
        {"tol": -1.0},
        {"momentum": 1.1},
        {"nesterovs_momentum": 2},
        {"validation_fraction": 1.0},
        {"validation_fraction": 0.0, "early_stopping": True},
        {"beta_1": 1.0},
        {"epsilon": 0.0},
        {"n_iter_no_change": 0},
        {"max_fun": 0},
        {"random_state": "me"},
    ],
    ids=repr,
)
def test_values_out_of_range_are_refused_in_scikit_learns_words(both, rows, wrong):
    X, targets = rows
    ours, theirs = both("classifier", **{"max_iter": 1, **wrong})
    assert raised(ours.fit, X, targets["binary"]) == raised(theirs.fit, X, targets["binary"])


@pytest.mark.parametrize("wrong", [{"activation": "wish"}, {"solver": "newton"}], ids=repr)
def test_an_unknown_name_is_refused_with_those_that_exist(both, rows, wrong):
    X, targets = rows
    ours, theirs = (raised(estimator.fit, X, targets["numbers"]) for estimator in both("regressor", **wrong))
    assert ours[0].__name__ == theirs[0].__name__ == InvalidParameterError.__name__
    template, listed = (text.partition("{")[0] for text in (ours[1], theirs[1]))
    assert template == listed
    allowed = set(theirs[1].partition("{")[2].partition("}")[0].split(", "))
    assert allowed <= set(ours[1].partition("{")[2].partition("}")[0].split(", "))


@pytest.mark.parametrize("momentum", [0.0, 1.0])
@pytest.mark.parametrize("sizes", [[], (), 3, np.array([3, 2]), range(2, 4)], ids=repr)
def test_what_scikit_learn_takes_is_taken(both, agree, rows, sizes, momentum):
    X, targets = rows
    options = {"solver": "sgd", "momentum": momentum, "power_t": 0.0, "max_iter": 2}
    ours, theirs = both("classifier", hidden_layer_sizes=sizes, **options)
    agree(ours.fit(X, targets["classes"]), theirs.fit(X, targets["classes"]))


def test_partial_fit_is_hidden_for_lbfgs_from_the_classifier_only(both, agree, rows):
    X, targets = rows
    ours, theirs = both("classifier", solver="lbfgs")
    assert raised(getattr, ours, "partial_fit") == raised(getattr, theirs, "partial_fit")
    ours, theirs = both("regressor", solver="lbfgs", hidden_layer_sizes=(3,), max_iter=5)
    agree(ours.partial_fit(X, targets["numbers"]), theirs.partial_fit(X, targets["numbers"]), 1e-7)


@pytest.mark.parametrize(
    ("kind", "y"),
    [
        ("classifier", [0.5, 1.5] * 5),
        ("classifier", [0, 1]),
        ("classifier", [0.0, np.nan] * 5),
        ("classifier", None),
        ("classifier", [[0], [1]] * 5),
        ("regressor", [0.0, np.inf] * 5),
        ("regressor", None),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_bad_targets_are_answered_as_scikit_learn_answers(both, kind, y):
    X = np.arange(20.0).reshape(10, 2)
    ours, theirs = both(kind, hidden_layer_sizes=(2,), max_iter=1)
    answers = []
    for estimator in (ours, theirs):
        try:
            answers.append(estimator.fit(X, y).predict(X).shape)
        except Exception as error:
            answers.append((type(error), str(error).replace("multilayer", "sklearn")))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("kind", "y", "text"),
    [
        ("classifier", [None, "a"] * 5, "y: must hold a target for every row, came None"),
        ("regressor", [None, 1.0] * 5, "y: must hold a target for every row, came None"),
        ("regressor", ["a", "b"] * 5, "y: must be numbers, came dtype <U1"),
    ],
)
def test_what_scikit_learn_answers_badly_is_refused_by_name(both, kind, y, text):
    ours, _ = both(kind)
    with pytest.raises(ValueError, match=text):
        ours.fit(np.zeros((10, 2)), y)


def test_negative_counts_are_refused(both, rows):
    ours, _ = both("regressor", loss="poisson")
    with pytest.raises(ValueError, match="y: must have no negative value"):
        ours.fit(rows[0], rows[1]["numbers"])
