"""Batches: which rows, in which order, and that sampling one at random means the gradient."""

from __future__ import annotations

from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.random import stream
from multilayer.training.batches import batches


def drawn(n_rows, batch_size, sampling, epochs=1, seed=0):
    """The batches of some epochs, as lists of row numbers."""
    order, starts = batches(n_rows, batch_size, sampling).draw(stream(seed, "order"), epochs)
    return [order[a:b].tolist() for a, b in pairwise(starts)]


def test_the_given_order_is_the_datas():
    assert drawn(5, 2, "given", epochs=2) == [[0, 1], [2, 3], [4], [0, 1], [2, 3], [4]]
    assert drawn(3, 1, "given") == [[0], [1], [2]]
    assert drawn(3, None, "given") == [[0, 1, 2]]


@given(st.integers(1, 40), st.integers(1, 50), st.sampled_from(["given", "shuffle", "replacement"]), st.integers(1, 4))
def test_an_epoch_is_as_many_draws_as_rows(n_rows, batch_size, sampling, epochs):
    b = batches(n_rows, batch_size, sampling)
    parts = drawn(n_rows, batch_size, sampling, epochs)
    assert len(parts) == epochs * b.per_epoch
    for i in range(epochs):
        epoch = parts[i * b.per_epoch : (i + 1) * b.per_epoch]
        assert [len(part) for part in epoch[:-1]] == [min(batch_size, n_rows)] * (b.per_epoch - 1)
        rows = list(chain(*epoch))
        assert len(rows) == n_rows
        if sampling == "replacement":
            assert set(rows) <= set(range(n_rows))
        else:
            assert sorted(rows) == list(range(n_rows))


@given(st.integers(2, 30), st.integers(1, 5), st.sampled_from(["shuffle", "replacement"]))
def test_epochs_at_once_are_epochs_one_by_one(n_rows, epochs, sampling):
    b, generator = batches(n_rows, 4, sampling), stream(7, "order")
    apart = [b.draw(generator, 1)[0].tolist() for _ in range(epochs)]
    assert b.draw(stream(7, "order"), epochs)[0].tolist() == list(chain(*apart))


def test_every_epoch_is_shuffled_anew():
    first, second = drawn(50, None, "replacement", epochs=2)
    assert first != second
    first, second = drawn(50, 50, "shuffle", epochs=2)
    assert first != second
    assert drawn(50, 50, "shuffle", seed=1) != drawn(50, 50, "shuffle", seed=2)


def test_the_full_batch_stays_in_order_unless_it_is_drawn_with_replacement():
    assert drawn(4, None, "shuffle", epochs=2) == [[0, 1, 2, 3]] * 2
    assert drawn(4, 100, "given") == [[0, 1, 2, 3]]


def test_replacement_takes_every_row_equally_often_and_independently():
    # 40,000 draws of 10 rows: χ² with 9 and, of successive pairs, 99 degrees of freedom; both below their 99.9 % points
    rows = np.array(drawn(10, None, "replacement", epochs=4000)).ravel()
    counts = np.bincount(rows, minlength=10)
    pairs = np.bincount(10 * rows[::2] + rows[1::2], minlength=100)
    assert np.sum((counts - 4000) ** 2 / 4000) < 27.9
    assert np.sum((pairs - 200) ** 2 / 200) < 148.2


@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_the_mean_over_all_single_rows_is_the_gradient(loss):
    # 001: stochastic gradient descent, E_j ∇L_j = ∇ of the mean; exact because every j is taken once
    net = ml.Network([3, 4, 2], "tanh")
    J = ml.Objective(net, loss, ml.L2(0.1))
    rng = np.random.default_rng(0)
    X, T, theta = rng.normal(size=(11, 3)), rng.normal(size=(11, 2)), net.initialize(3)
    single = [J.value_and_gradient(theta, X[j : j + 1], T[j : j + 1]) for j in range(11)]
    value, gradient = J.value_and_gradient(theta, X, T)
    assert np.mean([v for v, _ in single]) == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(
        np.mean([net.pack(g) for _, g in single], axis=0), net.pack(gradient), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "auto", True, np.nan])
def test_batch_sizes_are_whole_numbers_from_one_on(batch_size):
    with pytest.raises(ValueError, match=r"batch_size: must be an integer of at least 1, or None .*, came"):
        batches(10, batch_size, "shuffle")


def test_an_unknown_sampling_is_refused():
    with pytest.raises(ValueError, match=r"sampling: must be one of 'given', 'shuffle', 'replacement', came 'random'"):
        batches(10, 2, "random")
