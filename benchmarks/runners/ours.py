"""`multilayer.train`: whole fits, with all that a fit does besides."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from threadpoolctl import threadpool_limits

import multilayer as ml
from benchmarks.runners import Adam
from benchmarks.workloads import RATE, Workload
from multilayer.engines import engine


class Ours:
    """Options: "engine", a name or None for the fastest; "n_threads", None for the engine's own choice."""

    adam: Adam = "algorithm_1"
    version = ml.__version__

    def __init__(self, workload: Workload, dtype: str, options: Mapping[str, Any]) -> None:
        self.engine, self.n_threads = engine(options.get("engine")).name, options.get("n_threads")
        threads = "its own choice of threads" if self.n_threads is None else f"{self.n_threads} thread(s)"
        self.settings = (f"engine {self.engine}, {threads}",)
        self._workload, self._dtype = workload, dtype
        self._X, self._labels = workload.data(dtype)
        network = ml.Network(list(workload.layers), "relu", "softmax")
        self._objective = ml.Objective(network)
        self._theta = [ml.Layer(W, b) for W, b in workload.initial_weights(dtype)]

    def choose(self, setting: str) -> None:
        """There is one."""

    def curve(self, epochs: int) -> list[float]:
        """Each epoch's loss in the order of the data."""
        return self.train(epochs, sampling="given").history["loss"].tolist()

    def train(self, epochs: int, **changes: Any) -> ml.Run:
        """Whole epochs; `changes` are further arguments of `multilayer.train`."""
        limited: AbstractContextManager[Any] = nullcontext()
        if self.n_threads is not None:
            if self.engine == "reference":
                limited = threadpool_limits(self.n_threads)
            else:
                changes["n_threads"] = self.n_threads
        with limited:
            return ml.train(
                self._objective,
                self._theta,
                self._X,
                self._labels,
                rule=ml.Adam(RATE, variant=self.adam),
                batch_size=self._workload.batch,
                epochs=epochs,
                engine=self.engine,
                dtype=self._dtype,
                **changes,
            )
