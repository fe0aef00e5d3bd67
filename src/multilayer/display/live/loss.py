"""`LiveLoss`: the loss curve of a run, drawn while it grows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from multilayer.display.live.chart import chart
from multilayer.display.live.screens import Clock, Notebook, Redrawn, screen
from multilayer.display.plots.canvas import new_figure
from multilayer.display.plots.history import CURVES, plot_history
from multilayer.training.history import Epoch

HEIGHT, NARROWEST, WIDEST = 12, 24, 72  # characters, of a chart in a terminal


class LiveLoss:
    """Training and validation loss of a run, drawn while it goes on, as one of `train`'s callbacks.

    In a notebook one figure under the cell, of matplotlib; in a terminal a chart of text, in place of a `ProgressBar`:
    a terminal draws one of them at a time. Drawing takes at most a tenth of the time. Where the output is neither
    nothing is drawn.

    Parameters
    ----------
    shown : bool, optional
        True prints the chart every ten seconds where output goes to a file; False draws nothing.
    stream : text file, optional
        Instead of standard error.
    clock : callable
        Seconds.
    """

    def __init__(
        self, *, shown: bool | None = None, stream: TextIO | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._shown, self._stream, self._clock = shown, stream, clock
        self._redrawn: Redrawn | None = None
        self._figures = False
        self._columns: dict[str, list[float]] = {}

    def __enter__(self) -> LiveLoss:
        if self._redrawn is None and (found := screen(self._shown, self._stream)) is not None:
            self._columns, self._figures = {}, isinstance(found, Notebook)
            if self._figures:
                new_figure(1.0, 1.0)  # refuses before any work if matplotlib is missing
            self._redrawn = Redrawn(found, self._clock)
        return self

    def __call__(self, epoch: Epoch) -> None:
        """Add a finished epoch to the curves."""
        if self._redrawn is None:
            return
        for name in ("epoch", "loss", "validation_loss"):
            value = getattr(epoch, name)
            if value is not None:
                self._columns.setdefault(name, []).append(value)
        self._redrawn(self._drawn)

    def __exit__(self, *exception: object) -> None:
        redrawn, self._redrawn = self._redrawn, None
        if redrawn is not None:
            redrawn.close(self._drawn if self._columns else None)

    def _drawn(self) -> Any:
        """A figure or a chart of the epochs so far."""
        if self._figures:
            return plot_history(self._columns)
        return _Chart({name: self._columns[column] for column, name in CURVES.items() if column in self._columns})


@dataclass(frozen=True)
class _Chart:
    """Curves that rich draws as wide as there is room."""

    curves: Mapping[str, Sequence[float]]

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        yield chart(self.curves, max(NARROWEST, min(options.max_width, WIDEST)), HEIGHT)
