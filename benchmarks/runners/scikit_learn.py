"""scikit-learn's `MLPClassifier`: whole fits, with NumPy's own number of threads or with one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.runners import Adam
from benchmarks.workloads import RATE, SEED, Workload


class _SoftmaxClassifier(MLPClassifier):
    """Two classes as two softmax units, as the other engines have them, where scikit-learn has one logistic unit."""

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Any]:
        X, indicators = super()._validate_input(X, y, incremental, reset)
        if indicators.shape[1] == 1:
            indicators = np.hstack([~indicators, indicators])
            self._label_binarizer.y_type_ = "multiclass"
        return X, indicators


class ScikitLearn:
    """No penalty, no early end."""

    adam: Adam = "section_2"
    version = sklearn.__version__
    settings = ("NumPy's own threads", "1 thread")

    def __init__(self, workload: Workload, dtype: str, options: Mapping[str, Any]) -> None:
        self._workload = workload
        self._X, self._labels = workload.data(dtype)
        self._n_threads: int | None = None

    def choose(self, setting: str) -> None:
        """Limit NumPy's threads or not."""
        self._n_threads = 1 if setting == "1 thread" else None

    def curve(self, epochs: int) -> list[float]:
        """Each epoch's loss in the order of the data."""
        return [float(loss) for loss in self._fit(epochs, shuffle=False)]

    def train(self, epochs: int) -> list[float]:
        """Whole epochs."""
        return self._fit(epochs, shuffle=True)

    def _fit(self, epochs: int, *, shuffle: bool) -> list[float]:
        model = _SoftmaxClassifier(
            self._workload.layers[1:-1],
            alpha=0.0,
            batch_size=self._workload.batch,
            learning_rate_init=RATE,
            max_iter=epochs,
            shuffle=shuffle,
            random_state=SEED,
            tol=0.0,
            n_iter_no_change=2**31,
        )
        with warnings.catch_warnings(), threadpool_limits(self._n_threads):
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(self._X, self._labels).loss_curve_
