"""Draws: scikit-learn's, in its order, and none ahead of it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


def place(stream):
    name, keys, *rest = stream.get_state()
    return name, keys.tobytes(), *rest


@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_initial_weights_are_scikit_learns_numbers(both, rows, activation, dtype):
    X, targets = rows
    options = {"activation": activation, "hidden_layer_sizes": (5, 3), "solver": "sgd", "learning_rate_init": 1e-30}
    ours, theirs = both("classifier", **options, momentum=0.0, max_iter=1)
    ours.fit(X.astype(dtype), targets["classes"])
    theirs.fit(X.astype(dtype), targets["classes"])
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("tol", [1e-4, 10.0])
def test_a_shared_stream_ends_where_scikit_learn_leaves_it(both, rows, shuffle, early_stopping, tol):
    X, targets = rows
    ended = []
    for estimator in both("classifier", shuffle=shuffle, early_stopping=early_stopping, max_iter=9, tol=tol):
        stream = np.random.RandomState(5)
        estimator.set_params(random_state=stream, n_iter_no_change=2, hidden_layer_sizes=(3,)).fit(X, targets["binary"])
        ended.append((place(stream), estimator.n_iter_))
    assert ended[0] == ended[1]


def test_a_number_restarts_the_stream_at_each_call_and_an_instance_continues(both, agree, rows):
    X, targets = rows
    for state in (3, np.random.RandomState(3)):
        ours, theirs = both("classifier", hidden_layer_sizes=(4,), batch_size=16)
        for estimator in (ours, theirs):
            estimator.set_params(random_state=np.random.RandomState(3) if state != 3 else 3)
            for _ in range(3):
                estimator.partial_fit(X, targets["classes"], classes=[0, 1, 2])
        agree(ours, theirs)


def test_none_is_numpys_global_stream(both, agree, rows):
    X, targets = rows
    ours, theirs = both("regressor", random_state=None, hidden_layer_sizes=(4,), max_iter=3)
    before = np.random.get_state()  # noqa: NPY002 (scikit-learn draws from it)
    try:
        for estimator in (ours, theirs):
            np.random.seed(11)  # noqa: NPY002
            estimator.fit(X, targets["numbers"])
    finally:
        np.random.set_state(before)  # noqa: NPY002
    agree(ours, theirs)


@pytest.mark.parametrize("target", ["binary", "classes", "labels"])
def test_the_split_is_scikit_learns(both, agree, rows, target):
    X, targets = rows
    options = {"early_stopping": True, "validation_fraction": 0.3, "max_iter": 5, "hidden_layer_sizes": (4,)}
    ours, theirs = both("classifier", **options)
    agree(ours.fit(X, targets[target]), theirs.fit(X, targets[target]))


def test_only_two_classes_are_stratified(both):
    X = np.zeros((40, 1))
    y = np.repeat([0, 1], [38, 2])
    ours, theirs = both("classifier", early_stopping=True, validation_fraction=0.5, max_iter=2, hidden_layer_sizes=(1,))
    assert ours.fit(X, y).validation_scores_ == theirs.fit(X, y).validation_scores_
    assert set(ours.validation_scores_) <= {0.05, 0.95}  # one row of the rare class in either part
    messages = []
    for estimator in (ours, theirs):
        with pytest.raises(ValueError, match="least populated class") as caught:
            estimator.fit(X, np.repeat([0, 1], [39, 1]))
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    ours.fit(X, np.repeat([0, 1, 2], [38, 1, 1]))  # three classes are not stratified


def test_a_validation_set_of_one_row_is_refused(both, rows):
    for estimator in both("classifier", early_stopping=True):
        with pytest.raises(ValueError, match=r"The validation set is too small. Increase 'validation_fraction' or t"):
            estimator.fit(rows[0][:8], [0, 1, 2, 3] * 2)


def test_the_order_of_an_epoch_permutes_the_order_before(rows):
    """Without shuffling a batch holds neighbouring rows; with it, those that a stream's shuffles bring together."""
    from multilayer.estimators.orders import legacy_orders
    from multilayer.training.batches import Batches

    orders = legacy_orders(np.random.RandomState(1), Batches(20, 5, "given"), None)
    stream, expected = np.random.RandomState(1), np.arange(20)
    for _ in range(3):
        permutation = np.arange(20)
        stream.shuffle(permutation)
        expected = expected[permutation]
        np.testing.assert_array_equal(orders(), expected)


def test_refitting_gives_the_same_model(rows):
    X, targets = rows
    import multilayer as ml

    model = ml.MLPClassifier((4,), max_iter=3, random_state=2)
    first = model.fit(X, targets["classes"]).coefs_[0]
    np.testing.assert_array_equal(model.fit(X, targets["classes"]).coefs_[0], first)
    theirs = TheirClassifier((4,), max_iter=3, random_state=2).fit(X, targets["classes"])
    np.testing.assert_allclose(first, theirs.coefs_[0], atol=1e-12)
