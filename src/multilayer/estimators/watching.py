"""Who watches an estimator's training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.display.live.bars import ProgressBar
from multilayer.training.history import Epoch


def callbacks_of(estimator: Any) -> tuple[Callable[[Epoch], object], ...]:
    """The user's callbacks, and the progress bar where one is asked for."""
    return (*estimator.callbacks, *((ProgressBar(shown=True),) if estimator.progress else ()))
