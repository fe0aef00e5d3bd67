"""The same step in every notation: letters, signs, order of indices, places of biases."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import multilayer as ml
from multilayer.display.notations import NOTATIONS
from multilayer.display.rendering.plain import plain

every_notation = pytest.mark.parametrize("notation", NOTATIONS)


class TestNotations:
    """The same batch in every notation."""

    @pytest.fixture
    def traces(self) -> dict[str, ml.Trace]:
        net = ml.Network([3, 2, 2], activation="tanh", output="sigmoid")
        rng = np.random.default_rng(4)
        theta = net.unpack(rng.normal(size=net.n_parameters))
        X, T = rng.normal(size=(4, 3)), rng.uniform(size=(4, 2))
        J = ml.Objective(net, penalty=ml.ElasticNet(0.1, 0.2))
        return {n: ml.trace(J, theta, X, T, notation=n, rate=0.5) for n in NOTATIONS}

    def test_batches_are_rows_here_and_columns_in_003_and_004(self, read: Any, traces: dict[str, ml.Trace]) -> None:
        X = read.value(traces["multilayer"], "X")
        assert X.shape == (4, 3)
        np.testing.assert_array_equal(read.value(traces["003"], "X"), X.T)
        np.testing.assert_array_equal(read.value(traces["004"], "x"), np.vstack([np.ones(4), X.T]))
        for notation in ("001", "002"):
            np.testing.assert_array_equal(read.value(traces[notation], "x"), X[:1].T)

    def test_errors(self, read: Any, traces: dict[str, ml.Trace]) -> None:
        for here, names in {"Δ₂": ("∇z⁽²⁾ L₁", "δ⁽²⁾", "δ⁽³⁾", "δᵒ"), "Δ₁": ("∇z⁽¹⁾ L₁", "δ⁽¹⁾", "δ⁽²⁾", "δʰ")}.items():
            delta = read.value(traces["multilayer"], here)
            np.testing.assert_allclose(read.value(traces["001"], names[0]), delta[:1].T)
            np.testing.assert_allclose(read.value(traces["002"], names[1]), delta[:1].T)
            np.testing.assert_allclose(read.value(traces["003"], names[2]), delta.T)
            np.testing.assert_allclose(read.value(traces["004"], names[3]), -delta.T)

    def test_gradients(self, read: Any, traces: dict[str, ml.Trace]) -> None:
        W, b = (read.value(traces["multilayer"], f"∇{letter}₂") for letter in "Wb")
        np.testing.assert_array_equal(read.value(traces["001"], "∇W⁽²⁾ ℒ"), W)
        np.testing.assert_array_equal(read.value(traces["002"], "∂E/∂W⁽²⁾"), W)
        np.testing.assert_array_equal(read.value(traces["002"], "∂E/∂b⁽²⁾"), b.T)
        np.testing.assert_array_equal(read.value(traces["003"], "∂E/∂Θ⁽²⁾"), np.vstack([b, W.T]))
        np.testing.assert_allclose(read.value(traces["004"], "ΔWᵒ"), -0.5 * np.column_stack([b[0], W]))

    def test_gradients_add_up_from_the_errors(self, read: Any, traces: dict[str, ml.Trace]) -> None:
        trace, letters = traces["multilayer"], ("Δ₂", "H₁", "W₂", "∇W₂")
        delta, h, W, gradient = (read.value(trace, letter) for letter in letters)
        np.testing.assert_allclose(gradient, delta.T @ h / 4 + 0.1 * np.sign(W) + 0.2 * W)

    def test_objective(self, read: Any, traces: dict[str, ml.Trace]) -> None:
        J = read.value(traces["multilayer"], "J")
        for notation, letter in {"001": "ℒ", "002": "E", "003": "E", "004": "L"}.items():
            np.testing.assert_array_equal(read.value(traces[notation], letter), J)
        L, penalty = read.value(traces["multilayer"], "L"), read.value(traces["multilayer"], "λΩ")
        np.testing.assert_allclose(J, penalty + L.mean())

    def test_updates(self, read: Any, traces: dict[str, ml.Trace]) -> None:
        W = read.value(traces["multilayer"], "W₁ ← W₁ − η ∇W₁")
        np.testing.assert_array_equal(read.value(traces["001"], "W⁽¹⁾ ← W⁽¹⁾ − η ∇W⁽¹⁾ ℒ"), W)
        np.testing.assert_array_equal(read.value(traces["002"], "W⁽¹⁾ ← W⁽¹⁾ − η ∂E/∂W⁽¹⁾"), W)
        np.testing.assert_array_equal(read.value(traces["003"], "Θ⁽¹⁾ ← Θ⁽¹⁾ − η ∂E/∂Θ⁽¹⁾")[1:], W.T)
        np.testing.assert_array_equal(read.value(traces["004"], "Wʰ = Wʰ + ΔWʰ")[:, 1:], W)

    @pytest.mark.parametrize(
        ("depends_on", "names"),
        {
            "2.W[1, 0]": {"multilayer": "W₂[1, 0]", "001": "W⁽²⁾₂₁", "002": "W⁽²⁾₁₂", "003": "Θ⁽²⁾₁₂", "004": "w₂₁ᵒ"},
            "1.b[0]": {"multilayer": "b₁[0]", "001": "b⁽¹⁾₁", "002": "b⁽¹⁾₁", "003": "Θ⁽¹⁾₀₁", "004": "w₁₀ʰ"},
        }.items(),
    )
    def test_order_of_indices(self, read: Any, depends_on: str, names: dict[str, str]) -> None:
        """001 and 004 write to, from; 002 and 003 from, to; 003 and 004 count the bias as index 0."""
        net = ml.Network([2, 2, 2], activation="tanh", output="sigmoid")
        theta = net.unpack(np.arange(1.0, 1.0 + net.n_parameters) / 100)
        layer, field, *index = re.findall(r"\w+", depends_on)
        weight = getattr(theta[int(layer) - 1], field)[tuple(map(int, index))]
        given = {"001": "W⁽²⁾", "002": "W⁽²⁾", "003": "Θ⁽²⁾", "004": "Wᵒ", "multilayer": "W₂"}
        if field == "b":
            given = {"001": "b⁽¹⁾", "002": "b⁽¹⁾", "003": "Θ⁽¹⁾", "004": "Wʰ", "multilayer": "b₁"}
        for notation, name in names.items():
            trace = ml.trace(ml.Objective(net), theta, [1, 2], [0, 1], notation=notation, depends_on=depends_on)
            assert plain(trace.document.asked or "") == name
            marked = read.value(trace, given[notation])[read.marks(trace, given[notation])]
            np.testing.assert_array_equal(marked, [weight])

    def test_deeper_networks_have_numbered_letters(self, read: Any) -> None:
        net = ml.Network([2, 2, 2, 1], activation="sigmoid", output="sigmoid")
        J, theta = ml.Objective(net), net.initialize(0)
        names = {n: read.names(ml.trace(J, theta, [1, 2], 1, notation=n)) for n in NOTATIONS}
        assert {"z⁽¹⁾", "z⁽²⁾", "a⁽³⁾", "y", "δ⁽⁴⁾", "∂E/∂Θ⁽³⁾"} <= names["003"]
        assert {"z⁽²⁾ⁱⁿ", "z⁽²⁾", "yⁱⁿ", "y", "δ⁽³⁾"} <= names["002"]
        assert {"Wʰ₃", "yʰ₂", "y", "δʰ₃", "−∇ʰ₁ L"} <= names["004"]
        assert {"h⁽²⁾", "f", "∇z⁽³⁾ L", "∇h⁽²⁾ L"} <= names["001"]

    def test_the_loop_of_001_ends_before_the_input(self, read: Any) -> None:
        net = ml.Network([2, 2, 1], activation="tanh", output="sigmoid")
        names = read.names(ml.trace(ml.Objective(net), net.initialize(0), [1, 2], 1, notation="001"))
        assert {"∇h⁽¹⁾ L", "∇z⁽¹⁾ L", "∇W⁽¹⁾ L"} <= names
        assert not {"∇h⁽⁰⁾ L", "∇z⁽⁰⁾ L"} & names

    def test_softmax_of_001_has_the_indicator_of_the_class(self, read: Any) -> None:
        net = ml.Network([2, 2, 3], activation="tanh", output="softmax")
        trace = ml.trace(ml.Objective(net), net.initialize(0), [1, 2], 2, notation="001")
        np.testing.assert_array_equal(read.value(trace, "1_y"), [[0], [0], [1]])
        np.testing.assert_allclose(read.value(trace, "∇z⁽²⁾ L"), read.value(trace, "f") - [[0], [0], [1]])
        assert "−Σ_c 1_(y=c) log f_c" in trace.text()

    @every_notation
    def test_layers_without_biases(self, read: Any, notation: Any) -> None:
        net = ml.Network([2, ml.Dense(2, bias=False), ml.Dense(1, bias=True)], activation="tanh", output="sigmoid")
        trace = ml.trace(ml.Objective(net), net.initialize(0), [1, 2], 1, notation=notation, rate=0.1)
        first = {"001": "W⁽¹⁾", "002": "W⁽¹⁾", "003": "Θ⁽¹⁾", "004": "Wʰ", "multilayer": "W₁"}[notation]
        assert read.value(trace, first).shape == (2, 2)
        assert trace.layers[0].updated is not None
        assert trace.layers[0].updated.b is None
