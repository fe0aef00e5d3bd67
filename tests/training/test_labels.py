"""Integer labels are never written out as rows by training, and give the numbers that written-out targets give."""

from __future__ import annotations

import numpy as np
import pytest

import multilayer as ml
from multilayer.engines import ENGINES

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(30, 2)), RNG.integers(3, size=30)
NET = ml.Network([2, 4, 3], "tanh", "softmax")
DESCENT = {"rule": ml.Adam(0.01), "epochs": 4}
HOW = {
    "batches": {**DESCENT, "batch_size": 7},
    "one by one": {**DESCENT, "batch_size": 1},
    "full batch": {"rule": ml.Rprop(), "batch_size": None, "epochs": 4},
    "lbfgs": {"method": "lbfgs", "epochs": 4},
    "conjugate_gradient": {"method": "conjugate_gradient", "epochs": 4},
    "levenberg_marquardt": {"method": "levenberg_marquardt", "epochs": 4},
    "layerwise": {"method": "layerwise", "epochs": 4},
}


def runs(objective, **how):
    """A run with labels, and one with rows of the identity, of both training and validation rows."""
    theta = objective.network.initialize()
    targets = (LABELS, ml.one_hot(LABELS, 3))
    return [ml.train(objective, theta, X, T, validation=(X[:9], T[:9]), **how) for T in targets]


@pytest.mark.parametrize(
    ("engine", "how"),
    [
        pytest.param(engine, how, id=f"{name}-{engine}")
        for name, how in HOW.items()
        for engine in (["reference"] if name == "layerwise" else ENGINES)
    ],
)
def test_labels_and_rows_train_alike(engine, how):
    squared = how.get("method") in ("levenberg_marquardt", "layerwise")
    objective = ml.Objective(NET, "squared" if squared else None, label_smoothing=0.1)
    one, other = runs(objective, engine=engine, **how)
    for name in set(one.history) - {"seconds"}:
        np.testing.assert_array_equal(one.history[name], other.history[name])
    np.testing.assert_array_equal(NET.pack(one.theta), NET.pack(other.theta))


def test_what_became_infinite_is_found_from_labels_too():
    net = ml.Network([2, 4, 3], "relu", "softmax")
    theta = 1e200 * net.pack(net.initialize())
    for how in ({}, {"method": "lbfgs"}):
        with pytest.raises(ml.Diverged, match=r"first in layer 1 \(affine\)"):
            ml.train(ml.Objective(net), theta, 1e200 * X, LABELS, **how)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_epochs_parameters_can_be_asked_for_after_the_run(engine):
    seen = []
    run = ml.train(ml.Objective(NET), NET.initialize(), X, LABELS, callbacks=[seen.append], epochs=2, engine=engine)
    np.testing.assert_array_equal(NET.pack(seen[-1].parameters()), NET.pack(run.theta))
