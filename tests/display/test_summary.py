"""The table of a network's layers."""

from __future__ import annotations

import re

import pytest

import multilayer as ml

SMALL = """\
layer  kind             shape  parameters        count
------------------------------------------------------
       input                2                        0
    1  dense, tanh      2 → 4  W (4, 2), b (4,)     12
    2  output, sigmoid  4 → 1  W (1, 4), b (1,)      5
------------------------------------------------------
       all parameters                               17"""


def test_small_network() -> None:
    assert ml.summary(ml.Network([2, 4, 1], activation="tanh", output="sigmoid")) == SMALL


def test_every_kind_of_layer_adds_up() -> None:
    layers = [30, ml.Dropout(0.1), ml.Maxout(200, 3), ml.APL(5, 4), ml.Dense(8, "leaky_relu", bias=False), ml.Dense(3)]
    net = ml.Network(layers, output="softmax")
    header, _, *rows, _, total = ml.summary(net).splitlines()
    counts = [int(re.sub(",", "", row.split()[-1])) for row in rows]
    assert counts == [0, 0, 30 * 600 + 600, 200 * 5 + 5 + 2 * 4 * 5, 5 * 8, 8 * 3 + 3]
    assert total.split()[-1] == f"{net.n_parameters:,}"
    assert len({len(line) for line in (header, *rows, total)}) == 1
    for words in ("dropout, rate 0.1", "maxout, 3 pieces", "apl, 4 hinges", "dense, leaky_relu, slope 0.01", "200 → 5"):
        assert any(words in row for row in rows)


def test_groups_are_told() -> None:
    net = ml.Network([2, 5], output=ml.output("softmax", groups=(2, 3)))
    assert "output, softmax by groups (2, 3)" in ml.summary(net)


def test_refuses_what_is_no_network() -> None:
    with pytest.raises(TypeError, match=r"^network: must be a Network, came list"):
        ml.summary([2, 3])  # type: ignore[arg-type]
