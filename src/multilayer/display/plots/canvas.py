"""Figures without global state: made here, shown by a notebook, never registered with pyplot."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's colours, told apart with every kind of colour vision; black is left for boundaries.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#666666"
OUTSIDE = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0, "frameon": False}
"""A legend beside the axes, where it covers no curve."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches that a notebook shows as the last value of a cell.

    Raises
    ------
    ImportError
        If matplotlib is missing, with the command that installs it.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib, which is missing: pip install "multilayer[plot]"') from error
    figure = Figure(figsize=(width, height), layout="constrained")
    # A notebook knows figures of pyplot only, until pyplot is imported; this method it asks every object for.
    shown: Any = figure
    shown._repr_png_ = partial(_png, figure)
    return figure


def axes_for(ax: Axes | None, width: float, height: float) -> tuple[Axes, Figure | Axes]:
    """Axes to draw on, and what the plot returns: its new figure, or the axes that were given."""
    if ax is None:
        figure = new_figure(width, height)
        return figure.add_subplot(), figure
    if not hasattr(ax, "plot"):
        raise TypeError(f"ax: must be matplotlib Axes, came {type(ax).__name__}")
    return ax, ax


def tidy(ax: Axes) -> None:
    """A light grid behind the curves, no frame above and to the right."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#E6E6E6", linewidth=0.8)
    ax.set_axisbelow(True)


def _png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def colour(i: int) -> str:
    """The i-th colour, from 0, beginning again after the last."""
    return COLOURS[i % len(COLOURS)]


def marker(i: int) -> Any:
    """The i-th marker, from 0, beginning again after the last."""
    return MARKERS[i % len(MARKERS)]
