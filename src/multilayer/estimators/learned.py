"""What an estimator has learned, `coefs_` and `intercepts_`, as a network with its parameters, and back.

`coefs_` are W transposed. What they are at the moment counts, so that weights set by hand are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from multilayer.network.layers import Layer
from multilayer.network.network import Parameters


def layer_sizes(estimator: Any) -> tuple[int, ...]:
    """Units from the inputs to the outputs, by the shapes of `coefs_`."""
    coefs = estimator.coefs_
    return (*(W.shape[0] for W in coefs), coefs[-1].shape[1])


def parameters(estimator: Any) -> Parameters:
    """θ, layer by layer: views of the estimator's arrays."""
    return tuple(Layer(W.T, b) for W, b in zip(estimator.coefs_, estimator.intercepts_, strict=True))


def learned_dtype(estimator: Any) -> np.dtype[Any]:
    """float32 where all of `coefs_` and `intercepts_` are, else float64."""
    single = all(array.dtype == np.float32 for array in (*estimator.coefs_, *estimator.intercepts_))
    return np.dtype(np.float32 if single else np.float64)


def keep(estimator: Any, theta: Parameters) -> None:
    """Write θ into the estimator's arrays, which stay the same objects, as scikit-learn's descent leaves them."""
    for W, b, layer in zip(estimator.coefs_, estimator.intercepts_, theta, strict=True):
        W[...], b[...] = layer.W.T, layer.b


def coefs_of(theta: Parameters, dtype: DTypeLike | None = None) -> list[NDArray[Any]]:
    """New arrays (n_in, n_out)."""
    return [np.array(layer.W.T, dtype, order="C") for layer in theta]


def intercepts_of(theta: Parameters, dtype: DTypeLike | None = None) -> list[NDArray[Any]]:
    """New arrays (n_out,)."""
    return [np.array(layer.b, dtype) for layer in theta]
