"""`plot_decision_boundary`: which class a network or a classifier gives to each point of a plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.display.plots.canvas import OUTSIDE, axes_for, colour, marker
from multilayer.network.arrays import check_inputs
from multilayer.network.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRID = 301
MARGIN = 0.08
PALE = ("#8CC3E3", "#F0B285")  # of the first two classes' colours, so that their rows stand out
HALVED = ("sigmoid", "hard_sigmoid", "heaviside")
"""Outputs between 0 and 1, whose boundary is at ½; at 0 for the others."""


def plot_decision_boundary(
    network: Network | Callable[[NDArray[Any]], ArrayLike],
    theta: Sequence[Any] | NDArray[Any] | None,
    X: ArrayLike,
    labels: ArrayLike,
    *,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the regions of the classes in the plane of two inputs, with the rows on top.

    With one output unit the shade is the output, and the line is where it crosses ½ (sigmoid, heaviside) or 0; with
    several a point belongs to the largest output.

    Parameters
    ----------
    network : Network or callable
        A network of two inputs; or ``predict(points)`` from (m, 2) to labels (m,), such as a fitted classifier's.
    theta : parameters or None
        The network's; None with a callable.
    X : array_like (n, 2)
        Rows; the picture reaches a little beyond them.
    labels : array_like (n,)
        Their classes. With one output unit: two values, the smaller one below the line. With k units: 0 … k − 1.
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
        For other than two inputs, labels that fit neither rows nor network, or a theta that is missing or too much.
    """
    rows = check_inputs(X, 2)
    if rows.shape[0] == 0:
        raise ValueError("X: has no rows")
    classes_of = np.asarray(labels)
    if classes_of.shape != (rows.shape[0],):
        raise ValueError(f"labels: must have shape ({rows.shape[0]},), one a row, came {classes_of.shape}")
    x1, x2 = (_range(rows[:, i]) for i in range(2))
    points = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    scores, classes, level = _scores(network, theta, points, classes_of)
    axes, result = axes_for(ax, 6.4, 4.6)
    if level is None:
        _regions(axes, x1, x2, scores.reshape(GRID, GRID, -1))
    else:
        _shades(axes, x1, x2, scores.reshape(GRID, GRID), level)
    for i, label in enumerate(classes):
        chosen = rows[classes_of == label]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=34, c=colour(i), marker=marker(i), edgecolors="white", linewidths=0.8,
            label=f"class {label}", zorder=3,
        )  # fmt: skip
    axes.set(xlabel="$x_1$", ylabel="$x_2$", xlim=x1[[0, -1]], ylim=x2[[0, -1]])
    axes.legend(**OUTSIDE)
    return result


def _range(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grid coordinates from a little below the smallest value to a little above the largest."""
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, GRID)


def _scores(
    network: Any, theta: Any, points: NDArray[np.float64], labels: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any], float | None]:
    """Scores of the points, the classes in order, and the level of a single score or None."""
    if not isinstance(network, Network):
        return _predicted(network, theta, points, labels)
    if network.n_inputs != 2:
        raise ValueError(f"network: must have 2 inputs to be drawn in a plane, came {network.n_inputs}")
    if network.output.groups:
        raise ValueError(f"network: by groups of classes, {network.output.groups}, it has no single boundary")
    if theta is None:
        raise TypeError("theta: missing; a network needs its parameters")
    scores = network.forward(theta, points)
    present, k = np.unique(labels), network.n_outputs
    if k == 1:
        if len(present) > 2:
            raise ValueError(f"labels: one output unit parts two classes, came {len(present)}: {present.tolist()[:5]}")
        return scores[:, 0], present, 0.5 if network.output.name in HALVED else 0.0
    if present.dtype.kind not in "iub" or not np.isin(present, np.arange(k)).all():
        raise ValueError(f"labels: must be integers 0 … {k - 1} for {k} output units, came {present.tolist()[:5]}")
    return scores, np.arange(k), None


def _predicted(
    predict: Any, theta: Any, points: NDArray[np.float64], labels: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any], None]:
    """The labels that a callable gives, as rows of 0 and 1."""
    if not callable(predict):
        raise TypeError(f"network: must be a Network or a callable, came {type(predict).__name__}")
    if theta is not None:
        raise TypeError("theta: must be None with a callable, which has its own parameters")
    given = np.asarray(predict(points))
    if given.shape != (len(points),):
        raise ValueError(f"network: predict must give labels of shape ({len(points)},), came {given.shape}")
    classes = np.unique(np.concatenate([labels, given]))
    return (given[:, None] == classes).astype(np.float64), classes, None


def _shades(
    axes: Axes, x1: NDArray[np.float64], x2: NDArray[np.float64], score: NDArray[np.float64], level: float
) -> None:
    """One score as a shade between the colours of the two classes, with its level as a line."""
    from matplotlib.colors import LinearSegmentedColormap

    reach = float(np.abs(score - level).max()) or 1.0
    shades = LinearSegmentedColormap.from_list("classes", [PALE[0], "white", PALE[1]])
    axes.pcolormesh(x1, x2, score, cmap=shades, vmin=level - reach, vmax=level + reach, shading="gouraud", zorder=0)
    if score.min() < level < score.max():
        axes.contour(x1, x2, score, levels=[level], colors="black", linewidths=1.6)


def _regions(axes: Axes, x1: NDArray[np.float64], x2: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
    """Each class's region in its colour, with lines between them."""
    for c in range(scores.shape[-1]):
        lead = scores[..., c] - np.delete(scores, c, axis=-1).max(axis=-1, initial=-np.inf)
        if lead.max() > 0:
            axes.contourf(x1, x2, lead, levels=[0.0, np.inf], colors=[colour(c)], alpha=0.25, zorder=0)
        if lead.min() < 0 < lead.max():
            axes.contour(x1, x2, lead, levels=[0.0], colors="black", linewidths=1.2)
