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
    from multilayer.display.live.bars import EpochBars
    from multilayer.display.live.screens import Terminal

    bars = EpochBars(Terminal(sys.stderr, transient=True))
    try:
        fold_callbacks: Callbacks = [bars.add("cross-validation", folds * epochs)] if folds else []
        yield [bars.add("training, at most", epochs)], fold_callbacks
    finally:
        bars.close()


@contextmanager
def status(text: str, shown: bool) -> Iterator[None]:
    """A moving sign with a text while something of unknown length runs."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
