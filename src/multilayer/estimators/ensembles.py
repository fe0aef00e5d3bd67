"""What the ensembles share: their parameters, the training of the members at once, and the members' outputs."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from multilayer.engines import engine_for
from multilayer.engines.protocol import State
from multilayer.estimators import parameters
from multilayer.estimators.parameters import LIBRARY_NAMES, hidden_layers
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.network.penalty import L2
from multilayer.network.per_layer import of_each_layer
from multilayer.training.members import train_members
from multilayer.training.rules import Adam, GradientDescent
from multilayer.training.schedules import Cosine

SHARED = ("hidden_layer_sizes", "activation", "alpha", "learning_rate_init", "max_iter", "random_state")
CONSTRAINTS: dict[str, list[Any]] = {
    **{name: parameters.CONSTRAINTS[name] for name in SHARED},
    "n_estimators": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
}


def fit_members(ensemble: Any, X: NDArray[Any], T: NDArray[Any], n_outputs: int, output: str, loss: str) -> None:
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


def checked(ensemble: Any, X: Any) -> NDArray[Any]:
    """Rows for a fitted ensemble, as scikit-learn checks them."""
    check_is_fitted(ensemble)
    return validate_data(ensemble, X, dtype=(np.float64, np.float32), reset=False)


def member_outputs(ensemble: Any, X: NDArray[Any]) -> NDArray[Any]:
    """Outputs (K, n, k) of the members for checked rows."""
    members = ensemble.members_
    dtype = np.dtype(np.float32 if X.dtype == members.dtype == np.float32 else np.float64)
    plan, rule = Objective(ensemble.network_).plan, GradientDescent.formula
    program = engine_for(None, plan, rule, dtype).program(plan, rule, dtype=dtype, members=len(members))
    program.write(State(members.astype(dtype), (), 0, (0,) * len(members)))
    return program.predict(X)
