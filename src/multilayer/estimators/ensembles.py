"""What the ensembles share: their parameters, how their rows are checked, and the training of the members at once."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from multilayer.estimators import parameters, prediction
from multilayer.estimators.parameters import LIBRARY_NAMES, hidden_layers
from multilayer.network.arrays import check_weight
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2
from multilayer.network.per_layer import of_each_layer
from multilayer.training.members import train_members
from multilayer.training.rules import Adam
from multilayer.training.schedules import Cosine

SHARED = ("hidden_layer_sizes", "activation", "alpha", "learning_rate_init", "max_iter", "random_state", "n_threads")
CONSTRAINTS: dict[str, list[Any]] = {
    **{name: parameters.CONSTRAINTS[name] for name in SHARED},
    "n_estimators": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
}
ROWS: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}


def checked_weight(sample_weight: Any, X: Any) -> NDArray[Any] | None:
    """Sample weights (n,), or None where all count alike.

    Raises
    ------
    ValueError
        If one is negative, or all are 0.
    """
    return None if sample_weight is None else check_weight(_check_sample_weight(sample_weight, X), X.shape[0])


def fit_members(
    ensemble: Any, X: Any, T: NDArray[Any], weight: NDArray[Any] | None, n_outputs: int, output: str, loss: str
) -> None:
    """Train an ensemble's members on checked rows, and set `network_`, `members_` and `n_iter_`."""
    hidden = hidden_layers(ensemble.hidden_layer_sizes)
    activation = LIBRARY_NAMES.get(ensemble.activation, ensemble.activation)
    network = Network([X.shape[1], *hidden, n_outputs], activation, output)
    alpha = of_each_layer("alpha", ensemble.alpha, len(hidden) + 1)
    seeds = check_random_state(ensemble.random_state).randint(2**31, size=ensemble.n_estimators).tolist()
    members, epochs = train_members(
        Objective(network, loss, L2(alpha), penalty_in_mean=True),
        np.stack([network.pack(network.initialize(seed)) for seed in seeds]),
        X,
        T,
        sample_weight=weight,
        rule=Adam(float(ensemble.learning_rate_init)),
        schedule=Cosine(),
        batch_size=int(ensemble.batch_size),
        epochs=int(ensemble.max_iter),
        seeds=seeds,
        n_threads=ensemble.n_threads,
        dtype=X.dtype,
    )
    if epochs < ensemble.max_iter:
        warnings.warn("Training interrupted by user.", stacklevel=3)
    ensemble.network_, ensemble.members_, ensemble.n_iter_ = network, members, epochs


def outputs(ensemble: Any, X: Any) -> NDArray[Any]:
    """Outputs (K, n, k) of a fitted ensemble's members for rows as users give them."""
    if not hasattr(ensemble, "members_"):
        check_is_fitted(ensemble)
    return member_outputs(ensemble, prediction.checked_rows(ensemble, X))


def member_outputs(ensemble: Any, X: Any) -> NDArray[Any]:
    """The same for checked rows."""
    return prediction.member_outputs(ensemble, ensemble.network_, ensemble.members_, X)
