"""Which compiled module is used, and what happens without one; each in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os

import numpy as np
import pytest

from multilayer.engines.native import levels
from multilayer.engines.native.levels import VARIABLE, supported_levels

COMPILED = tuple(
    level
    for level in supported_levels()
    if importlib.util.find_spec(f"multilayer.engines.native._native_{level}") is not None
)
TELL_ENGINES = "from multilayer.engines import ENGINES; print(*(getattr(e, 'level', e.name) for e in ENGINES.values()))"

# Two hidden layers and both ways of an update, one after the other.
TRAIN = """
import json
import numpy as np, multilayer as ml
rng = np.random.default_rng(0)
X, T = rng.normal(size=(70, 6)), rng.integers(3, size=70)
J = ml.Objective(ml.Network([6, 19, ml.Dropout(0.2), ml.Maxout(5), 3], "gelu", "softmax"), penalty=ml.L2(1e-3))
thetas = []
for batch_size in (1, 20):
    run = ml.train(J, J.network.initialize(0), X, T, batch_size=batch_size, epochs=3, engine=ENGINE)
    thetas.append(run.state.theta.tolist())
print(json.dumps(thetas))
"""

# Makes the compiled modules as if they were not there.
HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("multilayer.engines.native._"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture
def run(native, in_new_process):
    """Standard output, or the last line of the error, of code run with a value of the environment's variable."""

    def run(code: str, value: str | None = None) -> str:
        environment = {name: text for name, text in os.environ.items() if name != VARIABLE}
        if value is not None:
            environment[VARIABLE] = value
        result = in_new_process(code, environment=environment)
        return result.stdout.strip() if result.returncode == 0 else result.stderr.strip().splitlines()[-1]

    return run


@pytest.mark.parametrize("value", [None, ""])
def test_the_best_level_is_used_by_default(run, value):
    assert run(TELL_ENGINES, value) == f"{COMPILED[0]} reference"


@pytest.mark.parametrize("level", supported_levels())
def test_the_environment_names_a_level(run, level):
    told = run(TELL_ENGINES, level)
    if level in COMPILED:
        assert told == f"{level} reference"
    else:
        assert told.endswith(f"{VARIABLE}: level {level!r} was not compiled; install multilayer anew")


@pytest.mark.parametrize("value", ["v1", "v5", "V3", "avx2", " v3"])
def test_other_levels_are_refused_with_those_that_run_here(run, value):
    told = run(TELL_ENGINES, value)
    assert told == f"ValueError: {VARIABLE}: came {value!r}; levels that run here: {', '.join(supported_levels())}"


def test_a_level_that_the_processor_lacks_is_refused(native, monkeypatch):
    lower = COMPILED[1:] or ("v0",)
    monkeypatch.setattr(levels, "supported_levels", lambda: lower)
    monkeypatch.setenv(VARIABLE, COMPILED[0])
    with pytest.raises(ValueError, match=f"came '{COMPILED[0]}'; levels that run here: {', '.join(lower)}"):
        levels.load()
    monkeypatch.delenv(VARIABLE)
    assert (levels.load() or [None])[0] == (lower[0] if len(COMPILED) > 1 else None)


def test_a_better_level_that_was_not_compiled_is_passed_over(native, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(levels, "supported_levels", lambda: ("v9", *COMPILED))
    assert levels.load()[0] == COMPILED[0]


def test_levels_agree(run):
    expected = np.array(json.loads(run(TRAIN.replace("ENGINE", "'reference'"))))
    for level in COMPILED:
        found = np.array(json.loads(run(TRAIN.replace("ENGINE", "'native'"), level)))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_without_compiled_modules_the_reference_engine_is_used(run):
    assert run(HIDE + TELL_ENGINES) == "reference"
    by_default = json.loads(run(HIDE + TRAIN.replace("ENGINE", "None")))
    assert by_default == json.loads(run(TRAIN.replace("ENGINE", "'reference'")))


def test_without_compiled_modules_the_native_engine_is_refused(run):
    assert run(HIDE + TRAIN.replace("ENGINE", "'native'")).endswith(
        "engine: unknown engine 'native'; installed: reference"
    )
    told = run(HIDE + TELL_ENGINES, "v3")
    assert told == f"ValueError: {VARIABLE}: came 'v3'; levels that run here: none, since nothing was compiled"


def test_compiled_modules_that_do_not_load_are_told_of_and_passed_over(run):
    absent = 'ModuleNotFoundError(f"No module named {name!r}", name=name)'
    broken = HIDE.replace(absent, "ImportError('GLIBCXX too old')")
    told = run("import warnings; warnings.simplefilter('error')" + broken + "import multilayer.engines")
    assert told.startswith("RuntimeWarning: multilayer: a compiled part of the native engine does not load (GLIBCXX")
    assert run("import warnings; warnings.simplefilter('ignore')" + broken + TELL_ENGINES) == "reference"
