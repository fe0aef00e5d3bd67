"""A progress bar on standard error; none where that is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def epochs_bar(total: int, shown: bool) -> Iterator[list[Callable[[Any], object]]]:
    """A bar of epochs; gives the callbacks that move it, none if it is not shown."""
    if not (shown and sys.stderr.isatty()):
        yield []
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("epoch {task.completed} of at most {task.total}"),
        BarColumn(),
        TextColumn("validation loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=total, loss="–")
        yield [lambda epoch: bar.update(task, completed=epoch.epoch, loss=_short(epoch.validation_loss))]


def _short(loss: float | None) -> str:
    return "–" if loss is None else f"{loss:.4f}"


@contextmanager
def status(text: str, shown: bool) -> Iterator[None]:
    """A moving sign with a text while something of unknown length runs."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
