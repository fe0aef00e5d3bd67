"""Outputs of the same network from several libraries."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import multilayer as ml
from benchmarks.lines.onnx_network import session
from benchmarks.timing import enough, seconds_of
from benchmarks.workloads import Workload
from multilayer.engines import engine
from multilayer.engines.protocol import Program, State

Predict = Callable[[Any], Any]


def program(workload: Workload, dtype: str, options: Mapping[str, Any]) -> Program:
    """Our engine's program with the workload's initial weights."""
    network = ml.Network(list(workload.layers), "relu", "softmax")
    rule = ml.Adam().formula
    made = engine(options.get("engine")).program(ml.Objective(network).plan, rule, dtype=np.dtype(dtype))
    theta = network.pack([ml.Layer(W, b) for W, b in workload.initial_weights(dtype)], np.dtype(dtype))
    made.write(State(theta, (np.zeros_like(theta),) * len(rule.slots), 0, 0))
    return made


def prepared(workload: Workload, dtype: str, options: Mapping[str, Any]) -> Predict:
    """Our prepared predictor: one row (D,) into fixed buffers."""
    made = program(workload, dtype, options)
    if not hasattr(made, "predictor"):
        raise NotImplementedError(f"engine {engine(options.get('engine')).name!r} has no prepared predictor")
    return made.predictor()


def ours(workload: Workload, dtype: str, options: Mapping[str, Any]) -> Predict:
    """Our engine on rows."""
    return program(workload, dtype, options).predict


def our_classifier(workload: Workload, dtype: str) -> Predict:
    """`predict` of our estimator: class labels."""
    return _fitted(ml.MLPClassifier, workload, dtype).predict


def scikit_learns(workload: Workload, dtype: str) -> Predict:
    """`predict` of scikit-learn's estimator."""
    from sklearn.neural_network import MLPClassifier

    return _fitted(MLPClassifier, workload, dtype).predict


def onnx(workload: Workload, dtype: str) -> Predict:
    """onnxruntime with its own number of threads."""
    return session(workload, dtype)


def _fitted(estimator: Any, workload: Workload, dtype: str) -> Any:
    """An estimator after one epoch."""
    X, labels = workload.data(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one epoch does not converge
        return estimator(workload.layers[1:-1], max_iter=1, random_state=0).fit(X, labels)


class Timed:
    """One way to predict, made by ``make(workload, dtype, *args)``: what it gives, and how fast."""

    def __init__(self, make: Callable[..., Predict], workload: Workload, dtype: str, *args: Any) -> None:
        self._predict = make(workload, dtype, *args)
        self._X, _ = workload.data(dtype)
        self._count = 1

    def outputs(self) -> NDArray[Any]:
        """Of all rows."""
        return np.array(self._predict(self._X))

    def prepare(self, given: Literal["all rows", "one of them", "a row"], seconds: float) -> None:
        """What is passed, (n, D), (1, D) or (D,), and how many calls last so long."""
        self._given = {"all rows": self._X, "one of them": self._X[:1], "a row": self._X[0]}[given]
        self._count = enough(self._call, seconds)

    def seconds(self) -> float:
        """Seconds a call."""
        return seconds_of(self._call, self._count) / self._count

    def _call(self, count: int) -> None:
        predict, given = self._predict, self._given
        for _ in range(count):
            predict(given)
