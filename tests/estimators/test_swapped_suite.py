"""scikit-learn's own tests of its multilayer perceptron, with our classes in the place of its own.

The tests are not copied: the installed module is executed afresh, and finds our classes where it imports its own, so
that its parametrisations hold ours as well. Its tests, their marks included, are then collected here.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Generator
from types import ModuleType
from unittest import mock

import numpy as np
import pytest
import sklearn.neural_network

import multilayer as ml

SUITE = "sklearn.neural_network.tests.test_mlp"

LEFT_OUT = {
    "test_gradient": "calls the private function that L-BFGS minimises, with scikit-learn's own buffers",
    "test_fit": "assembles a fitted object by hand, private attribute by private attribute",
}

# The suite lets this pass in silence; any other warning that it does not await is an error, as everywhere in our tests.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def suite_of(classifier: type, regressor: type) -> ModuleType:
    """A fresh copy of the installed suite that imports these classes from scikit-learn."""
    try:
        spec = importlib.util.find_spec(SUITE)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.loader is None:
        pytest.skip(f"the installed scikit-learn carries no {SUITE}", allow_module_level=True)
    suite = importlib.util.module_from_spec(spec)
    with mock.patch.multiple(sklearn.neural_network, MLPClassifier=classifier, MLPRegressor=regressor):
        spec.loader.exec_module(suite)
    return suite


_SUITE = suite_of(ml.MLPClassifier, ml.MLPRegressor)
THEIRS = {name: test for name, test in vars(_SUITE).items() if name.startswith("test_")}
globals().update({name: test for name, test in THEIRS.items() if name not in LEFT_OUT})


@pytest.fixture
def global_random_seed() -> int:
    """What scikit-learn's own configuration of pytest gives unless told otherwise."""
    return 42


@pytest.fixture(autouse=True)
def _repeatable() -> Generator[None, None, None]:
    """Many of the tests draw from NumPy's global stream."""
    before = np.random.get_state()  # noqa: NPY002 (scikit-learn's stream)
    np.random.seed(0)  # noqa: NPY002
    yield
    np.random.set_state(before)  # noqa: NPY002


def test_the_suite_holds_our_classes_alone() -> None:
    marks = [mark for test in THEIRS.values() for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    values = [value for mark in marks for value in mark.args[1]] + list(vars(_SUITE).values())
    estimators = {value for value in values if inspect.isclass(value) and value.__name__.startswith("MLP")}
    assert estimators == {ml.MLPClassifier, ml.MLPRegressor}


def test_only_what_exists_is_left_out_and_much_is_left() -> None:
    assert set(LEFT_OUT) <= set(THEIRS)
    assert len(THEIRS) >= 40
