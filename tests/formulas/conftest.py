"""Array libraries that run the formulas."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest


def _library(name: str, asarray: Callable[[np.ndarray], Any]) -> SimpleNamespace:
    return SimpleNamespace(name=name, asarray=asarray, numpy=np.asarray)


@pytest.fixture(params=["numpy", "torch", "array_api_strict"])
def library(request: pytest.FixtureRequest) -> SimpleNamespace:
    """A library with `asarray` from NumPy's arrays and `numpy` back to them."""
    if request.param == "numpy":
        return _library("numpy", np.asarray)
    module = pytest.importorskip(request.param)
    return _library(request.param, module.asarray)


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    """Floating-point types that training uses."""
    return str(request.param)
