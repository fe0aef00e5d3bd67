"""Scores against scikit-learn's, and by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as judge

from multilayer import metrics

LABELS = st.integers(1, 30).flatmap(lambda n: st.tuples(*[arrays(np.int64, n, elements=st.integers(0, 3))] * 2))
NUMBERS = st.floats(-1e3, 1e3, width=32)
PAIRS = st.tuples(st.integers(2, 20), st.none() | st.integers(1, 3)).flatmap(
    lambda s: st.tuples(*[arrays(np.float64, s[0] if s[1] is None else s, elements=NUMBERS)] * 2)
)


@given(LABELS)
def test_labels(pair: tuple[np.ndarray, np.ndarray]) -> None:
    y, predicted = pair
    assert metrics.accuracy(y, predicted) == judge.accuracy_score(y, predicted)
    recalls = judge.recall_score(y, predicted, labels=np.unique(y), average=None, zero_division=0)
    assert metrics.balanced_accuracy(y, predicted) == pytest.approx(np.mean(recalls))
    order = [3, 1, 0, 2]
    expected = judge.confusion_matrix(y, predicted, labels=order)
    np.testing.assert_array_equal(metrics.confusion_matrix(y, predicted, order), expected)
    kept = np.argsort(order)[np.unique([y, predicted])]
    np.testing.assert_array_equal(metrics.confusion_matrix(y, predicted), expected[np.ix_(kept, kept)])


def test_labels_of_other_kinds() -> None:
    y, predicted = np.array(["b", "a", "b"]), np.array(["b", "b", "b"])
    assert metrics.accuracy(y, predicted) == pytest.approx(2 / 3)
    assert metrics.balanced_accuracy(y, predicted) == 0.5
    assert metrics.confusion_matrix(y, predicted, ["b", "a"]).tolist() == [[2, 0], [1, 0]]
    assert metrics.accuracy([[1, 0], [1, 1]], [[1, 0], [0, 1]]) == 0.5  # several labels: the whole row counts


@given(PAIRS)
def test_numbers(pair: tuple[np.ndarray, np.ndarray]) -> None:
    y, predicted = pair
    assert metrics.mean_absolute_error(y, predicted) == pytest.approx(judge.mean_absolute_error(y, predicted))
    expected = judge.root_mean_squared_error(y, predicted)
    assert metrics.root_mean_squared_error(y, predicted) == pytest.approx(expected)
    # Where the spread is rounding alone, so is R².
    spread = np.ptp(y, axis=0)
    assume(np.all((spread == 0) | (spread > 1e-3)))
    assume(np.all((spread > 0) | (y.std(axis=0) == 0)))
    assert metrics.r2(y, predicted) == pytest.approx(judge.r2_score(y, predicted), rel=1e-6)


def test_r2_of_equal_numbers_that_do_not_sum_exactly() -> None:
    y = np.full(3, 0.1)  # their mean is not 0.1
    assert metrics.r2(y, y) == 1
    assert metrics.r2(y, y + 1) == 0


@given(
    st.integers(1, 20), st.integers(2, 4), st.sampled_from([np.float32, np.float64]), st.randoms(use_true_random=False)
)
def test_log_loss(n: int, k: int, dtype: type, random: object) -> None:
    generator = np.random.default_rng(random.getrandbits(32))
    probabilities = generator.dirichlet(np.full(k, 0.3), n).astype(dtype)
    y = generator.integers(0, k, n)
    expected = judge.log_loss(y, probabilities, labels=range(k))
    assert metrics.log_loss(y, probabilities) == pytest.approx(expected, rel=1e-5)
    two = probabilities[:, 0]
    assert metrics.log_loss(y == 0, two) == pytest.approx(judge.log_loss(y == 0, two, labels=[0, 1]), rel=1e-5)


def test_log_loss_by_hand() -> None:
    assert metrics.log_loss([0, 1], [[0.5, 0.5], [0.75, 0.25]]) == pytest.approx(1.5 * np.log(2))
    assert metrics.log_loss([1], [[1.0, 0.0]]) == pytest.approx(52 * np.log(2))  # ε = 2⁻⁵²
    assert metrics.log_loss([1], [1.0]) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2))
def test_area_under_roc(rows: list[tuple[bool, int]]) -> None:
    y, scores = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < y.sum() < len(y))
    assert metrics.area_under_roc(y, scores) == pytest.approx(judge.roc_auc_score(y, scores))
    pairs = scores[y][:, None] - scores[~y]
    assert metrics.area_under_roc(y, scores) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


EVERY = [
    metrics.accuracy,
    metrics.balanced_accuracy,
    metrics.confusion_matrix,
    metrics.r2,
    metrics.root_mean_squared_error,
    metrics.mean_absolute_error,
    metrics.log_loss,
    metrics.area_under_roc,
]


@pytest.mark.parametrize("metric", EVERY)
@pytest.mark.parametrize(
    ("y", "predicted"),
    [([0, 1], [0, 1, 1]), ([[0], [1]], [0, 1]), ([], []), (0, 0), ([0, 1], [0.5, np.nan]), ([0, 1], [0.5, np.inf])],
)
def test_what_cannot_be_scored_is_refused(metric: Callable[..., object], y: object, predicted: object) -> None:
    with pytest.raises(ValueError, match=r"shape|NaN|probabilities"):
        metric(y, predicted)


@pytest.mark.parametrize(
    ("metric", "arguments", "words"),
    [
        (metrics.area_under_roc, ([1, 1], [0.5, 0.6]), "only class 1"),
        (metrics.area_under_roc, ([0, 2], [0.5, 0.6]), "0 and 1 only, not"),
        (metrics.log_loss, ([0, 2], [[0.5, 0.5], [0.5, 0.5]]), "from 0 to 1"),
        (metrics.log_loss, ([0, -1], [[0.5, 0.5], [0.5, 0.5]]), "from 0 to 1"),
        (metrics.log_loss, ([0.0, 1.0], [0.5, 0.5]), "whole numbers"),
        (metrics.log_loss, ([0, 1], [1.5, 0.5]), "in \\[0, 1\\]"),
        (metrics.confusion_matrix, ([0, 1], [0, 2], [0, 1]), "lacks the label"),
        (metrics.confusion_matrix, ([0, 1], [0, 1], [0, 1, 1]), "twice"),
        (metrics.r2, ([1.0], [1.0]), "at least two"),
    ],
)
def test_arguments_that_mean_nothing_are_named(
    metric: Callable[..., object], arguments: tuple[object, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        metric(*arguments)
