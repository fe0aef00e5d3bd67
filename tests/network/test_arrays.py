"""Arrays as users give them: what is looked at, what is converted, and what is left alone."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from multilayer.network.arrays import all_finite, check_inputs

LAYOUTS = {
    "rows": lambda a: a,
    "columns": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
    "reversed": lambda a: a[::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@given(row=st.integers(0, 699), column=st.integers(0, 999))
def test_one_bad_number_among_many_is_found(layout, bad, row, column):
    values = np.zeros((700, 1000), dtype=np.float32)
    values[row, column] = bad
    assert not all_finite(LAYOUTS[layout](values))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (1,), (5, 2), (2**18 + 1,), (2, 2**18 + 1)])
def test_numbers_of_any_shape_may_all_be_finite(shape):
    assert all_finite(np.zeros(shape))
    bad = np.full(shape, np.nan)
    assert all_finite(bad) == (bad.size == 0)


def test_looking_at_many_rows_takes_little_memory():
    X = np.zeros((200_000, 20), dtype=np.float32)
    tracemalloc.start()
    try:
        assert check_inputs(X, 20) is X
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_float_becomes_the_type_asked_for_and_floats_stay(dtype):
    for kind in (bool, np.uint8, np.int64):
        rows = np.ones((2, 3), dtype=kind)
        assert check_inputs(rows, 3, dtype=dtype).dtype == dtype
        assert check_inputs(sparse.csr_array(rows), 3, dtype=dtype).dtype == dtype
    for kind in (np.float32, np.float64):
        rows = np.ones((2, 3), dtype=kind)
        assert check_inputs(rows, 3, dtype=dtype) is rows
        assert check_inputs(sparse.csr_array(rows), 3, dtype=dtype).dtype == kind
