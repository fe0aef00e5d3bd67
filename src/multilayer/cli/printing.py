"""Results on standard output: text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer

HEADINGS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "log_loss": "log loss",
    "area_under_roc": "ROC area",
    "r2": "R²",
    "root_mean_squared_error": "RMS error",
    "mean_absolute_error": "mean |error|",
}
WIDEST = 1000

Line = tuple[str, Mapping[str, float], float | None]


def print_json(data: Mapping[str, Any]) -> None:
    """One object, indented."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def print_scores(title: str, rows: Sequence[Line]) -> None:
    """A table of scores, the first row's in bold.

    Parameters
    ----------
    title : str
        Above the names.
    rows : sequence of (str, mapping, float or None)
        What was scored, its scores by name, and seconds of training.
    """
    from rich.console import Console
    from rich.table import Table

    names = [name for name in HEADINGS if any(name in scores for _, scores, _ in rows)]
    timed = any(seconds is not None for _, _, seconds in rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=True)
    for heading in [*(HEADINGS[name] for name in names), *["seconds"] * timed]:
        table.add_column(heading, justify="right")
    for i, (label, scores, seconds) in enumerate(rows):
        cells = [*(_number(scores.get(name)) for name in names), *[f"{seconds or 0.0:.2f}"] * timed]
        table.add_row(label, *cells, style="bold" if i == 0 else None)
    console = Console(highlight=False)
    # A narrow terminal folds whole lines; a cell cut short would lose what it says.
    wanted = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    Console(highlight=False, width=max(console.width, wanted)).print(table)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.1f}"
