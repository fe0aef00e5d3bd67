"""How many rows a second are predicted, beside onnxruntime: the same network, exported, on all rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from benchmarks.lines import predictors
from benchmarks.report import number, table, verdict
from benchmarks.timing import Effort, in_turn
from benchmarks.worker import Worker
from benchmarks.workloads import WORKLOADS

NAMES = ("digits", "table", "images")
CLOSE = 1e-4  # of probabilities in float32


def measure(options: Mapping[str, Any], effort: Effort) -> dict[str, Any]:
    """Rows a second of both, in turn, after their outputs were compared."""
    if not (find_spec("onnx") and find_spec("onnxruntime")):
        return {"text": ["prediction: onnx and onnxruntime are not installed (pip install '.[bench]')"]}
    found, rows = {}, []
    for name in NAMES:
        workload = WORKLOADS[name] if effort.seconds >= 1 else replace(WORKLOADS[name], rows=1024)
        with (
            Worker(predictors.Timed, predictors.ours, workload, "float32", options) as ours,
            Worker(predictors.Timed, predictors.onnx, workload, "float32") as peer,
        ):
            apart = float(np.max(np.abs(ours("outputs") - peer("outputs"))))
            if not apart <= CLOSE:
                raise SystemExit(f"prediction of {name}: outputs differ by {apart:.1e}, so there is nothing to compare")
            for worker in (ours, peer):
                worker("prepare", "all rows", effort.seconds)
            turns = {
                "ours": partial(ours, "seconds"),
                "onnxruntime": partial(peer, "seconds"),
            }
            seconds = in_turn(turns, effort.repeats)
        speed = {engine: workload.rows / median(times) for engine, times in seconds.items()}
        found[name] = {"seconds": seconds, "rows_a_second": speed, "outputs_differ": apart}
        ratio = verdict(speed["ours"] / speed["onnxruntime"], 1.0)
        rows.append((name, workload.rows, *(number(v / 1e3) for v in speed.values()), ratio))
    header = ("prediction", "rows", "ours, 1000 rows/s", "onnxruntime, 1000 rows/s", "ours / onnxruntime")
    return {"networks": found, "text": table(header, rows).splitlines()}
