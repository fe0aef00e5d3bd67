"""Rosenblatt's perceptron algorithm for a single threshold unit (named in 004, ML:IV-71).

    for each example (x, c), c ∈ {0, 1}:   y = heaviside(w·x + b),   δ = c − y,   w ← w + ηδx,   b ← b + ηδ

until an epoch passes without a mistake. If a hyperplane parts the classes, there are at most (R/γ)² mistakes, whatever
η: R bounds the length of the inputs (x, 1), and γ is their distance from a hyperplane through 0 that parts them
(Novikoff 1962, "On convergence proofs on perceptrons"). If none does, the weights stay bounded and never rest (Block &
Levin 1970); with whole numbers for inputs and η they cycle.

Each step is one of gradient descent on the perceptron loss of that example alone: `train` with output "heaviside",
``GradientDescent(rate)``, ``batch_size=1`` and ``sampling="given"`` goes through the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.formulas.activations.thresholds import heaviside
from multilayer.network.arrays import as_numbers, check_inputs
from multilayer.network.checks import require_integer, require_positive


@dataclass(frozen=True)
class PerceptronRun:
    """What the perceptron algorithm found.

    Attributes
    ----------
    w : ndarray (D,)
        Weights.
    b : float
        Bias; 004's w₀.
    mistakes : ndarray of int
        Examples on the wrong side when their turn came, epoch by epoch.
    converged : bool
        Whether the last epoch had none: then heaviside(w·x + b) is the label of every example.
    """

    w: NDArray[np.float64]
    b: float
    mistakes: NDArray[np.int64]
    converged: bool


def perceptron(X: ArrayLike, labels: ArrayLike, *, rate: float = 1.0, max_epochs: int = 1000) -> PerceptronRun:
    """Train a threshold unit by the perceptron algorithm, from weights of 0, in the order given.

    Parameters
    ----------
    X : array_like (n, D)
        Inputs.
    labels : array_like (n,)
        0 and 1, or −1 and +1.
    rate : float
        η > 0. From weights of 0 it scales the weights and changes nothing else.
    max_epochs : int
        Passes over the examples at most, ≥ 1.

    Returns
    -------
    PerceptronRun

    Raises
    ------
    ValueError
        Naming the argument.

    References
    ----------
    Rosenblatt (1958), "The perceptron: a probabilistic model for information storage and organization in the brain".

    Examples
    --------
    >>> perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    PerceptronRun(w=array([2., 1.]), b=-3.0, mistakes=array([2, 3, 3, 2, 1, 0]), converged=True)
    """
    table = as_numbers("X", X, "numbers of shape (n, D)")
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"X: must have shape (n, D) with at least one row and one column, came {table.shape}")
    rows = check_inputs(table, table.shape[1]).astype(np.float64)
    c = _zero_one(labels, len(rows))
    require_positive("rate", rate)
    require_integer("max_epochs", max_epochs)
    w, b = np.zeros(rows.shape[1]), 0.0
    mistakes: list[int] = []
    while len(mistakes) < max_epochs and (not mistakes or mistakes[-1] > 0):
        mistakes.append(0)
        for x, target in zip(rows, c, strict=True):
            delta = target - heaviside(w @ x + b)
            w, b = w + rate * delta * x, b + rate * delta
            mistakes[-1] += int(delta != 0)
    return PerceptronRun(w, float(b), np.array(mistakes), mistakes[-1] == 0)


def _zero_one(labels: ArrayLike, n_rows: int) -> NDArray[np.float64]:
    """Labels as 0 and 1."""
    c = as_numbers("labels", labels, "0 and 1, or -1 and +1")
    if c.shape != (n_rows,):
        raise ValueError(f"labels: must have shape ({n_rows},), came {c.shape}")
    if np.isin(c, (0, 1)).all():
        return c.astype(np.float64)
    if np.isin(c, (-1, 1)).all():
        return (c > 0).astype(np.float64)
    raise ValueError(f"labels: must be 0 and 1, or -1 and +1, came {np.unique(c)[:5].tolist()}")
