"""scikit-learn before 1.9 has no callbacks: there the estimators have no `set_callbacks`, and nothing else changes."""

from __future__ import annotations

import importlib.util
import sys
from unittest import mock

import pytest

import multilayer as ml

MODULE = "multilayer.estimators.scikit_learn_callbacks"


@pytest.fixture
def before():
    """Our module as it is where scikit-learn has no callbacks."""
    spec = importlib.util.find_spec(MODULE)
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {"sklearn.callback": None, MODULE: module}):
        spec.loader.exec_module(module)
        yield module


@pytest.mark.parametrize("kind", [ml.MLPClassifier, ml.MLPRegressor])
def test_callbacks_are_there_where_scikit_learn_has_them(kind):
    assert hasattr(kind, "set_callbacks") == (importlib.util.find_spec("sklearn.callback") is not None)


def test_before_them_nothing_is_inherited(before):
    assert [name for name in vars(before.CallbackSupportMixin) if not name.startswith("__")] == []


def test_before_them_no_fit_is_watched(before):
    assert before.fit_task(ml.MLPClassifier(), [[0.0]], [0], None, epochs=1) is None
