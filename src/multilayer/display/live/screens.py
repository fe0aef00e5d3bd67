"""Where something that changes is shown: one place in a terminal or a notebook that is drawn over again and again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TextIO

Clock = Callable[[], float]
SHARE = 0.1  # of the time, at most, that drawing may take


class Screen(Protocol):
    """One place that shows one thing, `every` so many seconds at most."""

    every: ClassVar[float]

    def show(self, content: Any) -> None:
        """Put something in place of what is there."""

    def close(self) -> None:
        """Leave what is there, and the terminal as it was."""


class Terminal:
    """Lines of a terminal that rich draws over."""

    every: ClassVar[float] = 0.1

    def __init__(self, stream: TextIO, transient: bool = False) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(
            console=Console(file=stream),
            auto_refresh=False,
            transient=transient,
            redirect_stdout=sys.stdout.isatty(),  # what goes to a file must not land in the terminal instead
        )
        self._live.start()

    def show(self, content: Any) -> None:
        """Draw a renderable of rich."""
        self._live.update(content, refresh=True)

    def close(self) -> None:
        """Show the cursor again; what is transient goes."""
        self._live.stop()


class Lines:
    """A file or a pipe, where nothing can be drawn over: it gets one after the other, and seldom."""

    every: ClassVar[float] = 10.0

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream)

    def show(self, content: Any) -> None:
        """Print a renderable of rich."""
        self._console.print(content)

    def close(self) -> None:
        """Nothing is left to do."""


class Notebook:
    """The output of a notebook's cell."""

    every: ClassVar[float] = 0.5

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, content: Any) -> None:
        """Show any object that a notebook can show."""
        if self._handle is None:
            from IPython.display import display

            self._handle = display(content, display_id=True)
        else:
            self._handle.update(content)

    def close(self) -> None:
        """The notebook keeps what was shown last."""


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this; IPython in a terminal has none."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def screen(shown: bool | None, stream: TextIO | None) -> Screen | None:
    """The screen there is.

    Parameters
    ----------
    shown : bool or None
        None shows in notebooks and terminals only; True also where output goes to a file; False nowhere.
    stream : text file or None
        Instead of standard error; a notebook is not looked for then.
    """
    if shown is False:
        return None
    if stream is None and in_notebook():
        return Notebook()
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        return Terminal(stream)
    return Lines(stream) if shown else None


class Redrawn:
    """Shows what changes often no more often than a screen bears and a tenth of the time allows."""

    def __init__(self, screen: Screen, clock: Clock) -> None:
        self._screen, self._clock = screen, clock
        self._due = clock()

    def __call__(self, content: Callable[[], Any]) -> None:
        """Show ``content()`` if it is time."""
        now = self._clock()
        if now >= self._due:
            self._screen.show(content())
            after = self._clock()
            self._due = after + max(self._screen.every, (after - now) * (1.0 / SHARE - 1.0))

    def close(self, content: Callable[[], Any] | None) -> None:
        """Show the last state, if there is one, and leave the screen tidy whatever happens."""
        try:
            if content is not None:
                self._screen.show(content())
        finally:
            self._screen.close()
