"""Outputs of fitted networks, by the fastest engine that is installed."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from multilayer.engines import engine_for
from multilayer.engines.protocol import Program, State
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.training.rules import GradientDescent

# A program keeps buffers, and serves one thread at a time: each thread has its own for the models that it asks.
_KEPT = threading.local()


def outputs(
    model: Any, network: Network, theta: Sequence[Any] | NDArray[Any], X: Any, *, until: int | None = None
) -> NDArray[Any]:
    """f = o(z) of rows X (n, D), in float32 where parameters and rows are, else in float64.

    Parameters
    ----------
    model : object
        Whose outputs they are; a program is kept for it as long as it lives.
    network : Network
        Its network.
    theta : parameters
        As `Network.pack` takes them; what they are at the moment counts.
    X : array or CSR matrix (n, D)
        Rows, checked.
    until : int, optional
        Give the values after this operation of the network instead.
    """
    arrays = [theta] if isinstance(theta, np.ndarray) else [a for layer in theta for a in layer if a is not None]
    dtype = _common(X, *arrays)
    program = _program(model, network, dtype)
    program.write(State(network.pack(theta, dtype), ()))
    return program.predict(X, until=until)


def member_outputs(model: Any, network: Network, members: NDArray[Any], X: Any) -> NDArray[Any]:
    """Outputs (K, n, k) of members with parameters (K, P); otherwise as `outputs`."""
    dtype = _common(X, members)
    program = _program(model, network, dtype, len(members))
    program.write(State(members.astype(dtype, copy=False), (), 0, (0,) * len(members)))
    return program.predict(X)


def checked_rows(estimator: Any, X: Any) -> Any:
    """Rows (n, D) as scikit-learn checks them, its way cut short where nothing can be wrong."""
    if (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.shape[0] > 0
        and X.shape[1] == estimator.n_features_in_
        and X.dtype in (np.float64, np.float32)
        and not hasattr(estimator, "feature_names_in_")
    ):
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(X.sum())
        if math.isfinite(total):  # a NaN or infinity among the entries would show
            return X
    return validate_data(estimator, X, accept_sparse=["csr", "csc"], reset=False)


def _common(*arrays: Any) -> np.dtype[Any]:
    """float32 where all are, else float64."""
    return np.dtype(np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)


def _program(model: Any, network: Network, dtype: np.dtype[Any], members: int | None = None) -> Program:
    """This thread's program for a model, made anew where its network, dtype or number of members changed."""
    if not hasattr(_KEPT, "programs"):
        _KEPT.programs = WeakKeyDictionary()
    kept = _KEPT.programs.get(model)
    if kept is None or kept[0] is not network or kept[1:3] != (dtype, members):
        plan, rule = Objective(network).plan, GradientDescent.formula
        engine = engine_for(None, plan, rule, dtype)
        program = engine.program(plan, rule, dtype=dtype, members=members)
        kept = _KEPT.programs[model] = network, dtype, members, program
    return kept[3]
