"""The small network of SimpleChains.jl's manual: 4-32-16-4, tanh, 200 samples, 10,000 steps of Adam on all of them.

The target of a 2×2 matrix is its exponential; the loss is squared. Published for SimpleChains.jl: 0.41 s on an 18-core
i9, 0.72 s on a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean, median
from typing import Any

import numpy as np
from scipy.linalg import expm

import multilayer as ml
from benchmarks.report import verdict
from benchmarks.timing import Effort, seconds_of
from benchmarks.worker import Worker

STEPS, SAMPLES, TARGET = 10_000, 200, 0.20


class SimpleChains:
    """Trains it with one call."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._engine = options.get("engine")
        self._X = np.random.default_rng(0).standard_normal((SAMPLES, 4), dtype=np.float32)
        self._Y = expm(self._X.reshape(-1, 2, 2)).reshape(-1, 4).astype(np.float32)
        network = ml.Network([4, 32, 16, 4], "tanh", "identity")
        self._objective, self._theta = ml.Objective(network), network.initialize(0)

    def seconds(self, steps: int) -> float:
        """Seconds of a whole fit."""
        return seconds_of(self.train, steps)

    def train(self, steps: int) -> ml.Run:
        """So many steps."""
        return ml.train(
            self._objective,
            self._theta,
            self._X,
            self._Y,
            rule=ml.Adam(1e-3),
            batch_size=None,
            epochs=steps,
            engine=self._engine,
            dtype="float32",
        )


def measure(options: Mapping[str, Any], effort: Effort) -> dict[str, Any]:
    """Seconds of whole fits."""
    steps = STEPS if effort.seconds >= 1 else STEPS // 20
    with Worker(SimpleChains, options) as worker:
        worker("seconds", 100)
        seconds = [worker("seconds", steps) for _ in range(effort.repeats)]
    found = median(seconds)
    in_words = verdict(found, TARGET if steps == STEPS else None, at_least=False)
    text = f"SimpleChains.jl's network, {steps:,} steps, float32: {in_words} s, mean {mean(seconds):.2f} s"
    return {"seconds": seconds, "steps": steps, "text": [text]}
