"""The printed C++ compiles without a warning and gives what the Python gives, special values included."""

from __future__ import annotations

import ctypes
import importlib.util
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from multilayer.formulas import signatures
from multilayer.formulas.losses import LOSSES
from multilayer.formulas.outputs import OUTPUTS
from multilayer.formulas.own_losses import OWN_LOSSES
from multilayer.formulas.update_rules import UPDATE_RULES

_PATH = Path(__file__).parents[2] / "tools" / "print_formulas.py"
_SPEC = importlib.util.spec_from_file_location("print_formulas", _PATH)
print_formulas = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(print_formulas)

FORMULAS = [(group, formula) for group, members in print_formulas.formulas().items() for formula in members]
IDS = [f"{group}-{formula.__name__}" for group, formula in FORMULAS]

# Scalars by name; those that are missing take the default of the signature.
SCALARS = {
    "strength": 0.3, "l1": 0.2, "l2": 0.4, "rate": 0.1, "decay": 0.9, "norm": 7.0, "limit": 2.5, "momentum": 0.9,
    "b1": 0.9, "b2": 0.999, "eps": 1e-8, "c1": 0.271, "c2": 0.002997001, "eta_minus": 0.5, "eta_plus": 1.2,
    "step_min": 1e-6, "step_max": 50.0,
}  # fmt: skip

C_TYPES = {"float32": ctypes.c_float, "float64": ctypes.c_double}
CPP_TYPES = {"float32": "float", "float64": "double"}
KINDS = ["numbers", "lanes"]
FLAGS = ["-std=c++17", "-O2", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wall"]
FLAGS += ["-Wextra", "-Wpedantic", "-Wno-psabi", "-Werror", "-shared", "-fPIC", f"-I{print_formulas.CORE}"]


def scalars_of(formula) -> dict[str, float]:
    """Values of the keyword-only parameters, in order."""
    return {name: SCALARS.get(name, default) for name, default in signatures.default_options(formula)}


def results_of(formula) -> int:
    """How many arrays a formula returns."""
    result = formula(*(np.ones(1) for _ in signatures.positional(formula)), **scalars_of(formula))
    return len(result) if isinstance(result, tuple) else 0


def entry_points(group: str, formula) -> str:
    """C functions that apply a printed template to arrays, number by number and register by register."""
    elements, scalars = signatures.positional(formula), signatures.keyword_only(formula)
    arguments = [f"load_as<T>(in[{i}] + j)" for i in range(len(elements))] + [f"s[{i}]" for i in range(len(scalars))]
    n_results = results_of(formula)
    results = [f"r{i}" for i in range(max(n_results, 1))]
    call = f"multilayer::{group}::{formula.__name__}<T>({', '.join(arguments + results[:n_results])});"
    body = f"T {', '.join(results)}; {'' if n_results else 'r0 = '}{call} "
    body += " ".join(f"store_as(out[{i}] + j, {result});" for i, result in enumerate(results))
    lines = []
    for dtype, number in CPP_TYPES.items():
        for kind, cpp in zip(KINDS, (number, f"multilayer::Lanes<{number}>"), strict=True):
            lines.append(
                f'extern "C" void {group}_{formula.__name__}_{dtype}_{kind}(long n, const {number}* const* in, '
                f"[[maybe_unused]] const double* s, {number}* const* out) {{ using T = {cpp}; "
                f"for (long j = 0; j < n; j += sizeof(T) / sizeof({number})) {{ {body} }} }}"
            )
    return "\n".join(lines)


ACCESS = """
template <typename T> T load_as(const float* from) { T a; std::memcpy(&a, from, sizeof a); return a; }
template <typename T> T load_as(const double* from) { T a; std::memcpy(&a, from, sizeof a); return a; }
template <typename T> void store_as(void* to, T a) { std::memcpy(to, &a, sizeof a); }
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> ctypes.CDLL:
    """All printed formulas in a shared library."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed")
    folder = tmp_path_factory.mktemp("printed")
    (folder / "formulas.hpp").write_text(print_formulas.header(), encoding="utf-8")
    source = '#include "formulas.hpp"\n' + ACCESS + "\n".join(entry_points(*entry) for entry in FORMULAS)
    (folder / "formulas.cpp").write_text(source, encoding="utf-8")
    subprocess.run([compiler, *FLAGS, "formulas.cpp", "-o", "formulas.so"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "formulas.so"))


def grid(n_arrays: int, dtype: str) -> list[np.ndarray]:
    """Special values and ordinary ones, whole registers: all of them for one array, random meetings for several."""
    info = np.finfo(dtype)
    tiny = [info.smallest_subnormal, 3 * info.smallest_subnormal, info.smallest_normal, 1e-20]
    special = [0.0, *tiny, 0.5, 1.0, 2.0, 3.0, 19.5, 37.0, 41.0, 745.5, 1e3, np.inf, np.nan]
    values = np.concatenate([special, np.negative(special)]).astype(dtype)
    if n_arrays == 1:
        return [np.concatenate([values, np.linspace(-45, 45, 9216 - len(values)).astype(dtype)])]
    rng = np.random.default_rng(0)
    ordinary = rng.normal(scale=3.0, size=(n_arrays, 6000)).astype(dtype)
    return [np.concatenate([x, rng.choice(values, 4000)]) for x in ordinary]


def arguments_of(formula, dtype: str) -> list[np.ndarray]:
    """The grid, but where a formula's terms would cancel: beyond targets of 0 and 1, and in 1 − f where f is near 1."""
    arrays = grid(len(signatures.positional(formula)), dtype)
    if formula.__name__ == "clipped_binary_cross_entropy":
        arrays[1] = np.where(arrays[0] > 1.0, 1.0, np.clip(arrays[1], 0.0, 1.0)).astype(dtype)
    return arrays


def both(compiled, group, formula, dtype, kind) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each result in Python and in C++."""
    arrays, scalars = arguments_of(formula, dtype), scalars_of(formula)
    with np.errstate(all="ignore"):
        expected = formula(*arrays, **scalars)
    expected = expected if isinstance(expected, tuple) else (expected,)
    results = [np.empty_like(arrays[0]) for _ in expected]
    pointer = ctypes.POINTER(C_TYPES[dtype])
    given, filled = ((pointer * len(xs))(*(x.ctypes.data_as(pointer) for x in xs)) for xs in (arrays, results))
    function = getattr(compiled, f"{group}_{formula.__name__}_{dtype}_{kind}")
    function(ctypes.c_long(len(arrays[0])), given, (ctypes.c_double * len(scalars))(*scalars.values()), filled)
    return list(zip(expected, results, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("group", "formula"), FORMULAS, ids=IDS)
def test_agrees_with_python_in_float64(compiled, group, formula, kind):
    """To the last bits of an exponential or a logarithm, which Poisson losses subtract."""
    for expected, result in both(compiled, group, formula, "float64", kind):
        np.testing.assert_allclose(result, expected, rtol=2e-15, atol=4e-15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("group", "formula"), FORMULAS, ids=IDS)
def test_agrees_with_python_in_float32(compiled, group, formula, kind):
    """To 1e-6 of the result and of what the formula adds up, which is as large as its arguments."""
    arrays = arguments_of(formula, "float32")
    size = np.max([np.where(np.isfinite(x), np.abs(x), 0.0) for x in arrays], axis=0)
    for expected, result in both(compiled, group, formula, "float32", kind):
        assert expected.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
        with np.errstate(invalid="ignore"):
            near = np.abs(result - expected) <= 1e-6 * np.maximum(1.0, np.maximum(size, np.abs(expected)))
        assert np.all(near | (result == expected) | np.isnan(expected))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("group", ["clipping", "hinges", "losses", "penalties", "update_rules"])
def test_what_has_no_elementary_function_agrees_bitwise(compiled, group, kind):
    for formula in print_formulas.formulas()[group]:
        if any(f"elementary::{name}(" in print_formulas.printed(formula) for name in ("exp", "log")):
            continue
        for dtype in C_TYPES:
            for expected, result in both(compiled, group, formula, dtype, kind):
                np.testing.assert_array_equal(result, expected)


def test_every_elementwise_formula_is_printed_once():
    assert len(set(FORMULAS)) == len({formula for _, formula in FORMULAS}) == len(FORMULAS)
    header = print_formulas.header()
    assert all(header.count(print_formulas.printed(formula)) == 1 for _, formula in FORMULAS)
    assert "softmax" not in header


def test_equal_text_becomes_one_line_and_order_is_kept():
    def formula(z, *, rate):
        """Sum of two equal products."""
        return (z * rate + rate * z) + z * rate - (1.0 - rate)

    assert (
        print_formulas.printed(formula)
        == """\
// Sum of two equal products.
template <typename T>
inline T formula(T z, double rate) {
    const T t1 = z * T(rate);
    const T t2 = T(rate) * z;
    const T t3 = t1 + t2;
    const T t4 = t3 + t1;
    const double t5 = 1.0 - rate;
    const T t6 = t4 - T(t5);
    return t6;
}
"""
    )


@pytest.mark.parametrize("branch", [lambda z: z if z > 0.0 else -z, lambda z: max(z, 0.0), lambda z: z and 1.0 * z])
def test_a_formula_that_branches_is_refused(branch):
    with pytest.raises(TypeError, match="branch on a value"):
        print_formulas.printed(branch)


@pytest.mark.parametrize("name", print_formulas.PRINTED)
def test_the_engine_has_what_is_printed(name):
    committed = (print_formulas.CORE / name).read_text(encoding="utf-8")
    assert committed == print_formulas.PRINTED[name](), "run python tools/print_formulas.py --write"


def test_runs_as_a_script():
    done = subprocess.run([sys.executable, str(_PATH)], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == print_formulas.header() + print_formulas.tables()


def test_tables_name_every_entry():
    names = re.findall('std::string_view name = "(.*)"', print_formulas.tables())
    elementwise = [name for name, output in OUTPUTS.items() if not output.rowwise]
    own = [loss.name for loss in dict.fromkeys(OWN_LOSSES.values()) if not loss.rowwise]
    assert names == [*elementwise, *LOSSES, *own, *UPDATE_RULES]


def test_a_power_other_than_a_root_is_refused():
    with pytest.raises(TypeError, match="got a power of 3"):
        print_formulas.printed(lambda z: z**3)


def test_formulas_are_straight_lines():
    """No formula branches or loops in Python, so that what is printed is all there is."""
    for _, formula in FORMULAS:
        source = inspect.getsource(formula)
        assert not any(f" {word} " in source.split('"""')[-1] for word in ("if", "for", "while"))
