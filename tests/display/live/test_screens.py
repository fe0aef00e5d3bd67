"""Which screen is taken, how often it is drawn on, and that it is left tidy."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from multilayer.display.live.screens import Lines, Notebook, Redrawn, Terminal, screen

CURSOR_OFF, CURSOR_ON = "\x1b[?25l", "\x1b[?25h"


class Paper:
    """A screen that keeps what it shows; drawing takes `seconds`."""

    every: ClassVar[float] = 1.0

    def __init__(self, clock: Any, seconds: float = 0.0) -> None:
        self.shown: list[Any] = []
        self.closed = 0
        self._clock, self._seconds = clock, seconds

    def show(self, content: Any) -> None:
        self.shown.append(content)
        self._clock.now += self._seconds

    def close(self) -> None:
        self.closed += 1


class TestWhichScreen:
    def test_nothing_where_output_is_no_terminal(self) -> None:
        assert screen(None, io.StringIO()) is None

    def test_lines_there_if_asked(self) -> None:
        assert isinstance(screen(True, io.StringIO()), Lines)

    def test_a_terminal(self, terminal: Any) -> None:
        found = screen(None, terminal)
        assert isinstance(found, Terminal)
        found.close()

    def test_none_if_told(self, terminal: Any, cell: Any) -> None:
        assert screen(False, terminal) is None
        assert screen(False, None) is None

    def test_a_notebook(self, cell: Any) -> None:
        assert isinstance(screen(None, None), Notebook)

    def test_a_stream_goes_before_a_notebook(self, cell: Any) -> None:
        assert screen(None, io.StringIO()) is None

    def test_ipython_in_a_terminal_is_no_notebook(self, monkeypatch: pytest.MonkeyPatch, terminal: Any) -> None:
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: object()))
        monkeypatch.setattr(sys, "stderr", terminal)
        found = screen(None, None)
        assert isinstance(found, Terminal)
        found.close()

    def test_by_default_standard_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        assert screen(None, None) is None


class TestScreens:
    def test_a_terminal_gets_its_cursor_back(self, terminal: Any) -> None:
        shown = Terminal(terminal)
        shown.show("half")
        assert terminal.getvalue().count(CURSOR_OFF) == 1
        assert CURSOR_ON not in terminal.getvalue()
        shown.close()
        assert terminal.getvalue().count(CURSOR_ON) == 1
        assert terminal.getvalue().endswith(CURSOR_ON) or terminal.getvalue().endswith("\n" + CURSOR_ON)

    def test_what_goes_to_a_file_stays_there(self, terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", file := io.StringIO())
        shown = Terminal(terminal)
        print("a result")
        shown.close()
        assert file.getvalue() == "a result\n"
        assert "a result" not in terminal.getvalue()

    def test_lines_have_no_codes(self) -> None:
        file = io.StringIO()
        shown = Lines(file)
        shown.show("one")
        shown.show("two")
        shown.close()
        assert file.getvalue() == "one\ntwo\n"

    def test_a_notebook_has_one_place(self, cell: Any) -> None:
        shown = Notebook()
        for content in ("one", "two", "three"):
            shown.show(content)
        shown.close()
        assert cell.shown == ["one", "two", "three"]
        assert cell.places == 1


class TestRedrawn:
    def test_no_more_often_than_the_screen_bears(self, clock: Any) -> None:
        paper = Paper(clock)
        redrawn = Redrawn(paper, clock)
        for i in range(31):
            redrawn(lambda i=i: i)
            clock.now += 0.125
        assert paper.shown == [0, 8, 16, 24]

    def test_what_is_not_due_is_not_made(self, clock: Any) -> None:
        redrawn = Redrawn(Paper(clock), clock)
        redrawn(lambda: 0)
        redrawn(lambda: pytest.fail("made though it is not shown"))

    def test_slow_drawing_takes_a_tenth_of_the_time(self, clock: Any) -> None:
        paper = Paper(clock, seconds=2.0)
        redrawn, begin = Redrawn(paper, clock), clock.now
        while clock.now < begin + 200.0:
            redrawn(lambda: 0)
            clock.now += 0.5
        assert len(paper.shown) == 10

    def test_the_last_state_is_shown(self, clock: Any) -> None:
        paper = Paper(clock)
        redrawn = Redrawn(paper, clock)
        redrawn(lambda: "first")
        redrawn(lambda: "second")
        redrawn.close(lambda: "last")
        assert (paper.shown, paper.closed) == (["first", "last"], 1)

    def test_a_failure_leaves_it_closed(self, clock: Any) -> None:
        paper = Paper(clock)
        with pytest.raises(ZeroDivisionError):
            Redrawn(paper, clock).close(lambda: 1 // 0)
        assert paper.closed == 1
