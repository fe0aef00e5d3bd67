"""What was chosen for a table, in lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from multilayer.engines import ENGINES

Description = Mapping[str, Any]

# Longer lists of columns are shown by kind.
MOST_COLUMNS_SHOWN = 30
_LABEL_WIDTH = 11

# Said where only NumPy is there to train: pip keeps silent about a compiler that it did not find.
FASTER = "many times faster once compiled: install a C++ compiler (g++, clang), then multilayer anew"


def summary_text(model: Description) -> str:
    """What was chosen and how the training went, from `TableModel.to_dict()`."""
    return choices_text(model) + "\n" + training_text(model)


def choices_text(model: Description) -> str:
    """Target, columns, rows, network, training and engine.

    Parameters
    ----------
    model : mapping
        `TableModel.to_dict()`; of its training only what is known before the training.
    """
    training = model["training"]
    lines = [
        *_lines("table", [training["table"], *training["notes"]]),
        *_lines("target", [_target(model["target"])]),
        *_lines("columns", _columns(model["columns"], len(model["inputs"]))),
        *_lines("rows", [_rows(training["rows"])]),
        *_lines("network", [_network(model["network"])]),
        *_lines("training", _training(training)),
        *_lines("engine", [_engine(training)]),
    ]
    return "\n".join(lines)


def training_text(model: Description) -> str:
    """How the training went, and the scores on held-out rows if there are any."""
    training = model["training"]
    seconds = f"{training['seconds']:.1f} s"
    if training["rows"]["folds"]:
        text = [f"{_count(training['best_epoch'], 'epoch')}, as many as did best in cross-validation; {seconds} in all"]
    else:
        ended = "stopped early" if training["ended"] == "stopped" else "all were run"
        text = [
            f"{_count(training['epochs_run'], 'epoch')} in {seconds}, {ended}; "
            f"kept epoch {training['best_epoch']}, the best by validation loss"
        ]
    if training["temperature"] is not None:
        text.append(f"probabilities at temperature {training['temperature']:.2f}, fitted on rows not trained on")
    lines = _lines("trained", text)
    held_out = training.get("held_out")
    if held_out:
        scores = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in held_out["scores"].items())
        lines += _lines("scored", [f"{scores} on {held_out['rows']:,} rows of {held_out['table']} not trained on"])
    return "\n".join(lines)


def _lines(label: str, texts: Sequence[str]) -> list[str]:
    """The label before the first text, the others below it."""
    return [f"{label if i == 0 else '':{_LABEL_WIDTH}}{text}" for i, text in enumerate(texts)]


def _rows(rows: Description) -> str:
    if rows["folds"]:
        return f"{rows['training']:,} to train on; cross-validation in {rows['folds']} folds chooses how many epochs"
    return f"{rows['training']:,} to train on, {rows['validation']:,} to choose the best epoch"


def _target(target: Description) -> str:
    if target["task"] == "regression":
        return f"{target['name']}: regression ({target['reason']}), scaled by mean and standard deviation"
    return f"{target['name']}: classification ({target['reason']})"


def _columns(columns: Sequence[Description], n_inputs: int) -> list[str]:
    kinds = ("numeric", "boolean", "categorical", "ignored")
    counts = {kind: sum(column["kind"] == kind for column in columns) for kind in kinds}
    total = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    first = f"{total}; prepared and scaled: {_count(n_inputs, 'input')}"
    if len(columns) <= MOST_COLUMNS_SHOWN:
        width = max(len(column["name"]) for column in columns)
        return [first, *(f"{c['name']:{width}}  {c['kind']:11}  {c['reason']}" for c in columns)]
    ignored = sorted((c for c in columns if c["kind"] == "ignored"), key=lambda c: str(c["reason"]))
    groups = groupby(ignored, key=lambda c: str(c["reason"]))
    return [first, *(f"ignored: {_some(c['name'] for c in group)} ({reason})" for reason, group in groups)]


def _some(names: Iterable[str], limit: int = 6) -> str:
    """The first names and the number of the others."""
    listed = list(names)
    more = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {more} more" if more > 0 else "")


def _network(network: Description) -> str:
    inputs, *hidden, outputs = network["layers"]
    units = [f"{n} {network['activation']}" for n in hidden]
    chain = " → ".join([str(inputs), *units, f"{outputs} {network['output']}"])
    return f"{chain} · {network['parameters']:,} parameters · {network['initial_weights']} initial weights"


def _training(training: Description) -> list[str]:
    recipe = training["recipe"]
    smoothing = recipe["label_smoothing"]
    stops = f", stops after {recipe['patience']} without a better validation loss" * (not training["rows"]["folds"])
    return [
        f"AdamW, rate {recipe['rate']:g} falling along a cosine, weight decay {recipe['weight_decay']:g}"
        + (f", label smoothing {smoothing:g}" if smoothing else ""),
        f"batch size {recipe['batch_size']}, at most {_count(recipe['epochs'], 'epoch')}{stops}; "
        f"seed {training['seed']}",
    ]


def _engine(training: Description) -> str:
    hint = "" if "native" in ENGINES else f"; {FASTER}"
    return f"{training['engine']}, {training['dtype']}{hint}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")
