"""`summary`: a network's layers, shapes and numbers of parameters as a table of text."""

from __future__ import annotations

from multilayer.formulas import activations
from multilayer.network.layers import APL, Dense, Dropout, Maxout
from multilayer.network.network import Network

HEADINGS = ("layer", "kind", "shape", "parameters", "count")


def summary(network: Network) -> str:
    """Describe a network layer by layer.

    Parameters
    ----------
    network : Network
        f.

    Returns
    -------
    str
        A table to ``print``: layers with parameters are numbered as in the names of views ("1.W"); shapes are of one
        input; the last line counts all parameters.

    Examples
    --------
    >>> print(summary(Network([2, 4, 1], activation="tanh", output="sigmoid")))
    layer  kind             shape  parameters        count
    ------------------------------------------------------
           input                2                        0
        1  dense, tanh      2 → 4  W (4, 2), b (4,)     12
        2  output, sigmoid  4 → 1  W (1, 4), b (1,)      5
    ------------------------------------------------------
           all parameters                               17
    """
    if not isinstance(network, Network):
        raise TypeError(f"network: must be a Network, came {type(network).__name__}")
    rows = [HEADINGS, *_rows(network)]
    total = ("", "all parameters", "", "", f"{network.n_parameters:,}")
    widths = [max(len(row[i]) for row in (*rows, total)) for i in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in (*rows, total)]
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """Text to the left, numbers and shapes to the right."""
    sides = ("right", "left", "right", "left", "right")
    cells = (f"{cell:{'<' if side == 'left' else '>'}{n}}" for cell, side, n in zip(row, sides, widths, strict=True))
    return "  ".join(cells)


def _rows(network: Network) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", "input", str(network.n_inputs), "", "0")]
    width, number, last = network.n_inputs, 0, len(network.layers) - 1
    for position, item in enumerate(network.layers[1:], start=1):
        layer = Dense(item) if isinstance(item, int) else item
        if isinstance(layer, Dropout):
            rows.append(("", f"dropout, rate {layer.rate:g}", str(width), "", "0"))
            continue
        number += 1
        views = [view for view in network.views if view.name.startswith(f"{number}.")]
        shapes = ", ".join(f"{view.name.partition('.')[2]} {view.shape}" for view in views)
        count = f"{sum(view.size for view in views):,}"
        rows.append((str(number), _kind(network, layer, position == last), f"{width} → {layer.units}", shapes, count))
        width = layer.units
    return rows


def _kind(network: Network, layer: Dense | Maxout | APL, is_last: bool) -> str:
    match layer:
        case Maxout():
            return f"maxout, {layer.pieces} pieces"
        case APL():
            return f"apl, {layer.hinges} hinges"
        case Dense() if is_last:
            groups = network.output.groups
            return f"output, {network.output.name}{f' by groups {groups}' if groups else ''}"
        case Dense():
            g = network.activation if layer.activation is None else activations.activation(layer.activation)
            options = "".join(f", {name} {value:g}" for name, value in g.options)
            return f"dense, {g.name}{options}"
