"""Activations of a fitted estimator's hidden layers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import engine_for
from multilayer.engines.protocol import State
from multilayer.estimators import learned
from multilayer.network.objective import Objective
from multilayer.network.plan import Elementwise
from multilayer.training.rules import GradientDescent


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
    network = learned.described(learned.layer_sizes(fitted), fitted.activation, fitted.out_activation_)
    dtype = np.result_type(X.dtype, learned.learned_dtype(fitted))
    plan, rule = Objective(network).plan, GradientDescent.formula
    program = engine_for(None, plan, rule, dtype).program(plan, rule, dtype=dtype)
    program.write(State(network.pack(learned.parameters(fitted), dtype), ()))
    ends = [i for i, operation in enumerate(network.operations) if isinstance(operation, Elementwise)]
    return program.predict(X, until=ends[number])
