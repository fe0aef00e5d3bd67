"""Targets: what heads take, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import multilayer as ml
from multilayer.network.head import join
from multilayer.network.targets import BLOCK_ENTRIES, OneHot, encode, encode_keeping_labels


def encoded(T, output, k, *, smoothing=0.0):
    return encode(T, join(output, None, k), len(T), k, label_smoothing=smoothing).tolist()


def test_labels_become_rows_of_the_identity():
    assert ml.one_hot([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert ml.one_hot(np.array([1], dtype=np.uint8), 3).tolist() == [[0, 1, 0]]
    assert ml.one_hot([True, False]).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("labels", "k", "message"),
    [
        ([0.0, 1.0], None, "labels: must be integers"),
        ([[0, 1]], None, r"labels: must be integers of shape \(n,\)"),
        ([0, -1], None, "labels: must lie in 0 … 0, came -1 … 0"),
        ([0, 3], 3, "labels: must lie in 0 … 2, came 0 … 3"),
    ],
)
def test_labels_outside_are_refused(labels, k, message):
    with pytest.raises(ValueError, match=message):
        ml.one_hot(labels, k)


INTEGERS = st.sampled_from([np.int8, np.uint16, np.int64])


@pytest.mark.parametrize("output", ["softmax", "sparsemax"])
@given(labels=arrays.arrays(INTEGERS, st.integers(1, 9), elements=st.integers(0, 3)))
def test_labels_and_distributions_mean_the_same(output, labels):
    rows = encoded(labels, output, 4)
    assert rows == encoded(ml.one_hot(labels, 4), output, 4)
    assert np.argmax(rows, axis=1).tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("T", "output", "k", "loss", "expected"),
    [
        ([[0.25, 0.75]], "softmax", 2, None, [[0.25, 0.75]]),  # soft
        ([[0.5, 0.0, 0.5]], "sparsemax", 3, None, [[0.5, 0.0, 0.5]]),  # two labels
        ([1, 0], "sigmoid", 1, None, [[1.0], [0.0]]),
        ([[True], [False]], "sigmoid", 1, None, [[1.0], [0.0]]),
        ([1, -1], "sigmoid", 1, None, [[1.0], [0.0]]),  # 001: y ∈ {±1} with a sigmoid unit
        ([[1, -1], [-1, -1]], "sigmoid", 2, None, [[1.0, 0.0], [0.0, 0.0]]),
        ([0.25], "sigmoid", 1, None, [[0.25]]),
        ([1, 1], "sigmoid", 1, None, [[1.0], [1.0]]),  # 1 means 1 either way
        ([[1, 0, 1]], "sigmoid", 3, None, [[1.0, 0.0, 1.0]]),  # several labels
        ([0, 1], "heaviside", 1, None, [[0.0], [1.0]]),
        ([1, -1], "sign", 1, None, [[1.0], [-1.0]]),
        ([1, -1], "identity", 1, "hinge", [[1.0], [-1.0]]),
        ([2, 0], "identity", 3, "hinge", [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
        ([2.5, -1], "identity", 1, None, [[2.5], [-1.0]]),
        ([[2.5, -1]], "identity", 2, None, [[2.5, -1.0]]),
        ([0, 3], "exp", 1, None, [[0.0], [3.0]]),
    ],
)
def test_targets_become_rows(T, output, k, loss, expected):
    rows = encode(T, join(output, loss, k), len(T), k)
    assert rows.dtype == np.float64
    assert rows.tolist() == expected


def test_smoothed_targets_by_hand():
    np.testing.assert_allclose(encoded([1], "softmax", 4, smoothing=0.2), [[0.05, 0.85, 0.05, 0.05]], rtol=1e-15)
    assert encoded([1, 0], "sigmoid", 1, smoothing=0.2) == [[0.9], [0.1]]
    assert encoded([[0.5, 0.5]], "sparsemax", 2, smoothing=0.5) == [[0.5, 0.5]]


BY_GROUPS = ml.output("softmax", groups=(3, 2))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64])
def test_labels_of_groups_are_one_class_in_each(dtype):
    labels = np.array([[2, 0], [0, 1]], dtype)
    rows = [[0.0, 0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0, 1.0]]
    assert encoded(labels, BY_GROUPS, 5) == rows
    assert encoded(rows, BY_GROUPS, 5) == rows
    soft = [[0.5, 0.5, 0.0, 0.25, 0.75]]
    assert encoded(soft, BY_GROUPS, 5) == soft


def test_targets_of_groups_are_smoothed_by_the_groups_own_classes():
    expected = [[0.1, 0.1, 0.8, 0.85, 0.15]]
    np.testing.assert_allclose(encoded([[2, 0]], BY_GROUPS, 5, smoothing=0.3), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("T", "message"),
    [
        ([[3, 0]], r"T: labels: must lie in 0 … 2, came 3 … 3; .*labels of shape \(1, 2\), each below .*\(3, 2\)"),
        ([[0, 2]], "T: labels: must lie in 0 … 1, came 2 … 2"),
        ([[0.0, 1.0]], r"T: came shape \(1, 2\), dtype float64"),
        ([1], r"T: came shape \(1,\)"),
        ([[1, 0, 0, 0, 0]], "T: row 0 is"),
        ([[1, 0, 0, 0.5, 0.6]], "T: row 0 is"),
        ([[2, 0, -1, 0, 1]], "T: row 0 is"),
    ],
)
def test_targets_of_groups_that_are_none_are_refused(T, message):
    with pytest.raises(ValueError, match=message):
        encoded(T, BY_GROUPS, 5)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, np.nan, "much", None])
def test_smoothing_outside_its_range_is_refused(smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing: must lie in \[0, 1\), came"):
        ml.Objective(ml.Network([2, 2], output="softmax"), label_smoothing=smoothing)


@pytest.mark.parametrize(("output", "loss"), [("identity", None), ("identity", "hinge"), ("sigmoid", "squared")])
def test_numbers_cannot_be_smoothed(output, loss):
    with pytest.raises(ValueError, match="label_smoothing: needs targets that are probabilities"):
        ml.Objective(ml.Network([2, 2], output=output), loss, label_smoothing=0.1)


@pytest.mark.parametrize(
    ("T", "output", "k", "loss", "message"),
    [
        ([0, 3], "softmax", 3, None, "labels: must lie in 0 … 2, came 0 … 3.*integer labels 0 … 2"),
        ([0, -1], "softmax", 3, None, "came -1 … 0"),
        ([0.0, 1.0], "softmax", 3, None, r"came shape \(2,\), dtype float64.*integer labels"),
        ([[0.5, 0.6], [0, 1]], "softmax", 2, None, r"row 0 is \[0.5, 0.6\].*one distribution"),
        ([[1, 0], [1, 1]], "sparsemax", 2, None, r"row 1 is \[1.0, 1.0\]"),
        ([[0, 1], [-0.5, 1.5]], "softmax", 2, None, "row 1 is"),
        ([[0.5, 0.5], [0, 1]], "identity", 2, "hinge", "row 0 is.*one class a row"),  # the margin belongs to one class
        ([[0], [1]], "softmax", 2, None, r"came shape \(2, 1\)"),
        ([0.5, 2.0], "sigmoid", 1, None, r"row 1 is \[2.0\].*\[0, 1\]"),
        ([0, -1], "sigmoid", 1, None, "row 1 is"),
        ([0, 1], "sign", 1, None, "row 0 is.*-1 and"),
        ([0, 1], "identity", 1, "perceptron", "row 0 is.*-1 and"),
        ([1, -2], "exp", 1, None, "row 1 is.*none negative"),
        ([1.0, 2.0, 3.0], "identity", 1, None, r"came shape \(3,\).*numbers of shape \(2, 1\) or \(2,\)"),
        ([1.0, 2.0], "identity", 2, None, r"came shape \(2,\).*numbers of shape \(2, 2\)"),  # would broadcast
        ([[1.0], [2.0]], "identity", 2, None, r"came shape \(2, 1\).*\(2, 2\)"),
        ([[1.0, 2.0]], "identity", 2, None, r"came shape \(1, 2\).*\(2, 2\)"),
        ([[1.0, 2.0]], "identity", 1, None, r"came shape \(1, 2\).*\(2, 1\)"),
        (3.0, "identity", 1, None, r"came shape \(\)"),
        ([1.0, np.nan], "identity", 1, None, "NaN or infinity in row 1"),
        ([[0.5, 0.5], [np.inf, 0.0]], "softmax", 2, None, "NaN or infinity in row 1"),
        (["a", "b"], "softmax", 2, None, "must be numbers.*came dtype <U1"),
        ([None, 1], "identity", 1, None, "must be numbers.*came dtype object"),
        ([[1], [2, 3]], "identity", 1, None, "must be numbers"),
    ],
)
def test_what_a_loss_does_not_take_is_refused_with_what_it_takes(T, output, k, loss, message):
    with pytest.raises(ValueError, match=rf"^T: .*{message}") as caught:
        encode(T, join(output, loss, k), 2, k)
    assert f"output {output!r}" in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("T", "output", "k", "smoothing"),
    [
        ([1, 0], "softmax", 3, 0.0),
        ([1, 0], "softmax", 3, 0.1),
        ([0.1, 0.7], "sigmoid", 1, 0.3),
        ([0.1, 7], "exp", 1, 0.0),
    ],
)
def test_the_type_asked_for_rounds_the_targets_and_nothing_else(T, output, k, smoothing, dtype):
    head = join(output, None, k)
    kept = encode_keeping_labels(T, head, 2, k, label_smoothing=smoothing, dtype=dtype)
    rows = np.asarray(kept, dtype)
    assert isinstance(kept, OneHot) or kept is rows
    assert rows.tolist() == encode(T, head, 2, k, label_smoothing=smoothing).astype(dtype).tolist()


def test_values_are_checked_before_they_are_rounded():
    # Above 1 by a hair, and a sum that misses 1 by 2e-6: float16 would round both away.
    with pytest.raises(ValueError, match="row 0 is"):
        encode_keeping_labels([1.0 + 1e-9], join("sigmoid", None, 1), 1, 1, dtype=np.float16)
    with pytest.raises(ValueError, match="row 0 is"):
        encode_keeping_labels([[0.5, 0.500002]], join("softmax", None, 2), 1, 2, dtype=np.float16)


def test_many_rows_are_the_rows_one_by_one():
    # More than are worked out at a time.
    n = BLOCK_ENTRIES // 2 + 5
    head, labels = join("softmax", None, 2), np.random.default_rng(0).integers(2, size=n)
    rows = encode(labels, head, n, 2)
    np.testing.assert_array_equal(rows, ml.one_hot(labels, 2))
    np.testing.assert_array_equal(encode(rows, head, n, 2), rows)
    for wrong, message in (([np.nan, 0.0], "NaN or infinity"), ([0.5, 0.6], r"row \d+ is \[0.5, 0.6\]")):
        bad = rows.copy()
        bad[-2] = wrong
        with pytest.raises(ValueError, match=message) as caught:
            encode(bad, head, n, 2)
        assert f"row {n - 2}" in str(caught.value)


def test_signs_are_read_as_such_only_if_all_rows_are():
    n = BLOCK_ENTRIES + 5
    T = np.where(np.arange(n) % 3, 1.0, -1.0)
    head = join("sigmoid", None, 1)
    assert set(encode(T, head, n, 1).ravel()) == {0.0, 1.0}
    T[-1] = 0.0
    with pytest.raises(ValueError, match=r"row 0 is \[-1.0\]"):
        encode(T, head, n, 1)


def test_numbers_of_the_right_type_are_not_copied():
    head = join("identity", None, 2)
    T = np.ones((3, 2), dtype=np.float32)
    assert np.shares_memory(encode_keeping_labels(T, head, 3, 2, dtype=np.float32), T)
    assert not np.shares_memory(encode(T, head, 3, 2), T)


@pytest.mark.parametrize(("output", "loss"), [("softmax", None), ("sparsemax", "squared"), ("identity", "hinge")])
@given(labels=arrays.arrays(INTEGERS, st.integers(1, 9), elements=st.integers(0, 3)))
def test_labels_are_kept_as_such(output, loss, labels):
    head, n = join(output, loss, 4), len(labels)
    kept = encode_keeping_labels(labels, head, n, 4)
    assert kept.labels.dtype == np.int32
    assert kept.labels.tolist() == labels.tolist()
    assert kept.shape == (n, 4)
    np.testing.assert_array_equal(np.asarray(kept), ml.one_hot(labels, 4))
    assert encode_keeping_labels(labels.astype(float)[:, None] == np.arange(4), head, n, 4).dtype == np.float64


def test_rows_of_labels_are_written_out_as_an_array_would_be():
    kept = OneHot(np.array([2, 0, 1], dtype=np.int32), 3, on=0.8, off=0.1)
    rows = np.asarray(kept)
    assert rows.tolist() == [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]
    for some in (1, slice(1, None), [2, 2], np.array([[0, 1], [2, 0]]), np.array([True, False, True])):
        assert kept[some].tolist() == rows[some].tolist()
    assert np.asarray(kept, np.float32).dtype == np.float32
