"""Every random draw of the library.

Initial weights, the order of the rows and splits of the data come from generators that `stream` makes; dropout
masks come from a counter-based generator, so that a mask depends on what it masks and on nothing else: not on the
engine, the size of a chunk, the number of threads, or what was drawn before.

The generators, stated so that they can be rebuilt elsewhere:

- `stream(seed, purpose)`: O'Neill's PCG64 (PCG XSL RR 128/64) in the state that NumPy's
  `SeedSequence(seed, spawn_key=(i,))` gives it, i the position of the purpose in `PURPOSES`.
- `philox_4x32`: Philox4x32-10 of Salmon et al. (2011).
"""

from __future__ import annotations

import importlib
import math
import operator
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Purpose = Literal["weights", "order", "split"]
Sampling = Literal["given", "shuffle", "replacement"]

# The position is part of the generator: new purposes go to the end.
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
SAMPLINGS: tuple[Sampling, ...] = get_args(Sampling)

try:
    _order: Any = importlib.import_module("multilayer._order")
except ImportError:  # nothing was compiled, or it does not load: of that the engine warns
    _order = None
MANY = 1000  # entries from which on the compiled shuffle is worth handing over the generator's state


def stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator that serves one purpose of a seeded run.

    Streams of different purposes, and of different seeds, are independent: more draws for one change nothing in
    another. The seed sequence is the one that `SeedSequence(seed).spawn(len(PURPOSES))` gives at the position of the
    purpose.

    Parameters
    ----------
    seed : int
        0 ≤ seed < 2**64; any whole number type.
    purpose : {"weights", "order", "split"}
        "weights" for initial weights, "order" for the order of the rows in each epoch, "split" for parting the data.

    Returns
    -------
    numpy.random.Generator
        On PCG64, at its beginning.

    Raises
    ------
    TypeError
        If the seed is not a whole number.
    ValueError
        If the seed is out of range or the purpose is unknown.
    """
    _check_choice("purpose", purpose, PURPOSES)
    sequence = np.random.SeedSequence(require_seed(seed), spawn_key=(PURPOSES.index(purpose),))
    return np.random.Generator(np.random.PCG64(sequence))


def require_seed(seed: int) -> int:
    """Give the seed as an int; refuse what is no whole number in [0, 2**64)."""
    return _whole("seed", seed, bits=64)


def epoch_order(generator: np.random.Generator, n: int, sampling: Sampling) -> NDArray[np.int64]:
    """Draw the order in which one epoch visits its rows: `epoch_orders` of a single epoch, shape (n,)."""
    return epoch_orders(generator, n, 1, sampling)[0]


def epoch_orders(generator: np.random.Generator, n: int, epochs: int, sampling: Sampling) -> NDArray[np.int64]:
    """Draw the orders in which the next epochs visit their rows; epochs one by one give the same.

    The draws are NumPy's, from the words of 32 bits that the generator gives (PCG64: its words of 64 bits in halves,
    the lower one first):

    - "shuffle" is the Fisher–Yates shuffle of 0 … n−1 from the back: for i = n−1, …, 1 the entries i and j change
      places, where j is the first word whose low bits, as many as i has, are at most i.
    - "replacement" takes for each row ⌊word·n/2**32⌋ of the first word with (word·n mod 2**32) ≥ (2**32 mod n)
      (Lemire 2019, "Fast random integer generation in an interval"), and no word at n = 1.

    Parameters
    ----------
    generator : numpy.random.Generator
        Advanced by the epochs' draws; untouched with "given".
    n : int
        Number of rows, 0 ≤ n < 2**32.
    epochs : int
        Number of epochs, ≥ 0.
    sampling : {"given", "shuffle", "replacement"}
        "given": 0, 1, …, n−1 (004: incremental gradient descent over D as it stands).
        "shuffle": a fresh uniform permutation each epoch, each row once.
        "replacement": n independent uniform draws, so that a row may come twice or not at all (001: stochastic
        gradient descent, "sample j uniformly").

    Returns
    -------
    ndarray of int64, shape (epochs, n)

    Raises
    ------
    TypeError
        If n or epochs is not a whole number.
    ValueError
        If n or epochs is out of range or the sampling is unknown.
    """
    n, epochs = _whole("n", n, bits=32), _whole("epochs", epochs, bits=63)
    _check_choice("sampling", sampling, SAMPLINGS)
    if sampling == "replacement":
        # The upper bound is never drawn for n = 0, but must exceed the lower one.
        return generator.integers(0, max(n, 1), size=(epochs, n), dtype=np.int64)
    if sampling == "shuffle" and _compiled_serves(generator.bit_generator, n * epochs):
        return _shuffled(generator.bit_generator, np.empty((epochs, n), dtype=np.int64))
    orders = np.arange(n, dtype=np.int64)[None]
    if epochs != 1:
        orders = np.repeat(orders, epochs, axis=0)
    # Row by row the same permutations as `generator.permutation(n)`, without a call for each.
    return generator.permuted(orders, axis=1, out=orders) if sampling == "shuffle" else orders


def philox_4x32(counter: ArrayLike, key: ArrayLike) -> NDArray[np.uint32]:
    """Philox4x32-10: four random words for each counter.

    A bijection of the 2**128 counters for each of the 2**64 keys, by ten rounds of

        (c0, c1, c2, c3) ← (hi(M1·c2) ⊕ c1 ⊕ k0,  lo(M1·c2),  hi(M0·c0) ⊕ c3 ⊕ k1,  lo(M0·c0)),
        (k0, k1) ← (k0 + W0, k1 + W1)  between rounds,

    where hi and lo are the halves of the 64-bit product and sums are modulo 2**32.

    Parameters
    ----------
    counter : array_like of uint32, shape (…, 4)
    key : array_like of uint32, shape (…, 2)
        Leading axes broadcast against the counter's.

    Returns
    -------
    ndarray of uint32, shape (…, 4)

    Raises
    ------
    TypeError
        If counter or key holds anything but uint32.
    ValueError
        If the last axis is not 4 (counter) or 2 (key) long.

    References
    ----------
    Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC11, section 3.3.
    Known answers: Random123, `kat_vectors`, "philox4x32 10".
    """
    counter, key = np.asarray(counter), np.asarray(key)
    for name, given, length in (("counter", counter, 4), ("key", key, 2)):
        if given.dtype != np.uint32:
            raise TypeError(f"{name} holds {given.dtype}; it must be an array of uint32: convert it first")
        if given.ndim == 0 or given.shape[-1] != length:
            raise ValueError(f"{name} has shape {given.shape}; its last axis must be {length} long")
    c0, c1, c2, c3 = (counter[..., i].astype(np.uint64) for i in range(4))
    words = _ten_rounds(c0, c1, c2, c3, key[..., 0].astype(np.uint64), key[..., 1].astype(np.uint64))
    return np.stack(words, axis=-1).astype(np.uint32)


def dropout_mask(
    rows: ArrayLike,
    n_units: int,
    *,
    rate: float,
    stream: int,
    step: int,
    seed: int,
    dtype: DTypeLike = np.float64,
) -> NDArray[np.floating]:
    """Return the factors that drop units at random and scale up those that stay.

    Factor of unit u in row r: let w be word u mod 4 of Philox4x32-10 with

        counter = (⌊u/4⌋, r, stream, step mod 2**32),    key = (seed mod 2**32, ⌊seed/2**32⌋);

    the factor is 0 if w < rate·2**32 and 1/(1 − rate) otherwise. The comparison is exact, so that a unit is dropped
    with probability ⌈rate·2**32⌉/2**32; with rate 0 every factor is 1. The mean of a factor is 1 (to 2**−32 of the
    factor), so that nothing needs scaling when the trained network is used ("inverted" dropout).

    A factor depends on its own row, unit, layer, update and seed alone, so masks agree between engines, chunks and
    workers. They repeat after 2**32 updates.

    Parameters
    ----------
    rows : array_like of int, shape (n,)
        Identity of each row, 0 ≤ row < 2**32, in any order.
    n_units : int
        Units of the layer, ≥ 0.
    rate : float
        Probability of being dropped, 0 ≤ rate < 1.
    stream : int
        Number of the dropout layer, 0 ≤ stream < 2**32: layers of one network have different ones.
    step : int
        Number of the update, 0 ≤ step < 2**64.
    seed : int
        0 ≤ seed < 2**64.
    dtype : float32 or float64
        Of the result; 1/(1 − rate) is computed in double precision and then rounded.

    Returns
    -------
    ndarray, shape (n, n_units)

    Raises
    ------
    TypeError, ValueError
        For an argument of another kind or out of range, by name.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), "Dropout", JMLR 15, section 10 (the scaled
    variant); Salmon et al. (2011) for the words.
    """
    rows = _row_ids(rows)
    n_units, stream = _whole("n_units", n_units, bits=34), _whole("stream", stream, bits=32)
    step, seed = _whole("step", step, bits=64), require_seed(seed)
    if not isinstance(rate, Real):
        raise TypeError(f"rate is {rate!r}; it must be a probability in [0, 1)")
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"rate is {rate!r}; it must be a probability in [0, 1): 0 keeps every unit")
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"dtype is {np.dtype(dtype)}; a mask needs a floating one, float32 or float64")
    rate = float(rate)
    kept = np.asarray(1.0 / (1.0 - rate), dtype=dtype)
    if rate == 0.0:
        return np.full((rows.size, n_units), kept)
    first_kept = math.ceil(rate * 2.0**32)
    n_blocks = -(-n_units // 4)
    block = np.arange(n_blocks, dtype=np.uint64)
    constant_words = [np.asarray(word, dtype=np.uint64) for word in (stream, step % 2**32, seed % 2**32, seed >> 32)]
    mask = np.empty((rows.size, n_blocks, 4), dtype=kept.dtype)
    # About 2**12 counters at a time: the words of ten rounds then stay in the cache.
    chunk = max(1, 2**12 // max(1, n_blocks))
    for start in range(0, rows.size, chunk):
        stop = start + chunk
        words = _ten_rounds(block, rows[start:stop, None], *constant_words)
        for i, word in enumerate(words):
            np.multiply(word >= first_kept, kept, out=mask[start:stop, :, i])
    return mask.reshape(rows.size, 4 * n_blocks)[:, :n_units]


def _compiled_serves(generator: np.random.BitGenerator, size: int) -> bool:
    """Whether compiled code is there for this generator and shuffles so many entries sooner than NumPy."""
    return _order is not None and size >= MANY and type(generator) is np.random.PCG64


def _shuffled(generator: np.random.BitGenerator, orders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shuffles of 0 … n−1 in the rows of `orders`, by compiled code that leaves a PCG64 as NumPy does."""
    with generator.lock:
        whole: Any = generator.state
        words = whole["state"]
        halves = *divmod(words["state"], 2**64), *divmod(words["inc"], 2**64)
        high, low, *kept = _order.shuffled(orders, *halves, whole["has_uint32"], whole["uinteger"])
        words["state"] = high << 64 | low
        whole["has_uint32"], whole["uinteger"] = kept
        generator.state = whole
    return orders


_Words = NDArray[np.uint64]

_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


def _ten_rounds(
    c0: _Words, c1: _Words, c2: _Words, c3: _Words, k0: _Words, k1: _Words
) -> tuple[_Words, _Words, _Words, _Words]:
    """Philox4x32-10 on words of 32 bits held in uint64, broadcast against each other."""
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


def _row_ids(rows: ArrayLike) -> _Words:
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise ValueError(f"rows has shape {rows.shape}; it must be one-dimensional: one id a row")
    if rows.size == 0:
        return rows.astype(np.uint64)
    if rows.dtype.kind not in "iu":
        raise TypeError(f"rows holds {rows.dtype}; row ids must be whole numbers")
    if rows.min() < 0 or rows.max() >= 2**32:
        raise ValueError(f"rows holds ids from {rows.min()} to {rows.max()}; they must be in [0, 2**32)")
    return rows.astype(np.uint64)


def _whole(name: str, value: int, *, bits: int) -> int:
    allowed = f"it must be a whole number in [0, 2**{bits})"
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}; {allowed}")
    number = operator.index(value)
    if not 0 <= number < 2**bits:
        raise ValueError(f"{name} is {value!r}; {allowed}")
    return number


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}")
