"""A progress bar on standard error; none where that is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Callbacks = list[Callable[[Any], object]]


@contextmanager
def epoch_bars(epochs: int, folds: int, shown: bool) -> Iterator[tuple[Callbacks, Callbacks]]:
    """Bars of epochs; gives the callbacks that move them: of the training, and of the folds of cross-validation."""
    if not (shown and sys.stderr.isatty()):
        yield [], []
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch {task.completed} of {task.total}{task.fields[loss]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )

    def bar(name: str, total: int) -> Callbacks:
        task = bars.add_task(name, total=total, loss="")
        return [lambda epoch: bars.update(task, advance=1, loss=_loss(epoch.validation_loss))]

    with bars:
        fold_callbacks = bar("cross-validation", folds * epochs) if folds else []
        yield bar("training, at most", epochs), fold_callbacks


def _loss(value: float | None) -> str:
    return "" if value is None else f", validation loss {value:.4f}"


@contextmanager
def status(text: str, shown: bool) -> Iterator[None]:
    """A moving sign with a text while something of unknown length runs."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
