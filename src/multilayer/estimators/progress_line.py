"""A line on standard error that tells how far training has come."""

from __future__ import annotations

import sys
from collections.abc import Callable

from multilayer.training.history import Epoch

WIDTH = 30


def progress_line(epochs: int) -> Callable[[Epoch], None]:
    """A callback that writes the line anew after each of so many epochs."""

    def show(epoch: Epoch) -> None:
        done = WIDTH * epoch.epoch // epochs
        bar = "#" * done + "." * (WIDTH - done)
        end = "\n" if epoch.epoch == epochs else ""
        text = f"\r[{bar}] epoch {epoch.epoch}/{epochs}, loss {epoch.loss + epoch.penalty:.4g}, {epoch.seconds:.1f} s"
        print(text, end=end, file=sys.stderr, flush=True)

    return show
