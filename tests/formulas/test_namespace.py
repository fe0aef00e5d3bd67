"""The array namespace: one for each library, complete, and gentle with Python scalars."""

from __future__ import annotations

import subprocess
import sys
import timeit
from types import SimpleNamespace

import numpy as np
import pytest

from multilayer.formulas.namespace import namespace

USED = ("exp", "expm1", "log", "log1p", "tanh", "erfc", "sin", "cos", "sqrt", "abs", "where", "maximum", "minimum")


def test_names_every_function_that_formulas_use(library):
    xp = namespace(library.asarray(np.ones(3)))
    assert all(
        callable(getattr(xp, name))
        for name in (*USED, "sum", "max", "sort", "cumulative_sum", "expand_dims", "ones_like")
    )


def test_is_the_same_object_for_every_array_of_a_library(library):
    a, b = library.asarray(np.ones(3)), library.asarray(np.ones((2, 2), dtype=np.float32))
    assert namespace(a) is namespace(b) is namespace(a, b) is namespace(a, 1.0)


def test_numpy_scalars_and_python_numbers_count_as_numpy():
    assert namespace(np.float32(1)) is namespace(1.0) is namespace(1) is namespace(np.ones(2))


@pytest.mark.parametrize("name", ["where", "maximum", "minimum"])
@pytest.mark.parametrize("scalar_first", [False, True])
def test_python_scalars_keep_the_dtype(library, dtype, name, scalar_first):
    values = np.array([-2.0, -0.5, 0.5, 2.0, np.inf, -np.inf, np.nan], dtype=dtype)
    z = library.asarray(values)
    xp = namespace(z)
    pair, numpy_pair = ((0.5, z), (0.5, values)) if scalar_first else ((z, 0.5), (values, 0.5))
    if name == "where":
        result, expected = xp.where(z > 0.0, *pair), np.where(values > 0.0, *numpy_pair)
    else:
        result, expected = getattr(xp, name)(*pair), getattr(np, name)(*numpy_pair)
    assert result.dtype == z.dtype
    np.testing.assert_array_equal(library.numpy(result), expected)


def test_maximum_and_minimum_of_two_scalars_give_a_scalar(library):
    xp = namespace(library.asarray(np.ones(2)))
    assert (xp.maximum(1.0, 2.0), xp.minimum(1.0, 2.0)) == (2.0, 1.0)
    for function in (xp.maximum, xp.minimum):
        assert type(function(1.0, 2.0)) is float
        assert np.isnan([function(1.0, np.nan), function(np.nan, 1.0)]).all()


def test_maximum_and_minimum_of_two_arrays_keep_nan(library):
    a, b = library.asarray(np.array([1.0, np.nan, 3.0])), library.asarray(np.array([2.0, 2.0, np.nan]))
    xp = namespace(a, b)
    np.testing.assert_array_equal(library.numpy(xp.maximum(a, b)), [2.0, np.nan, np.nan])
    np.testing.assert_array_equal(library.numpy(xp.minimum(a, b)), [1.0, np.nan, np.nan])


def test_erfc_keeps_the_dtype_and_its_tail(library, dtype):
    z = library.asarray(np.array([-np.inf, 0.0, 1.0, 5.0, np.inf], dtype=dtype))
    result = namespace(z).erfc(z)
    assert result.dtype == z.dtype
    tabulated = [2.0, 1.0, 0.15729920705028513, 1.5374597944280349e-12, 0.0]
    np.testing.assert_allclose(library.numpy(result), tabulated, rtol=1e-14 if dtype == "float64" else 1e-5)


def test_refuses_what_is_no_array():
    with pytest.raises(TypeError, match=r"builtins\.list.*__array_namespace__"):
        namespace([1.0, 2.0])


def test_refuses_arrays_of_two_libraries():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match=r"array_api_strict.*numpy.*one library"):
        namespace(np.ones(2), strict.ones(2))


def test_takes_a_namespace_that_has_erfc_as_it_is():
    complete = SimpleNamespace(__name__="complete", erfc=None)

    class Own:
        def __array_namespace__(self, api_version=None):
            return complete

    assert namespace(Own()) is complete


def test_a_call_costs_well_under_a_microsecond():
    z = np.ones(3)
    assert min(timeit.repeat(lambda: namespace(z), number=10_000, repeat=5)) / 10_000 < 1e-6


def test_importing_formulas_loads_nothing_heavy():
    code = (
        "import sys, multilayer.formulas.own_losses, multilayer.formulas.update_rules;"
        "print([m for m in ('scipy.special', 'torch', 'sklearn', 'polars', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
