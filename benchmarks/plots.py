"""Pictures of what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.cell import Cell
from benchmarks.runners import RUNNERS

NAMES = {name: name.replace("_", " ") for name in RUNNERS} | {"scikit_learn": "scikit-learn"}
COLOURS = {name: f"C{i}" for i, name in enumerate(RUNNERS)}


def plot_peers(cells: Sequence[Cell], path: Path) -> Path:
    """Bars of peers' time over ours, a panel a floating type."""
    dtypes = sorted({cell.dtype for cell in cells})
    figure, axes = plt.subplots(1, len(dtypes), figsize=(5.5 * len(dtypes), 3.6), squeeze=False, sharey=True)
    for panel, dtype in zip(axes[0], dtypes, strict=True):
        shown = [cell for cell in cells if cell.dtype == dtype]
        peers = [name for name in RUNNERS if name != "ours" and any(name in cell.seconds for cell in shown)]
        for i, name in enumerate(peers):
            places = [j + 0.8 * (i + 0.5) / len(peers) - 0.4 for j, cell in enumerate(shown) if name in cell.seconds]
            ratios = [cell.ratio(name) for cell in shown if name in cell.seconds]
            bars = panel.bar(places, ratios, 0.8 / len(peers), label=NAMES[name], color=COLOURS[name])
            panel.bar_label(bars, [f"{r:.0f}" if r >= 10 else f"{r:.1f}" for r in ratios], fontsize=6)
        panel.axhline(1.0, color="black", linewidth=0.8)
        panel.set_yscale("log")
        panel.set_xticks(range(len(shown)), [cell.workload.name for cell in shown])
        panel.set_title(f"{dtype}: time of a step / ours")
        panel.legend(fontsize=7)
    return _save(figure, path)


def plot_scaling(series: Mapping[str, Sequence[tuple[float, Cell]]], path: Path) -> Path:
    """µs a step (above) and MB at the peak (below) against each dimension."""
    figure, axes = plt.subplots(2, len(series), figsize=(3.2 * len(series), 6.0), squeeze=False)
    for column, (dimension, cells) in enumerate(series.items()):
        for name in RUNNERS:
            points = [(x, cell) for x, cell in cells if name in cell.seconds]
            if not points:
                continue
            x = [point for point, _ in points]
            style: dict[str, Any] = dict(marker="o", markersize=3, label=NAMES[name], color=COLOURS[name])
            axes[0][column].plot(x, [1e6 * cell.median(name) for _, cell in points], **style)
            axes[1][column].plot(x, [cell.memory[name] / 1e6 for _, cell in points], **style)
        for row, label in enumerate(("µs a step", "MB at the peak")):
            axes[row][column].set(
                xscale="symlog" if dimension == "depth" else "log",
                yscale="log",
                xlabel=dimension,
                ylabel=label if column == 0 else "",
            )
            axes[row][column].set_xticks([x for x, _ in cells], labels=[f"{x:g}" for x, _ in cells])
            axes[row][column].set_xticks([], minor=True)
    axes[0][0].legend(fontsize=7)
    return _save(figure, path)


def _save(figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
