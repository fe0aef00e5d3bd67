"""Temperature: how sure a classifier's probabilities should be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

# The temperature lies between 1/20 and 20.
LARGEST_LOGARITHM = 3.0


def temperature(z: ArrayLike, labels: NDArray[np.int64]) -> float:
    """The T > 0 for which softmax(z / T) has the least cross-entropy on rows that were not trained on.

    A network trained with label smoothing is less sure than it should be, one trained without it mostly more.
    Predicted classes stay as they are. As in Platt's scaling each label counts as 1 − 1/(n + 2), the rest spread evenly
    over the classes, so that few rows, all predicted right, do not lead to T = 0.

    Parameters
    ----------
    z : array_like (n, k)
        Pre-activations of the softmax.
    labels : ndarray of int (n,)
        Classes 0 … k − 1.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017), section 4.2; Platt,
    "Probabilistic outputs for support vector machines" (1999), section 2.2.
    """
    scores = np.asarray(z, np.float64)
    n = len(labels)
    spread = 1.0 / (n + 2)

    def cross_entropy(logarithm: float) -> float:
        log_p = log_softmax(scores / np.exp(logarithm), axis=1)
        right = log_p[np.arange(n), labels].mean()
        return float(-(1.0 - spread) * right - spread * log_p.mean())

    found = minimize_scalar(cross_entropy, bounds=(-LARGEST_LOGARITHM, LARGEST_LOGARITHM), method="bounded")
    return float(np.exp(found.x))
