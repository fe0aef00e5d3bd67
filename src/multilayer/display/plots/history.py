"""`plot_history`: loss curves of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from multilayer.display.plots.canvas import GREY, OUTSIDE, axes_for, colour, tidy
from multilayer.training.history import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES = {"loss": "training", "validation_loss": "validation"}


def plot_history(run: Run | Mapping[str, Any], *, log: bool = False, ax: Axes | None = None) -> Figure | Axes:
    """Draw training and validation loss against the epoch, with the best epoch marked.

    The training loss is that of each batch before its update, without the penalty, averaged over the epoch; the
    validation loss is measured after it. Marked is the epoch whose parameters were restored, otherwise the one with the
    smallest validation loss.

    Parameters
    ----------
    run : Run or mapping
        What `train` returned, or a history: columns epoch, loss, and validation_loss if there is one.
    log : bool
        A logarithmic loss axis; needs losses above 0.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Figure or Axes
        The new figure, or `ax`.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    ValueError, TypeError
        If `run` is no run and no history, holds no epoch, or has losses that a logarithm does not take.
    """
    columns = _columns(run, log)
    axes, result = axes_for(ax, 7.2, 4.0)
    from matplotlib.ticker import MaxNLocator

    epochs = columns["epoch"]
    for i, (name, label) in enumerate(CURVES.items()):
        if name in columns:
            shape = "o" if len(epochs) == 1 else None
            axes.plot(epochs, columns[name], color=colour(i), linewidth=2.0, marker=shape, label=label)
    best = _best_epoch(run, columns)
    if best is not None:
        axes.axvline(best, color=GREY, linestyle=":", linewidth=1.5, label=f"best epoch: {best}")
        at_best = columns["validation_loss"][epochs == best]
        axes.plot([best] * len(at_best), at_best, "o", color=colour(1), markersize=7)
    tidy(axes)
    if log:
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend(**OUTSIDE)
    return result


def _columns(run: Run | Mapping[str, Any], log: bool) -> dict[str, NDArray[np.float64]]:
    """Epochs and losses as arrays of the same length."""
    history = run.history if isinstance(run, Run) else run
    if not isinstance(history, Mapping):
        raise TypeError(f"run: must be a Run or its history, came {type(run).__name__}")
    missing = {"epoch", "loss"} - set(history)
    if missing:
        raise ValueError(f"run: has no column {sorted(missing)[0]!r}; came {', '.join(history) or 'none'}")
    columns = {name: np.asarray(history[name], dtype=np.float64) for name in ("epoch", *CURVES) if name in history}
    if not len(columns["epoch"]):
        raise ValueError("run: has no finished epoch to draw")
    if log and any((columns[name] <= 0).any() for name in CURVES if name in columns):
        raise ValueError("log: some loss is 0 or less, which has no logarithm; use log=False")
    return columns


def _best_epoch(run: Run | Mapping[str, Any], columns: dict[str, NDArray[np.float64]]) -> int | None:
    """The epoch that was restored, or the one with the smallest validation loss."""
    if "validation_loss" not in columns:
        return None
    if isinstance(run, Run) and run.best_epoch is not None:
        return run.best_epoch
    loss = columns["validation_loss"]
    return None if np.isnan(loss).all() else int(columns["epoch"][np.nanargmin(loss)])
