"""Curves as text: each character of braille holds two by four dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Unicode 15, section 21.1: U+2800 with one bit for each dot, of the left column and of the right one from the top.
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
BLANK = 0x2800
STYLES = ("bright_blue", "bright_red")


def chart(curves: Mapping[str, Sequence[float]], width: int, height: int) -> Any:
    """Curves over 1, 2, 3 …, as text of rich.

    Parameters
    ----------
    curves : mapping
        One or two, by name, all of the same length; what is not finite is left out.
    width, height : int
        Characters of the whole chart, at least 24 and 4.

    Returns
    -------
    rich.text.Text
        The largest and the smallest value on the left, the last of each curve below.
    """
    from rich.text import Text

    values = np.array([list(curve) for curve in curves.values()], dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    labels = [f"{high:.4g}", *[""] * (height - 3), f"{low:.4g}"]
    margin = max(map(len, labels))
    dots = [_dots(curve, low, high, width - margin - 1, height - 1) for curve in values]
    text = Text(no_wrap=True)
    for row, label in enumerate(labels):
        text.append(f"{label:>{margin}} ", "dim")
        for cells in zip(*(layer[row] for layer in dots), strict=True):
            # Where curves share a cell it takes the colour of the last one there.
            last = max((i for i, cell in enumerate(cells) if cell), default=0)
            text.append(chr(BLANK + int(np.bitwise_or.reduce(cells))), STYLES[last])
        text.append("\n")
    text.append(f"{'':>{margin}} epoch {values.shape[1]}", "dim")
    for style, (name, curve) in zip(STYLES, curves.items(), strict=False):
        text.append(f"  {name} {curve[-1]:.4g}", style)
    return text


def _dots(curve: NDArray[np.float64], low: float, high: float, width: int, height: int) -> NDArray[np.int64]:
    """Bits of the characters (height, width) that a curve passes through."""
    columns, rows = 2 * width, 4 * height
    if len(curve) > columns:
        curve = curve[np.linspace(0, len(curve) - 1, columns).round().astype(np.int64)]
    known = np.isfinite(curve)
    x = np.linspace(0, columns - 1, len(curve)).round().astype(np.int64)[known]
    share = (curve[known] - low) / (high - low) if high > low else np.full(known.sum(), 0.5)
    y = ((1.0 - share) * (rows - 1)).round().astype(np.int64)
    lit = np.zeros((rows, columns), dtype=bool)
    for (x0, x1), (y0, y1) in zip(_steps(x), _steps(y), strict=True):
        n = max(abs(x1 - x0), abs(y1 - y0)) + 1
        lit[np.linspace(y0, y1, n).round().astype(np.int64), np.linspace(x0, x1, n).round().astype(np.int64)] = True
    return np.einsum("hrwc,rc->hw", lit.reshape(height, 4, width, 2), DOTS)


def _steps(along: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Each coordinate with the next; a single one with itself."""
    points = along.tolist()
    return list(zip(points, points[1:] or points, strict=False))
