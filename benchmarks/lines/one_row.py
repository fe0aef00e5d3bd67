"""How long one row takes: through a prepared predictor, and through `predict`, on the network of `digits`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks.lines import predictors
from benchmarks.report import number, table, verdict
from benchmarks.timing import Effort, in_turn, summary
from benchmarks.worker import Failed, Worker
from benchmarks.workloads import WORKLOADS

# Name, how it is made, whether it takes options, what it is given, µs at most.
WAYS = (
    ("prepared predictor", predictors.prepared, True, "a row", 2.0),
    ("program.predict", predictors.ours, True, "one of them", 50.0),
    ("MLPClassifier.predict", predictors.our_classifier, False, "one of them", 50.0),
    ("scikit-learn's", predictors.scikit_learns, False, "one of them", None),
    ("onnxruntime", predictors.onnx, False, "one of them", None),
)


def measure(options: Mapping[str, Any], effort: Effort) -> dict[str, Any]:
    """µs a call, in turn."""
    workload = WORKLOADS["digits"]
    text = []
    with ExitStack() as stack:
        workers = {}
        for name, make, takes_options, given, _ in WAYS:
            if name == "onnxruntime" and not (find_spec("onnx") and find_spec("onnxruntime")):
                text.append("onnxruntime is not installed (pip install '.[bench]')")
                continue
            try:
                arguments = (options,) if takes_options else ()
                worker = stack.enter_context(Worker(predictors.Timed, make, workload, "float32", *arguments))
                worker("prepare", given, min(effort.seconds, 0.5))
                workers[name] = worker
            except Failed as failure:
                text.append(f"{name}: {str(failure).splitlines()[0]}")
        turns = {name: partial(worker, "seconds") for name, worker in workers.items()}
        seconds = in_turn(turns, effort.repeats)
    found = {name: summary([1e6 * s for s in times]) for name, times in seconds.items()}
    limits = {name: limit for name, *_, limit in WAYS}
    rows = [(name, verdict(f["median"], limits[name], at_least=False), number(f["mean"])) for name, f in found.items()]
    return {"us": found, "text": [*table(("one row", "µs", "mean"), rows).splitlines(), *text]}
