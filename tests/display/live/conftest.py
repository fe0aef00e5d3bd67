"""A clock that is set by hand, a terminal and a notebook that keep what they show."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TerminalFile(io.StringIO):
    """A text file that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


class Cell:
    """The output of a notebook's cell: what was shown, one after the other, in how many places."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.places = 0

    def display(self, content: Any, *, display_id: bool) -> Cell:
        assert display_id
        self.places += 1
        self.shown.append(content)
        return self

    def update(self, content: Any) -> None:
        self.shown.append(content)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> TerminalFile:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return TerminalFile()


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """IPython with a kernel, as far as it is asked."""
    made = Cell()
    kernel = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernel, version_info=(9, 0)))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=made.display))
    return made
