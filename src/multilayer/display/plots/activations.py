"""`plot_activations`: activations with their derivatives, and the family of slopes of one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from multilayer.display.plots.canvas import GREY, OUTSIDE, axes_for, colour, new_figure, tidy
from multilayer.formulas.activations import ACTIVATIONS, Activation, activation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COMMON_RANGE = (-1.5, 2.5)  # of values, where several activations stand side by side


def plot_activations(
    names: str | Activation | Sequence[str | Activation] | None = None,
    *,
    slopes: Sequence[float] = (),
    span: tuple[float, float] = (-4.0, 4.0),
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw activations g(z) with their derivatives g′(z) (001: "Activation Function" to "Rectified Linear Unit").

    A derivative is broken where it jumps; heaviside and sign are broken themselves, and have none.

    Parameters
    ----------
    names : str, Activation or sequence of them, optional
        One activation on its own axes, several side by side; all of the library's by default.
    slopes : sequence of float
        If given, draw the family g(a z) for these a in place of g and g′; 1 to 10 on a span of −1 to 1 with the sigmoid
        is 000's figure "Sigmoid function".
    span : tuple of float
        Smallest and largest z.
    ax : matplotlib Axes, optional
        Where to draw one activation; a new figure otherwise.

    Returns
    -------
    Figure or Axes
        The new figure, or `ax`.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    ValueError, TypeError
        For an unknown activation, a span that is empty, or several activations on one `ax`.
    """
    if names is None:
        names = tuple(ACTIVATIONS)
    drawn = [activation(n) for n in ([names] if isinstance(names, (str, Activation)) else names)]
    if not drawn:
        raise ValueError(f"names: is empty; allowed: {', '.join(ACTIVATIONS)}")
    if not (len(span) == 2 and all(map(math.isfinite, span)) and span[0] < span[1]):
        raise ValueError(f"span: must be two finite numbers, the smaller first, came {span!r}")
    if not all(map(math.isfinite, slopes)):
        raise ValueError(f"slopes: must be finite, came {slopes!r}")
    if ax is not None and len(drawn) > 1:
        raise ValueError(f"ax: takes one activation, came {len(drawn)}; leave ax out for a figure with axes for each")
    if len(drawn) > 1:
        return _side_by_side(drawn, slopes, span)
    axes, result = axes_for(ax, 6.4, 3.6)
    _draw(axes, drawn[0], slopes, span)
    axes.legend(**OUTSIDE)
    axes.set(xlabel="z", xlim=span)
    return result


def _side_by_side(drawn: Sequence[Activation], slopes: Sequence[float], span: tuple[float, float]) -> Figure:
    """A grid of axes of the same ranges, with one legend."""
    columns = min(6 if len(drawn) > 9 else 3, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    figure = new_figure(2.3 * columns, 1.9 * rows + 0.4)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, g in zip(grid.flat, drawn, strict=False):
        _draw(axes, g, slopes, span)
    for i in range(len(drawn), grid.size):
        grid.flat[i].remove()
        grid.flat[i - columns].tick_params(labelbottom=True)
    grid[0, 0].set(xlim=span, ylim=COMMON_RANGE)
    lines = max((axes.lines for axes in grid.flat[: len(drawn)]), key=len)
    figure.legend(handles=list(lines), loc="outside lower center", ncols=len(lines), frameon=False)
    return figure


def _draw(axes: Axes, g: Activation, slopes: Sequence[float], span: tuple[float, float]) -> None:
    """One activation: g and g′, or the family g(a z)."""
    z = np.union1d(np.linspace(*span, 801), [kink for kink in g.kinks if span[0] < kink < span[1]])
    for i, slope in enumerate(slopes):
        shade = 0.25 + 0.75 * i / max(len(slopes) - 1, 1)
        axes.plot(z, _broken(g, z, g(slope * z)), color=colour(0), alpha=shade, linewidth=1.8, label=f"g({slope:g} z)")
    if not len(slopes):
        h = g(z)
        axes.plot(z, _broken(g, z, h), color=colour(0), linewidth=2.2, label="g(z)")
        if g.derivative is None:
            axes.text(0.97, 0.06, "no derivative", color=GREY, ha="right", transform=axes.transAxes)
        else:
            derivative = np.where(np.isin(z, g.kinks), np.nan, g.slope(z, h))
            axes.plot(z, derivative, color=colour(1), linestyle="--", linewidth=1.8, label="g′(z)")
    tidy(axes)
    axes.set_title(g.name.replace("_", " "), loc="left")


def _broken(g: Activation, z: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve of a threshold with a gap where it jumps; any other as it is."""
    return h if g.derivative is not None else np.where(np.isin(z, g.kinks), np.nan, h)
