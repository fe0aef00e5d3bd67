"""What an estimator is put through: its parameters, its data, and the calls in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

CLASSIFICATION = ("binary", "classes", "labels")
REGRESSION = ("regression", "outputs", "counts", "outputs of counts")
KINDS = CLASSIFICATION + REGRESSION

NAMES = {
    "whole numbers": np.array([3, -1, 7, 12]),
    "words": np.array(["pear", "apple", "plum", "fig"]),
    "objects": np.array(["pear", "apple", "plum", "fig"], dtype=object),
    "truth": np.array([False, True]),
}


@dataclass(frozen=True)
class Step:
    """One call: "fit", "partial_fit", or "copy", which goes on with a deep copy; of all rows, or one of three parts."""

    call: str
    part: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)  # of parameters, before the call


@dataclass(frozen=True)
class Case:
    """Parameters, data and calls; the data follow from `seed`."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = (Step("fit"),)
    n_rows: int = 24
    n_inputs: int = 3
    container: str = "array"
    dtype: str = "float64"
    targets: str = "whole numbers"
    weights: str | None = None
    stream: str = "instance"  # random_state: "seed", "instance", "global"
    seed: int = 0

    @property
    def is_classification(self) -> bool:
        return self.kind in CLASSIFICATION


@dataclass(frozen=True)
class Data:
    X: Any
    y: Any
    weight: Any
    classes: Any

    def part(self, number: int | None) -> Data:
        """All rows, or every third from `number` on."""
        if number is None:
            return self
        X = np.asarray(self.X)[number::3] if isinstance(self.X, list) else self.X[number::3]
        weight = None if self.weight is None else self.weight[number::3]
        return Data(X.tolist() if isinstance(self.X, list) else X, self.y[number::3], weight, self.classes)


def data(case: Case) -> Data:
    """Rows with a little structure, so that training has something to find."""
    rng = np.random.default_rng(case.seed)
    n, d = case.n_rows, case.n_inputs
    X = rng.normal(size=(n, d))
    if case.container.startswith("cs"):
        X[rng.random((n, d)) < 0.6] = 0.0
    hidden_truth = np.tanh(X @ rng.normal(size=(d, 4))) + 0.3 * rng.normal(size=(n, 4))
    y, classes = _targets(case, rng, hidden_truth)
    weight = None
    if case.weights == "positive":
        weight = rng.uniform(0.1, 3.0, size=n)
    elif case.weights == "counts":
        weight = rng.integers(0, 4, size=n)
    elif case.weights == "signed":
        weight = rng.choice([-1.0, 2.0, 3.0, 4.0], size=n)  # whose sums are exact, and none nearly zero
    elif case.weights == "float32":
        weight = rng.uniform(0.1, 3.0, size=n).astype(np.float32)
    return Data(_contained(X.astype(case.dtype), case.container), y, weight, classes)


def _targets(case: Case, rng: np.random.Generator, truth: np.ndarray) -> tuple[Any, Any]:
    match case.kind:
        case "binary" | "classes":
            k = 2 if case.kind == "binary" else 3 + case.seed % 2
            names = NAMES[case.targets][:k]
            codes = np.argmax(truth[:, :k], axis=1)
            codes[: 2 * k] = np.tile(np.arange(k), 2)[: len(codes)]  # each at least twice, where rows suffice
            return names[codes], np.sort(names)
        case "labels":
            return (truth[:, : 2 + case.seed % 3] > 0.1).astype(int), np.arange(2 + case.seed % 3)
        case "regression":
            y = 2.0 * truth[:, 0] + 1.0
        case "outputs":
            y = 2.0 * truth[:, : 2 + case.seed % 2]
        case "counts":
            y = rng.poisson(np.exp(truth[:, 0])).astype(float)
        case _:
            y = rng.poisson(np.exp(truth[:, :2])).astype(float)
    if case.targets == "column" and y.ndim == 1:
        y = y[:, None]
    return y.astype(np.float32 if case.targets == "float32" else float), None


def _contained(X: np.ndarray, container: str) -> Any:
    match container:
        case "array":
            return X
        case "fortran":
            return np.asfortranarray(X)
        case "strided":
            return np.repeat(X, 2, axis=1)[:, ::2]
        case "list":
            return X.tolist()
    return getattr(sparse, container)(X)
