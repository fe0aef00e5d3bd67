"""scikit-learn's classes: as they are, from first weights moved a little, with sums taken the other way round."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import numpy as np
from differential.runs import Subject
from sklearn.neural_network import MLPClassifier, MLPRegressor

MODULE = "sklearn.neural_network._multilayer_perceptron"

THEIRS = Subject(MLPClassifier, MLPRegressor)


def moved(ulps: int, seed: int) -> Subject:
    """scikit-learn's classes whose first weights are each moved up or down, by as many units in the last place."""
    rng = np.random.default_rng(seed)

    def move(W: np.ndarray) -> np.ndarray:
        towards = rng.choice([-np.inf, np.inf], size=W.shape).astype(W.dtype)
        for _ in range(ulps):
            W = np.nextafter(W, towards)
        return W

    class Classifier(MLPClassifier):
        def _init_coef(self, *sizes: Any) -> tuple[np.ndarray, ...]:
            return tuple(move(W) for W in super()._init_coef(*sizes))

    class Regressor(MLPRegressor):
        def _init_coef(self, *sizes: Any) -> tuple[np.ndarray, ...]:
            return tuple(move(W) for W in super()._init_coef(*sizes))

    Classifier.__name__, Regressor.__name__ = MLPClassifier.__name__, MLPRegressor.__name__
    return Subject(Classifier, Regressor)


def copied_module() -> ModuleType:
    """A second copy of scikit-learn's module, whose names can be replaced without harm to the first."""
    spec = importlib.util.find_spec(MODULE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def subject(module: ModuleType) -> Subject:
    return Subject(module.MLPClassifier, module.MLPRegressor)


def summed_backwards() -> Subject:
    """As right as scikit-learn's own, rounded otherwise: every matrix product is summed from the end."""
    module = copied_module()
    product = module.safe_sparse_dot
    module.safe_sparse_dot = lambda A, B: product(A[:, ::-1], B[::-1])
    return subject(module)
