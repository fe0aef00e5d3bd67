"""Timing in turn: how many repetitions last long enough, and rounds in which every engine has its turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

Run = Callable[[int], object]

# Seconds between turns: for a tenth of one OpenBLAS's threads go on spinning, on a core of the next one's.
REST = 0.2


@dataclass(frozen=True)
class Effort:
    """How long is measured: `repeats` turns of at least `seconds` each."""

    repeats: int = 5
    seconds: float = 1.0


def seconds_of(run: Run, count: int) -> float:
    """Wall time of ``run(count)``."""
    began = time.perf_counter()
    run(count)
    return time.perf_counter() - began


def enough(run: Run, seconds: float) -> int:
    """A count with which ``run(count)`` lasts a little longer than `seconds`."""
    run(1)  # compiles, fills caches, starts threads
    count, needed = 1, min(0.2, seconds)
    while (lasted := seconds_of(run, count)) < needed:
        count = math.ceil(count * min(10.0, max(1.5, 1.2 * needed / max(lasted, 1e-9))))
    return max(1, math.ceil(1.15 * count * seconds / lasted))


def in_turn(runs: Mapping[str, Callable[[], Any]], rounds: int, rest: float = REST) -> dict[str, list[Any]]:
    """What each gives in each round; a round goes once through all of them, with a rest before each."""
    results: dict[str, list[Any]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            time.sleep(rest)
            results[name].append(run())
    return results


def summary(values: list[float]) -> dict[str, Any]:
    """Median and mean beside the values."""
    return {"median": median(values), "mean": mean(values), "values": values}
