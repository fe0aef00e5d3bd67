"""Draws: known answers of Philox, laws of dropout masks, orders and streams."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer import random as module
from multilayer.random import PURPOSES, SAMPLINGS, dropout_mask, epoch_order, epoch_orders, philox_4x32, stream

# Random123, kat_vectors, lines "philox4x32 10": counter, key, expected.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

words_4 = st.tuples(*[st.integers(0, 2**32 - 1)] * 4)
words_2 = st.tuples(*[st.integers(0, 2**32 - 1)] * 2)


def words(text: str) -> np.ndarray:
    return np.array([int(word, 16) for word in text.split()], dtype=np.uint32)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter, key, expected):
    answer = philox_4x32(words(counter), words(key))
    assert answer.dtype == np.uint32
    np.testing.assert_array_equal(answer, words(expected))


def test_philox_of_many_is_philox_of_each():
    counters = np.stack([words(counter) for counter, _, _ in KNOWN_ANSWERS])
    keys = np.stack([words(key) for _, key, _ in KNOWN_ANSWERS])
    np.testing.assert_array_equal(philox_4x32(counters, keys), [words(expected) for _, _, expected in KNOWN_ANSWERS])


@given(st.lists(words_4, min_size=1, max_size=5), st.lists(words_2, min_size=1, max_size=3))
def test_philox_broadcasts(counters, keys):
    counters, keys = np.array(counters, dtype=np.uint32), np.array(keys, dtype=np.uint32)
    together = philox_4x32(counters[:, None], keys)
    assert together.shape == (len(counters), len(keys), 4)
    for i, counter in enumerate(counters):
        for j, key in enumerate(keys):
            np.testing.assert_array_equal(together[i, j], philox_4x32(counter, key))


def test_philox_is_one_to_one_in_the_counter():
    counters = np.zeros((4 * 5000, 4), dtype=np.uint32)
    for i in range(4):
        counters[5000 * i : 5000 * (i + 1), i] = np.arange(1, 5001)
    assert len(np.unique(philox_4x32(counters, words("1 2")), axis=0)) == len(counters)


def test_philox_flips_half_the_bits_when_one_bit_of_counter_or_key_flips():
    counter, key = words("243f6a88 85a308d3 13198a2e 03707344"), words("a4093822 299f31d0")
    bits = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    counters = counter ^ (np.eye(4, dtype=np.uint32)[:, None, :] * bits[:, None])
    keys = key ^ (np.eye(2, dtype=np.uint32)[:, None, :] * bits[:, None])
    for changed in (philox_4x32(counters, key), philox_4x32(counter, keys)):
        flipped = np.bitwise_count(changed ^ philox_4x32(counter, key)).sum(axis=-1)
        # 128 bits, each flipped with probability 1/2: standard deviation 5.7.
        assert abs(flipped.mean() - 64) < 5 * 5.7 / np.sqrt(flipped.size)
        assert flipped.min() > 64 - 6 * 5.7
        assert flipped.max() < 64 + 6 * 5.7


def test_philox_refuses_what_is_no_uint32():
    with pytest.raises(TypeError, match="counter holds int64"):
        philox_4x32(np.zeros(4, dtype=np.int64), words("0 0"))
    with pytest.raises(ValueError, match=r"key has shape \(4,\)"):
        philox_4x32(words("0 0 0 0"), words("0 0 0 0"))


SETTINGS = {"rate": 0.3, "stream": 2, "step": 5, "seed": 2**40 + 7}


def test_mask_follows_its_words():
    # The factor of unit u in row r, word by word, from the generator with the known answers.
    rows, n_units = [0, 7, 2**32 - 1], 11
    mask = dropout_mask(rows, n_units, **SETTINGS)
    key = np.array([SETTINGS["seed"] & 0xFFFFFFFF, SETTINGS["seed"] >> 32], dtype=np.uint32)
    for i, row in enumerate(rows):
        for unit in range(n_units):
            counter = np.array([unit // 4, row, SETTINGS["stream"], SETTINGS["step"]], dtype=np.uint32)
            dropped = int(philox_4x32(counter, key)[unit % 4]) < SETTINGS["rate"] * 2**32
            assert mask[i, unit] == (0.0 if dropped else 1 / 0.7)


@given(
    rows=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=300),
    n_units=st.integers(1, 40),
    data=st.data(),
)
@settings(max_examples=40)
def test_mask_does_not_depend_on_chunks_or_order(rows, n_units, data):
    whole = dropout_mask(rows, n_units, **SETTINGS)
    cut = data.draw(st.integers(0, len(rows)))
    parts = [dropout_mask(part, n_units, **SETTINGS) for part in (rows[:cut], rows[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(dropout_mask(rows[::-1], n_units, **SETTINGS), whole[::-1])
    np.testing.assert_array_equal(dropout_mask(rows, n_units + 3, **SETTINGS)[:, :n_units], whole)


def test_mask_of_many_rows_is_the_mask_of_each():
    # More rows than are computed at a time.
    rows = np.arange(3000)
    whole = dropout_mask(rows, 10, **SETTINGS)
    np.testing.assert_array_equal(whole[2950:], dropout_mask(rows[2950:], 10, **SETTINGS))
    np.testing.assert_array_equal(whole[1365:1366], dropout_mask([1365], 10, **SETTINGS))


@pytest.mark.parametrize("changed", [{"stream": 3}, {"step": 6}, {"seed": 7}, {"seed": 2**41 + 7}])
def test_mask_changes_with_layer_update_and_seed(changed):
    rows = np.arange(200)
    same = dropout_mask(rows, 100, **SETTINGS) == dropout_mask(rows, 100, **SETTINGS | changed)
    # Independent masks agree with probability .7² + .3² = .58; standard deviation over 20,000 entries .0035.
    assert abs(same.mean() - 0.58) < 0.02


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_mask_drops_at_its_rate_and_has_mean_one(rate):
    mask = dropout_mask(np.arange(1000), 100, **SETTINGS | {"rate": rate})
    assert set(np.unique(mask)) == {0.0, 1 / (1 - rate)}
    deviation = np.sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) < 5 * deviation
    assert abs(mask.mean() - 1) < 5 * deviation / (1 - rate)


def test_mask_at_the_ends_of_the_rate():
    rows = np.arange(50)
    np.testing.assert_array_equal(dropout_mask(rows, 9, **SETTINGS | {"rate": 0.0}), np.ones((50, 9)))
    # The largest rate below 1: every word is below rate·2**32, so that everything is dropped.
    np.testing.assert_array_equal(dropout_mask(rows, 9, **SETTINGS | {"rate": np.nextafter(1, 0)}), np.zeros((50, 9)))


def test_mask_threshold_is_exact():
    # Rates at the word of one unit and a hair above it: kept (word < rate·2**32 fails), then dropped.
    word = int(philox_4x32(words("0 0 0 0"), words("0 0"))[0])
    options = {"stream": 0, "step": 0, "seed": 0}
    assert dropout_mask([0], 1, rate=word / 2**32, **options)[0, 0] > 0
    assert dropout_mask([0], 1, rate=np.nextafter(word / 2**32, 1), **options)[0, 0] == 0


def test_masks_repeat_after_2_to_the_32_updates_and_no_sooner():
    first, half_way, again = (
        dropout_mask(range(20), 8, **SETTINGS | {"step": SETTINGS["step"] + later}) for later in (0, 2**31, 2**32)
    )
    np.testing.assert_array_equal(again, first)
    assert (half_way != first).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mask_has_the_dtype_asked_for(dtype):
    mask = dropout_mask([1, 2, 3], 6, **SETTINGS, dtype=dtype)
    assert mask.dtype == dtype
    assert mask.max() == dtype(1 / 0.7)


def test_mask_of_nothing_is_empty():
    assert dropout_mask([], 4, **SETTINGS).shape == (0, 4)
    assert dropout_mask([1, 2], 0, **SETTINGS).shape == (2, 0)


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"rows": [0, 2**32]}, ValueError, "rows holds ids from 0 to 4294967296"),
        ({"rows": [-1]}, ValueError, "rows holds ids from -1"),
        ({"rows": [0.5]}, TypeError, "rows holds float64"),
        ({"rows": [[1]]}, ValueError, r"rows has shape \(1, 1\)"),
        ({"rate": 1.0}, ValueError, "rate is 1.0"),
        ({"rate": -0.1}, ValueError, "rate is -0.1"),
        ({"rate": float("nan")}, ValueError, "rate is nan"),
        ({"rate": "0.5"}, TypeError, "rate is '0.5'"),
        ({"stream": 2**32}, ValueError, r"stream is 4294967296; .* \[0, 2\*\*32\)"),
        ({"step": -1}, ValueError, "step is -1"),
        ({"seed": 2**64}, ValueError, "seed is 18446744073709551616"),
        ({"n_units": 2.0}, TypeError, "n_units is 2.0"),
        ({"dtype": np.int64}, TypeError, "dtype is int64"),
    ],
)
def test_mask_refuses(changed, error, text):
    arguments = {"rows": [1, 2], "n_units": 3} | SETTINGS | changed
    with pytest.raises(error, match=text):
        dropout_mask(**arguments)


def test_streams_are_the_children_of_the_seed():
    # NumPy's own way to independent streams gives the same generators.
    for purpose, child in zip(PURPOSES, np.random.SeedSequence(12).spawn(len(PURPOSES)), strict=True):
        expected = np.random.Generator(np.random.PCG64(child)).random(5)
        np.testing.assert_array_equal(stream(12, purpose).random(5), expected)


def test_streams_differ_by_seed_and_purpose():
    draws = [tuple(stream(seed, purpose).random(3)) for seed in (0, 1, 2**32, 2**64 - 1) for purpose in PURPOSES]
    assert len(set(draws)) == len(draws)


def test_a_stream_begins_anew_each_time():
    np.testing.assert_array_equal(stream(np.uint64(3), "order").random(4), stream(3, "order").random(4))


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**64, ValueError), (1.0, TypeError), (True, TypeError), (None, TypeError)]
)
def test_stream_refuses_a_seed(seed, error):
    with pytest.raises(error, match=rf"seed is {seed}; it must be a whole number in \[0, 2\*\*64\)"):
        stream(seed, "weights")


def test_stream_refuses_a_purpose():
    with pytest.raises(ValueError, match="purpose is 'luck'; it must be one of 'weights', 'order', 'split'"):
        stream(0, "luck")


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("n", [0, 1, 50])
def test_order_holds_n_rows(sampling, n):
    order = epoch_order(stream(0, "order"), n, sampling)
    assert order.dtype == np.int64
    assert order.shape == (n,)
    assert ((order >= 0) & (order < n)).all()


def test_given_order_draws_nothing():
    generator = stream(0, "order")
    np.testing.assert_array_equal(epoch_order(generator, 7, "given"), range(7))
    assert generator.random() == stream(0, "order").random()


@given(n=st.integers(1, 100), seed=st.integers(0, 2**64 - 1))
def test_shuffle_visits_each_row_once(n, seed):
    assert sorted(epoch_order(stream(seed, "order"), n, "shuffle")) == list(range(n))


def test_shuffle_puts_each_row_in_each_place_equally_often():
    generator = stream(0, "order")
    orders = np.array([epoch_order(generator, 4, "shuffle") for _ in range(4800)])
    places = np.array([[(orders[:, place] == row).sum() for row in range(4)] for place in range(4)])
    # Binomial(4800, 1/4): mean 1200, standard deviation 30.
    assert np.abs(places - 1200).max() < 5 * 30


def test_replacement_draws_each_row_equally_often_and_repeats_some():
    order = epoch_order(stream(0, "order"), 10_000, "replacement")
    # A row is missed with probability (1 − 1/n)ⁿ ≈ 1/e; the count's standard deviation is below 32.
    assert abs(len(np.unique(order)) - 10_000 * (1 - np.exp(-1))) < 5 * 32
    assert abs(order.mean() - 4999.5) < 5 * 10_000 / np.sqrt(12) / 100


def test_epochs_differ():
    generator = stream(0, "order")
    assert (epoch_order(generator, 30, "shuffle") != epoch_order(generator, 30, "shuffle")).any()


@pytest.mark.parametrize("sampling", SAMPLINGS)
@given(n=st.integers(0, 70), epochs=st.integers(0, 5), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=30)
def test_many_epochs_at_once_are_epochs_one_by_one(sampling, n, epochs, seed):
    together, apart = stream(seed, "order"), stream(seed, "order")
    orders = epoch_orders(together, n, epochs, sampling)
    assert (orders.shape, orders.dtype, orders.flags.c_contiguous) == ((epochs, n), np.int64, True)
    for order in orders:
        np.testing.assert_array_equal(order, epoch_order(apart, n, sampling))
    assert together.bit_generator.state == apart.bit_generator.state


@given(n=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_shuffles_are_numpys_permutations(n, seed):
    orders = epoch_orders(stream(seed, "order"), n, 3, "shuffle")
    generator = stream(seed, "order")
    np.testing.assert_array_equal(orders, [generator.permutation(n) for _ in range(3)])


@given(
    n=st.integers(0, 70) | st.integers(0, 3000) | st.sampled_from([2**15 - 1, 2**15, 2**15 + 1]),
    epochs=st.integers(0, 4),
    seed=st.integers(0, 2**64 - 1),
    before=st.integers(0, 3),
)
@settings(max_examples=200)
def test_compiled_shuffles_and_the_state_they_leave_are_numpys(n, epochs, seed, before):
    pytest.importorskip("multilayer._order")
    compiled, numpys = stream(seed, "order"), stream(seed, "order")
    for generator in (compiled, numpys):
        generator.integers(0, 2**32, size=before, dtype=np.uint32)  # an odd number leaves half a word
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MANY", 0)
        orders = epoch_orders(compiled, n, epochs, "shuffle")
        patch.setattr(module, "_order", None)
        expected = epoch_orders(numpys, n, epochs, "shuffle")
    assert (orders.shape, orders.dtype, orders.flags.c_contiguous) == (expected.shape, np.int64, True)
    np.testing.assert_array_equal(orders, expected)
    assert compiled.bit_generator.state == numpys.bit_generator.state


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937])
def test_long_shuffles_of_any_generator_are_its_permutations(kind):
    generator = np.random.Generator(kind(5))
    orders = epoch_orders(np.random.Generator(kind(5)), 5000, 2, "shuffle")
    np.testing.assert_array_equal(orders, [generator.permutation(5000) for _ in range(2)])


def test_threads_may_shuffle_by_one_generator():
    generator = stream(0, "order")
    with ThreadPoolExecutor(4) as threads:
        orders = list(threads.map(lambda _: epoch_order(generator, 2000, "shuffle").tolist(), range(40)))
    assert sorted(orders) == sorted(epoch_orders(stream(0, "order"), 2000, 40, "shuffle").tolist())


@pytest.mark.parametrize(
    ("orders", "words", "error"),
    [
        (np.zeros((2, 3), np.int64)[:, ::2], (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((2, 3), np.int64).T, (0, 0, 0, 1, 0, 0), ValueError),
        (np.broadcast_to(np.int64(0), (1, 1)), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((2, 3), np.int32), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((2, 3), np.uint64), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((2, 3), np.float64), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((2, 3), ">i8"), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros(3, np.int64), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((2, 3, 1), np.int64), (0, 0, 0, 1, 0, 0), ValueError),
        (np.zeros((0, 2**32), np.int64), (0, 0, 0, 1, 0, 0), ValueError),
        ([[0, 0]], (0, 0, 0, 1, 0, 0), TypeError),
        (np.zeros((2, 3), np.int64), (0, 0, 0, 1, 0), TypeError),
        (np.zeros((2, 3), np.int64), (0.0, 0, 0, 1, 0, 0), TypeError),
        (np.zeros((2, 3), np.int64), (-1, 0, 0, 1, 0, 0), OverflowError),
        (np.zeros((2, 3), np.int64), (0, 2**64, 0, 1, 0, 0), OverflowError),
        (np.zeros((2, 3), np.int64), (0, 0, 0, 1, 1, 2**32), ValueError),
    ],
)
def test_the_compiled_shuffle_refuses(orders, words, error):
    compiled = pytest.importorskip("multilayer._order")
    before = np.array(orders)
    with pytest.raises(error):
        compiled.shuffled(orders, *words)
    np.testing.assert_array_equal(orders, before)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 64, 65, 1000])
def test_orders_are_rebuilt_from_their_words(n):
    # Any engine may draw them itself: the generator's words and the documented rules are enough.
    def halves():
        source = stream(9, "order").bit_generator
        while True:
            yield from divmod(int(source.random_raw()), 2**32)[::-1]

    def shuffled(words):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = next(j for word in words if (j := word % 2 ** i.bit_length()) <= i)
            order[i], order[j] = order[j], order[i]
        return order

    def drawn(words):
        kept = (word * n // 2**32 for word in words if word * n % 2**32 >= 2**32 % n)
        return [next(kept) for _ in range(n)]

    for sampling, rebuilt in (("shuffle", shuffled), ("replacement", drawn)):
        words = halves()
        orders = epoch_orders(stream(9, "order"), n, 4, sampling)
        assert orders.tolist() == [rebuilt(words) for _ in range(4)]


def test_order_refuses():
    with pytest.raises(ValueError, match="sampling is 'random'; it must be one of 'given', 'shuffle', 'replacement'"):
        epoch_order(stream(0, "order"), 5, "random")
    with pytest.raises(ValueError, match="n is -1"):
        epoch_order(stream(0, "order"), -1, "shuffle")
    with pytest.raises(ValueError, match="epochs is -1"):
        epoch_orders(stream(0, "order"), 5, -1, "shuffle")
    with pytest.raises(TypeError, match=r"epochs is 1\.5"):
        epoch_orders(stream(0, "order"), 5, 1.5, "shuffle")
