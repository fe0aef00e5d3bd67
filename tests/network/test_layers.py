"""Descriptions of layers: plain values that refuse what makes no layer."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import multilayer as ml

LAYERS = [ml.Dense(3), ml.Dense(3, "tanh", bias=False), ml.Maxout(3, pieces=4), ml.APL(3, hinges=1), ml.Dropout(0.25)]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_layers_are_values(layer):
    copy = pickle.loads(pickle.dumps(layer))
    assert copy == layer
    assert hash(copy) == hash(layer)
    with pytest.raises(FrozenInstanceError):
        layer.units = 4


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "3", None, np.nan])
@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("units", ml.Dense),
        ("units", ml.Maxout),
        ("units", ml.APL),
        ("pieces", lambda n: ml.Maxout(3, pieces=n)),
        ("hinges", lambda n: ml.APL(3, hinges=n)),
    ],
)
def test_counts_are_whole_numbers_from_one_on(name, build, count):
    with pytest.raises(ValueError, match=f"^{name}: must be an integer of at least .*came {count!r}"):
        build(count)


def test_numpy_integers_are_counts():
    assert ml.Dense(np.int64(3)) == ml.Dense(3)
    assert ml.Network([np.int64(2), ml.Maxout(np.uint8(3)), 1]).n_parameters == 6 * 2 + 6 + 3 + 1


def test_one_piece_is_no_maximum():
    with pytest.raises(ValueError, match="pieces: must be an integer of at least 2, came 1"):
        ml.Maxout(3, pieces=1)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, np.nan, "half", None])
def test_dropout_keeps_some_units(rate):
    with pytest.raises(ValueError, match=r"rate: must lie in \[0, 1\), came"):
        ml.Dropout(rate)
