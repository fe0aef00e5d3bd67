"""Progress bars of epochs: `ProgressBar`, a callback of `train`, and `EpochBars` for several runs under one roof."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TextIO

from multilayer.display.live.screens import Clock, Redrawn, Screen, screen
from multilayer.training.history import Epoch


class EpochBars:
    """Bars, one below the other, each moved by the epochs of one or several runs.

    Parameters
    ----------
    screen : Screen
        Where they are drawn.
    clock : callable
        Seconds.
    """

    def __init__(self, screen: Screen, clock: Clock = time.monotonic) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("epoch {task.completed} of {task.total}{task.fields[loss]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            auto_refresh=False,
            get_time=clock,
        )
        self._clock, self._redrawn = clock, Redrawn(screen, clock)
        self._moves: list[Callable[[], None]] = []
        self._counted = False

    def add(self, name: str, total: int | None = None) -> Callable[[Epoch], None]:
        """A bar of so many epochs, or of as many as the first one says; gives the callback that moves it by one."""
        bar = self._bars.add_task(name, total=total, loss="", left="")
        done, loss, first, last = 0, "", 0.0, 0.0

        def move() -> None:
            left = ""
            if done > 1 and total is not None:
                seconds = (last - first) / (done - 1) * (total - done)
                left = f"{timedelta(seconds=round(seconds))} left"
            self._bars.update(bar, total=total, completed=done, loss=loss, left=left)

        def count(epoch: Epoch) -> None:
            nonlocal total, done, loss, first, last
            total = epoch.epochs if total is None else total
            last = self._clock()
            first = first if done else last
            done, loss = done + 1, _loss(epoch)
            self._counted = True
            self._redrawn(self._drawn)

        self._moves.append(move)
        return count

    def close(self) -> None:
        """Draw the last state."""
        self._redrawn.close(self._drawn if self._counted else None)

    def _drawn(self) -> Any:
        for move in self._moves:
            move()
        return self._bars.make_tasks_table(self._bars.tasks)


class ProgressBar:
    """A progress bar of a run, as one of `train`'s callbacks: epochs of the most there may be, loss, and time.

    It is redrawn at most ten times a second. Where the output is neither a terminal nor a notebook there is none.

    Parameters
    ----------
    shown : bool, optional
        True draws a line every ten seconds where output goes to a file; False draws nothing.
    stream : text file, optional
        Instead of standard error.
    clock : callable
        Seconds.

    Examples
    --------
    >>> import multilayer as ml
    >>> objective = ml.Objective(ml.Network([1, 1]))
    >>> run = ml.train(objective, objective.network.initialize(), [[1.0]], [[2.0]], callbacks=[ml.ProgressBar()])
    """

    def __init__(
        self, *, shown: bool | None = None, stream: TextIO | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._shown, self._stream, self._clock = shown, stream, clock
        self._bars: EpochBars | None = None
        self._count: Callable[[Epoch], None] | None = None

    def __enter__(self) -> ProgressBar:
        if self._bars is None and (found := screen(self._shown, self._stream)) is not None:
            self._bars = EpochBars(found, self._clock)
            self._count = self._bars.add("training")
        return self

    def __call__(self, epoch: Epoch) -> None:
        """Count a finished epoch."""
        if self._count is not None:
            self._count(epoch)

    def __exit__(self, *exception: object) -> None:
        bars, self._bars, self._count = self._bars, None, None
        if bars is not None:
            bars.close()


def _loss(epoch: Epoch) -> str:
    """The loss that matters most."""
    if epoch.validation_loss is not None:
        return f", validation loss {epoch.validation_loss:.4f}"
    return f", loss {epoch.loss:.4f}"
