"""What is trained: layers, batch and rows, the data, the initial weights, and the arithmetic of a step.

Hidden layers are relu units, the output is softmax with cross-entropy, the rule is Adam with rate 10⁻³. All engines
begin from the same weights: those that scikit-learn draws with ``random_state=0``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.network.initial_weights import draw_layer

RATE, SEED = 1e-3, 0
Weights = list[tuple[NDArray[Any], NDArray[Any]]]


@dataclass(frozen=True)
class Workload:
    """A network, its batches and its data.

    Parameters
    ----------
    name : str
        What it is called.
    layers : tuple of int
        Inputs, hidden units, classes.
    batch, rows : int
        Rows a step, and altogether; an epoch's last batch may be shorter.
    source : {"normal", "unit", "digits"}
        Standardised numbers or numbers in [0, 1] with the classes of a random linear rule, or scikit-learn's digits.
    targets : mapping
        Ratios peer / ours to be reached in float32; "float64" is scikit-learn's there, "floor" bounds ours / floor.
    """

    name: str
    layers: tuple[int, ...]
    batch: int
    rows: int
    source: Literal["normal", "unit", "digits"] = "normal"
    targets: Mapping[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return -(-self.rows // self.batch)

    @property
    def parameters(self) -> int:
        """Length of θ."""
        return sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.layers))

    @property
    def operations(self) -> float:
        """Additions and multiplications a step, on average over an epoch: Z = HWᵀ, ∇W = ΔᵀH, and ΔW but in layer 1."""
        products = [n_in * n_out for n_in, n_out in pairwise(self.layers)]
        return 2.0 * (3 * sum(products) - products[0]) * self.rows / self.steps

    def data(self, dtype: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Inputs (n, D) and labels (n,)."""
        if self.source == "digits":
            from sklearn.datasets import load_digits

            X, labels = load_digits(return_X_y=True)
            return (X[: self.rows] / 16.0).astype(dtype), labels[: self.rows].astype(np.int64)
        generator = np.random.default_rng(SEED)
        shape = (self.rows, self.layers[0])
        draw = generator.standard_normal if self.source == "normal" else generator.random
        X = draw(shape, dtype=np.dtype(dtype))
        rule = generator.standard_normal((self.layers[0], self.layers[-1])).astype(dtype)
        centre = rule.sum(axis=0) * (0.5 if self.source == "unit" else 0.0)
        blocks = np.array_split(X, -(-self.rows // 4096))  # so that no array as long as X is made in passing
        labels = np.concatenate([np.argmax(block @ rule - centre, axis=1) for block in blocks])
        labels[: self.layers[-1]] = np.arange(min(self.layers[-1], self.rows))  # every class occurs
        return X, labels

    def initial_weights(self, dtype: str) -> Weights:
        """W (n_out, n_in) and b (n_out,) of each layer, as scikit-learn draws them."""
        generator = np.random.RandomState(SEED)
        weights = []
        for n_in, n_out in pairwise(self.layers):
            W, b = draw_layer("scikit_learn", generator, n_out, n_in, activation="relu")
            weights.append((W.astype(dtype), b.astype(dtype)))
        return weights


def _reached(
    scikit_learn: float, torch: float, jax: float, float64: float, floor: float | None = None
) -> dict[str, float]:
    """Targets by name."""
    bounds = {} if floor is None else {"floor": floor}
    return {"scikit_learn": scikit_learn, "torch": torch, "jax": jax, "float64": float64, **bounds}


WORKLOADS = {
    w.name: w
    for w in (
        Workload("play", (2, 4, 2, 2), 10, 500, "normal", _reached(330, 550, 16, 290)),
        Workload("incremental", (64, 32, 10), 1, 1797, "digits", _reached(165, 290, 4.4, 55)),
        Workload("digits", (64, 32, 10), 32, 1797, "digits", _reached(36, 58, 5.8, 15)),
        Workload("table", (54, 128, 128, 7), 256, 50_000, "normal", _reached(6.6, 5, 2.65, 3.3, 1.35)),
        Workload("images", (784, 512, 512, 10), 128, 20_000, "unit", _reached(3, 2.5, 1.25, 2, 1.2)),
    )
}
