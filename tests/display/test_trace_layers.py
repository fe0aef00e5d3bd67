"""Layers and outputs that the lectures do not have."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import multilayer as ml
from multilayer.display.notations import NOTATIONS


class TestOtherLayers:
    def test_gradients_are_the_objectives(self) -> None:
        net = ml.Network([2, ml.Dropout(0.2), ml.Maxout(2, pieces=3), ml.APL(3, hinges=2), 2], output="softmax")
        J, theta = ml.Objective(net, penalty=ml.L2(0.01)), net.initialize(3)
        X, labels = np.random.default_rng(0).normal(size=(5, 2)), [0, 1, 1, 0, 1]
        trace = ml.trace(J, theta, X, labels, rate=0.1)
        for traced, expected in zip(trace.layers, J.value_and_gradient(theta, X, labels)[1], strict=True):
            for a, b in zip(traced.gradient, expected, strict=True):
                np.testing.assert_array_equal(a, b)
        assert [layer.kind for layer in trace.layers] == ["maxout", "apl", "dense"]
        assert trace.layers[0].z.shape == (5, 6)
        assert trace.layers[0].h.shape == (5, 2)
        text = trace.text()
        for words in ("maxout₃(Z₁)", "∇k₂", "a₂ ←", "Dropout passes values unchanged"):
            assert words in text

    @pytest.mark.parametrize("notation", ["001", "002", "003", "004"])
    @pytest.mark.parametrize("layer", [ml.Dropout(0.1), ml.Maxout(2), ml.APL(2)], ids=["Dropout", "Maxout", "APL"])
    def test_lectures_refuse_them_by_name(self, notation: Any, layer: Any) -> None:
        net = ml.Network([2, layer, 1])
        with pytest.raises(ValueError, match=f"^notation: lecture {notation} has no {type(layer).__name__} layers"):
            ml.trace(ml.Objective(net), net.initialize(0), [1, 2], 1.0, notation=notation)

    @pytest.mark.parametrize(
        ("output", "loss", "formula"),
        [
            ("identity", "huber", "∂L/∂f"),
            ("softmax", "squared", "∂L/∂z₂"),
            ("tanh", "squared", "(f − y) ⊙ tanh′(z₂)"),
            ("identity", "hinge", "∂L/∂z₂"),
            ("sparsemax", None, "f − y"),
            ("exp", None, "f − y"),
        ],
    )
    def test_output_errors_are_named(self, output: str, loss: str | None, formula: str) -> None:
        net = ml.Network([2, 3, 2], activation="tanh", output=output)
        J = ml.Objective(net, loss=loss)
        t: Any = 1 if J.head.targets == "classes" else [1.0, 0.5]
        assert f"δ₂ = {formula} " in ml.trace(J, net.initialize(0), [1, 2], t).text()

    @pytest.mark.parametrize("notation", ["multilayer", "001", "003", "004"])
    def test_groups_are_told(self, notation: Any) -> None:
        J = ml.Objective(ml.Network([2, 3, 5], "tanh", ml.output("softmax", groups=(2, 3))))
        trace = ml.trace(J, J.network.initialize(0), [1.0, 2.0], [1, 2], notation=notation)
        assert "The softmax is taken by groups of output units: 1–2, 3–5." in str(trace)

    def test_own_activations_with_any_name(self) -> None:
        cube = ml.Activation("c{u}b$e_%", lambda z: z * z * z, lambda z: 3.0 * (z * z))
        net = ml.Network([2, 2, 1], activation=cube)
        for notation in NOTATIONS:
            trace = ml.trace(ml.Objective(net), net.initialize(0), [1, 2], 1.0, notation=notation)
            assert "cube" in re.sub(r"[ _\\]", "", trace.latex())
