"""`plot_losses`: classification losses of two scores (001: "Classification Losses")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multilayer.display.plots.canvas import OUTSIDE, axes_for, colour, tidy
from multilayer.formulas.outputs import below_maximum
from multilayer.formulas.own_losses import OWN_LOSSES, first_maximum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = {
    "perceptron": ("identity", "perceptron"),
    "hinge": ("identity", "hinge"),
    "cross-entropy (softmax)": ("softmax", "cross_entropy"),
    "sparsemax": ("sparsemax", "sparsemax"),
}
STYLES = ("--", "-.", "-", (0, (5, 1)))


def plot_losses(*, ax: Axes | None = None) -> Figure | Axes:
    """Draw the losses of two classes against s = z₂ − z₁ where class 1 is right (001: "Classification Losses").

    s is minus the margin z₁ − z₂, so that losses grow to the right. Drawn are the 0/1 loss and the library's own
    multi-class perceptron, hinge, softmax cross-entropy (in nats) and sparsemax losses; at s = 0 the first class counts
    as predicted, so that the 0/1 loss is 0 there.

    Parameters
    ----------
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
    """
    axes, result = axes_for(ax, 7.2, 4.0)
    s = np.linspace(-3.0, 3.0, 601).round(2)
    z = np.stack([np.zeros_like(s), s], axis=-1)
    y = np.broadcast_to([1.0, 0.0], z.shape)
    zero_one = 1.0 - np.sum(first_maximum(below_maximum(z)) * y, axis=-1)
    axes.plot(s, zero_one, color="black", linewidth=1.6, label="0/1")
    for i, (label, (output, name)) in enumerate(DRAWN.items()):
        loss = OWN_LOSSES[output, name, True].function(z, y)
        axes.plot(s, loss, color=colour(i), linestyle=STYLES[i], linewidth=2.0, label=label)
    tidy(axes)
    axes.set(
        xlabel="s = z₂ − z₁, minus the margin of the right class 1", ylabel="loss", xlim=(-3, 3), ylim=(-0.1, 4.1)
    )
    axes.set_title("Classification losses", loc="left")
    axes.legend(**OUTSIDE)
    return result
