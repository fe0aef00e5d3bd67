"""Early stopping on rows that a splitter holds out: by groups, in the order of time, by row numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_validate,
)

import multilayer as ml

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")

GROUPS = np.repeat(np.arange(15), 6)
TARGETS = ["binary", "classes", "labels", "numbers", "outputs"]


def model_for(target, **options):
    made = ml.MLPRegressor if target in ("numbers", "outputs") else ml.MLPClassifier
    shared = {"hidden_layer_sizes": (5,), "max_iter": 15, "early_stopping": True, "n_iter_no_change": 4}
    return made(**{**shared, "learning_rate_init": 0.02, "random_state": 0, **options})


def assert_same_run(a, b):
    assert a.validation_scores_ == b.validation_scores_
    assert a.loss_curve_ == b.loss_curve_
    for x, y in zip([*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_], strict=True):
        np.testing.assert_array_equal(x, y)


class Recorded:
    """A splitter that keeps what it was given and what it gave."""

    def __init__(self, splitter):
        self.splitter = splitter

    def split(self, X, y=None, groups=None):
        self.given = X, y, groups
        self.splits = list(self.splitter.split(X, y, groups))
        return iter(self.splits)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "splitter",
    [
        GroupShuffleSplit(3, test_size=0.3, random_state=5),
        GroupKFold(4),
        LeaveOneGroupOut(),
        TimeSeriesSplit(4, gap=2),
        ShuffleSplit(2, random_state=1),
        PredefinedSplit(np.repeat([-1, 0, 1], 30)),
        KFold(5),
    ],
    ids=lambda s: type(s).__name__,
)
def test_a_split_is_its_rows_given_as_validation_data(rows, target, weighted, splitter):
    X, targets = rows
    y = targets[target]
    weight = np.random.default_rng(0).uniform(0.1, 2.0, len(X)) if weighted else None
    groups = GROUPS if isinstance(splitter, GroupShuffleSplit | GroupKFold | LeaveOneGroupOut) else None
    *_, (train, held) = splitter.split(X, y, groups)
    by_splitter = model_for(target, validation_fraction=splitter).fit(X, y, weight, groups=groups)
    rest = (X[held], y[held]) if weight is None else (X[held], y[held], weight[held])
    by_hand = model_for(target, validation_data=rest)
    assert_same_run(by_splitter, by_hand.fit(X[train], y[train], None if weight is None else weight[train]))
    by_numbers = model_for(target, validation_fraction=list(splitter.split(X, y, groups)))
    assert_same_run(by_splitter, by_numbers.fit(X, y, weight))


@pytest.mark.parametrize("target", TARGETS)
def test_no_group_is_on_both_sides(rows, target):
    X, targets = rows
    splitter = Recorded(GroupShuffleSplit(random_state=0))
    model_for(target, validation_fraction=splitter).fit(X, targets[target], groups=GROUPS.astype(str).tolist())
    train, held = splitter.splits[-1]
    assert not set(GROUPS[train]) & set(GROUPS[held])


@pytest.mark.parametrize("target", TARGETS)
def test_a_splitter_is_given_rows_and_targets_as_users_have_them(rows, target):
    X, targets = rows
    for given in (X, sparse.csr_matrix(X)):
        splitter = Recorded(TimeSeriesSplit())
        options = {} if target in ("numbers", "outputs") else {"label_smoothing": 0.1}
        model_for(target, validation_fraction=splitter, **options).fit(given, targets[target])
        seen, y, groups = splitter.given
        np.testing.assert_array_equal(seen.toarray() if hasattr(seen, "toarray") else seen, X)
        np.testing.assert_array_equal(y, targets[target])
        assert groups is None


def test_shares_of_classes_are_kept(rows):
    X, targets = rows
    names = np.array(["a", "b", "c"])[targets["classes"]]
    splitter = Recorded(StratifiedShuffleSplit(1, test_size=0.3, random_state=0))
    model_for("classes", validation_fraction=splitter).fit(X, names)
    _, held = splitter.splits[-1]
    for name in "abc":
        assert abs(np.sum(names[held] == name) - 0.3 * np.sum(names == name)) < 1


def test_time_keeps_its_order(rows):
    """Without shuffling, rows are met as they come, and those held out are later than all of them."""
    X, targets = rows
    splitter = Recorded(TimeSeriesSplit(3))
    options = {"shuffle": False, "batch_size": 10, "max_iter": 1}
    by_splitter = model_for("numbers", validation_fraction=splitter, **options).fit(X, targets["numbers"])
    train, held = splitter.splits[-1]
    assert (train == np.arange(len(train))).all()
    assert train.max() < held.min()
    assert len(train) == max(len(part) for part, _ in splitter.splits)
    by_hand = model_for("numbers", early_stopping=False, **options).fit(X[train], targets["numbers"][train])
    np.testing.assert_array_equal(by_splitter.coefs_[0], by_hand.coefs_[0])


@pytest.mark.parametrize("splitter", [GroupShuffleSplit(), ShuffleSplit(), KFold(3, shuffle=True)], ids=str)
def test_a_splitter_without_a_seed_draws_from_the_estimators(rows, splitter):
    X, targets = rows
    groups = GROUPS if isinstance(splitter, GroupShuffleSplit) else None
    y = targets["numbers"]

    def fitted(seed):
        return model_for("numbers", validation_fraction=splitter, random_state=seed).fit(X, y, groups=groups)

    assert_same_run(fitted(0), fitted(0))
    assert_same_run(fitted(0), fitted(np.random.RandomState(0)))
    assert fitted(0).validation_scores_ != fitted(1).validation_scores_
    assert splitter.random_state is None
    seeded = clone(fitted(0)).set_params(validation_fraction=ShuffleSplit(random_state=7))
    by_two_seeds = [clone(seeded).set_params(random_state=seed).fit(X, y) for seed in (0, 1)]
    assert len({tuple(model.validation_scores_) for model in by_two_seeds}) == 2  # the same rows, other weights


def test_without_early_stopping_nothing_is_split(rows):
    X, targets = rows
    splitter = Recorded(TimeSeriesSplit())
    plain, idle = (
        model_for("numbers", early_stopping=False, validation_fraction=given).fit(X, targets["numbers"])
        for given in (0.1, splitter)
    )
    assert not hasattr(splitter, "splits")
    np.testing.assert_array_equal(plain.coefs_[0], idle.coefs_[0])


def test_groups_are_routed(rows):
    X, targets = rows
    model = model_for("classes", validation_fraction=GroupShuffleSplit(test_size=0.3, random_state=0))
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(groups=True, sample_weight=True).set_score_request(sample_weight=False)
        params = {"groups": GROUPS, "sample_weight": np.ones(len(X))}
        routed = cross_validate(model, X, targets["classes"], cv=GroupKFold(3), params=params, return_estimator=True)
    for (train, _), fitted in zip(GroupKFold(3).split(X, groups=GROUPS), routed["estimator"], strict=True):
        alone = clone(model).fit(X[train], targets["classes"][train], np.ones(len(train)), groups=GROUPS[train])
        assert_same_run(fitted, alone)


def test_features_of_a_hidden_layer_hand_groups_on(rows):
    X, targets = rows
    model = model_for("classes", validation_fraction=GroupShuffleSplit(random_state=0))
    features = ml.MLPFeatures(model).fit(X, targets["classes"], groups=GROUPS)
    assert_same_run(features.estimator_, model.fit(X, targets["classes"], groups=GROUPS))


@pytest.mark.parametrize(
    ("options", "came"),
    [
        ({}, "validation_fraction=0.1"),
        ({"validation_fraction": TimeSeriesSplit()}, "validation_fraction=TimeSeriesSplit("),
        ({"validation_fraction": [(range(50), range(50, 90))]}, "validation_fraction=[("),
        ({"early_stopping": False}, "early_stopping=False, which holds no rows out"),
        ({"solver": "lbfgs"}, "solver 'lbfgs', which holds no rows out"),
        ({"validation_data": ([[0.0] * 4] * 2, [0.0, 1.0])}, "validation_data, in place of a split"),
    ],
    ids=str,
)
def test_groups_that_nothing_heeds_are_refused(rows, options, came):
    X, targets = rows
    model = model_for("numbers", **options)
    with pytest.raises(ValueError, match=r"groups: used by a splitter in .* came with " + re.escape(came)):
        model.fit(X, targets["numbers"], groups=GROUPS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "must give at least one split, came none"),
        ([(range(90), [])], "the last split must leave rows to train on and 2 or more test rows, came 90 and 0"),
        ([(range(89), [89])], "the last split must leave rows to train on and 2 or more test rows, came 89 and 1"),
        ([([], range(90))], "the last split must leave rows to train on and 2 or more test rows, came 0 and 90"),
        ([(range(50), range(48, 90))], "training and test rows must not overlap, came row 48 in both, and 1 more"),
        ([(range(50), range(50, 91))], "test rows must lie between 0 and 89, the last row, came 90"),
        ([(range(-1, 50), range(50, 90))], "training rows must lie between 0 and 89, the last row, came -1"),
        (
            [(np.arange(90) < 60, np.arange(90) >= 60)],
            "training rows must be row numbers in one dimension, came dtype bool",
        ),
        ([([[0, 1]], [2, 3])], "training rows must be row numbers in one dimension, came dtype int64, shape (1, 2)"),
        ((range(50), range(50, 90)), "must give pairs (train, test) of row numbers, came range(50, 90)"),
        ([3, 4], "must give pairs (train, test) of row numbers, came 4"),
        (TimeSeriesSplit(100), "Cannot have number of folds=101 greater than the number of samples=90"),
        (GroupShuffleSplit(), "The 'groups' parameter should not be None"),
    ],
    ids=str,
)
def test_what_is_no_split_is_refused_by_name(rows, given, message):
    X, targets = rows
    with pytest.raises(ValueError, match=re.escape(f"validation_fraction: {message}")):
        model_for("numbers", validation_fraction=given).fit(X, targets["numbers"])


def test_groups_have_an_entry_for_each_row(rows):
    X, targets = rows
    model = model_for("numbers", validation_fraction=GroupShuffleSplit())
    with pytest.raises(ValueError, match="groups: must have one entry for each of 90 rows, came 3"):
        model.fit(X, targets["numbers"], groups=[1, 2, 3])
