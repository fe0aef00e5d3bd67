"""Activations of a fitted estimator's hidden layers."""

from __future__ import annotations

import operator
from typing import Any

from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from multilayer.estimators import learned, prediction
from multilayer.estimators.architecture import learned_network
from multilayer.network.plan import Affine


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


def hidden_activations(estimator: Any, X: Any, layer: int) -> NDArray[Any]:
    """`hidden_values` for rows as users give them."""
    if not hasattr(estimator, "coefs_"):
        check_is_fitted(estimator)
    return hidden_values(estimator, prediction.checked_rows(estimator, X), layer)


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
    network = learned_network(fitted)
    maps = [i for i, operation in enumerate(network.operations) if isinstance(operation, Affine)]
    until = maps[hidden_layer(fitted, layer)] + 1  # its activation
    return prediction.outputs(fitted, network, learned.parameters(fitted), X, until=until)
