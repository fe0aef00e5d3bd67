"""Activations of a fitted estimator's hidden layers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import engine_for
from multilayer.engines.protocol import State
from multilayer.network.layers import Layer
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.plan import Elementwise
from multilayer.training.rules import GradientDescent

LIBRARY_NAMES = {"logistic": "sigmoid"}


def hidden_layer(fitted: Any, layer: int) -> int:
    """The number from 0 of a hidden layer that may be counted from the end.

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    hidden = len(fitted.coefs_) - 1
    try:
        number = range(hidden)[operator.index(layer)]
    except (IndexError, TypeError):
        allowed = f"an integer from {-hidden} to {hidden - 1}" if hidden else "nothing: it has no hidden layer"
        raise ValueError(f"layer: the network allows {allowed}, came {layer!r}") from None
    return number


def hidden_values(fitted: Any, X: Any, layer: int) -> NDArray[Any]:
    """Activations (n, units) of a hidden layer for checked rows.

    Parameters
    ----------
    fitted : MLPClassifier or MLPRegressor
        Fitted.
    X : array or CSR matrix (n, D)
        Rows, float64 or float32.
    layer : int
        From 0, or from the end.
    """
    number = hidden_layer(fitted, layer)
    sizes = [fitted.coefs_[0].shape[0], *(W.shape[1] for W in fitted.coefs_)]
    network = Network(sizes, LIBRARY_NAMES.get(fitted.activation, fitted.activation))
    theta = tuple(Layer(W.T, b) for W, b in zip(fitted.coefs_, fitted.intercepts_, strict=True))
    single = all(array.dtype == np.float32 for array in (X, *fitted.coefs_, *fitted.intercepts_))
    dtype = np.dtype(np.float32 if single else np.float64)
    plan, rule = Objective(network).plan, GradientDescent.formula
    program = engine_for(None, plan, rule, dtype).program(plan, rule, dtype=dtype)
    program.write(State(network.pack(theta, dtype), ()))
    ends = [i for i, operation in enumerate(network.operations) if isinstance(operation, Elementwise)]
    return program.predict(X, until=ends[number])
