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
        self._theta = [ml.Layer(W, b) for W, b in workload.initial_weights()]

    def choose(self, setting: str) -> None:
        """There is one."""

    def curve(self, epochs: int) -> list[float]:
        """Each epoch's loss in the order of the data."""
        return self.train(epochs, sampling="given").history["loss"].tolist()

    def train(self, epochs: int, **changes: Any) -> ml.Run:
        """Whole epochs."""
        with self._threads() as limit:
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
                **limit,
                **changes,
            )

    def _threads(self) -> AbstractContextManager[dict[str, Any]]:
        """Arguments that limit the threads; NumPy's are limited from outside."""
        if self.engine != "reference":
            return nullcontext({} if self.n_threads is None else {"n_threads": self.n_threads})
        return _NumpyThreads(self.n_threads)


class _NumpyThreads(AbstractContextManager[dict[str, Any]]):
    """Limits NumPy's threads; None leaves them."""

    def __init__(self, n_threads: int | None) -> None:
        self._n_threads = n_threads

    def __enter__(self) -> dict[str, Any]:
        self._limits = threadpool_limits(self._n_threads)
        return {}

    def __exit__(self, *_: object) -> None:
        self._limits.restore_original_limits()
