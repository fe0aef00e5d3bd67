"""Networks as plain data: nothing is lost on the way through JSON, and nothing foreign is let in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import multilayer as ml
from multilayer.network.description import network_from_dict, network_to_dict

NETWORKS = [
    ml.Network([2, 1]),
    ml.Network([3, 5, 4, 2], "tanh", "softmax", bias=False, initial_weights="orthogonal"),
    ml.Network([3, ml.Dropout(0.1), ml.Dense(4, "mish", bias=False), ml.Maxout(3, 2), ml.APL(4, 3), 1], output="exp"),
    ml.Network([2, 3, 5], output=ml.output("sparsemax", groups=(2, 3))),
    ml.Network(
        [2, 3, 2],
        ml.activation("leaky_relu", slope=0.2),
        initial_weights=ml.initial_weights("uniform", bound=0.05),
    ),
]


@pytest.mark.parametrize("network", NETWORKS, ids=range(len(NETWORKS)))
def test_a_network_comes_back_from_json_as_it_was(network: ml.Network) -> None:
    again = network_from_dict(json.loads(json.dumps(network_to_dict(network))))
    assert network_to_dict(again) == network_to_dict(network)
    assert again.views == network.views
    assert again.output.groups == network.output.groups
    assert again.operations == network.operations
    assert np.array_equal(again.pack(again.initialize(7)), network.pack(network.initialize(7)))


def test_a_users_own_activation_is_refused_by_name() -> None:
    cube = ml.Activation("cube", lambda z: z * z * z, lambda z: 3.0 * z * z)
    with pytest.raises(ValueError, match="cube"):
        network_to_dict(ml.Network([2, 3, 1], cube))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation": "wish"}, "wish"),
        ({"layers": [2, {"kind": "Convolution"}, 1]}, "Convolution"),
        ({"layers": "2-3-1"}, "layers"),
        ({"output": None}, "output"),
        ({"output": {"name": "softmax", "options": {"groups": [2, 2]}}}, "groups"),
    ],
)
def test_damage_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        network_from_dict({**network_to_dict(NETWORKS[0]), **change})
