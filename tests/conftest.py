"""One thread a process, few examples, pictures without a screen; continuous integration skips no test in silence."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

# Set before NumPy is imported, and inherited by the processes that tests start.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["MPLBACKEND"] = "Agg"

CONTINUOUS_INTEGRATION = bool(os.environ.get("CI"))
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

settings.register_profile("few", max_examples=25, deadline=None)
settings.register_profile("repeatable", settings.get_profile("few"), derandomize=True)
settings.load_profile("repeatable" if CONTINUOUS_INTEGRATION else "few")


def _refuse_skip(report: Report) -> Report:
    """In continuous integration only a missing torch is a reason to skip; any other skip becomes a failure."""
    if not CONTINUOUS_INTEGRATION or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if "'torch'" not in reason or importlib.util.find_spec("torch") is not None:
        report.outcome = "failed"
        report.longrepr = f"skipped in continuous integration, where everything must run: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_skip((yield))


@pytest.fixture(autouse=True)
def _close_figures() -> Generator[None, None, None]:
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
