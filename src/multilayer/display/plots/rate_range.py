"""`plot_rate_range`: the losses of a learning-rate range test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multilayer.display.plots.canvas import GREY, OUTSIDE, axes_for, colour, tidy
from multilayer.training.rate_range import RateRange

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOVE = 1.15  # times the largest smoothed loss, where the axis ends: what diverged goes on for many powers of ten


def plot_rate_range(found: RateRange, *, ax: Axes | None = None) -> Figure | Axes:
    """Draw the loss of a learning-rate range test against the rate, with the rate it suggests.

    Dots are single batches, the curve their smoothed losses. Losses far above the others are cut off.

    Parameters
    ----------
    found : RateRange
        What `rate_range` returned.
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
        If `found` is no range test, or one in which no update was made.
    """
    if not isinstance(found, RateRange):
        raise TypeError(f"found: must be a RateRange, came {type(found).__name__}")
    if not len(found.rates):
        raise ValueError("found: has no loss to draw, the first update diverged; test lower rates")
    axes, result = axes_for(ax, 7.2, 4.0)
    axes.set_xscale("log")
    axes.plot(found.rates, found.losses, ".", color=GREY, alpha=0.5, markersize=4, label="batch")
    axes.plot(found.rates, found.smoothed, color=colour(0), linewidth=2.0, label="smoothed")
    if found.suggestion is not None:
        best = np.nanargmin(found.smoothed)
        lowest = f"lowest: {found.rates[best]:.2g}"
        axes.plot(found.rates[best], found.smoothed[best], "o", color=colour(0), markersize=7, label=lowest)
        label = f"suggested: {found.suggestion:.2g}"
        axes.axvline(found.suggestion, color=colour(1), linestyle=":", linewidth=1.8, label=label)
    tidy(axes)
    low, high = np.nanmin(found.losses), np.nanmax(found.smoothed)
    margin = (ABOVE - 1.0) * (high - min(low, high)) or 1.0
    axes.set_ylim(low - margin / 2, high + margin)
    axes.set(xlabel="rate", ylabel="loss")
    axes.legend(**OUTSIDE)
    return result
