"""What a trace marks as depending on a weight, against moving the weight."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import multilayer as ml

SMOOTH = (
    ml.Objective(ml.Network([2, 3, 2, 2], activation="tanh", output="softmax")),
    ml.Objective(ml.Network([2, 3, 2, 4], activation="tanh", output=ml.output("softmax", groups=(2, 2)))),
    ml.Objective(ml.Network([2, 3, 2, 2], activation="sigmoid", output="sigmoid"), loss="squared"),
    ml.Objective(ml.Network([2, 3, 2, 2], activation="softplus", output="identity")),
)


class TestDependsOn:
    @pytest.mark.parametrize("objective", SMOOTH, ids=lambda J: J.network.output.name)
    @pytest.mark.parametrize("name", ["1.W[2, 1]", "1.b[0]", "2.W[1, 0]", "2.b[1]", "3.W[1, 0]", "3.b[0]"])
    def test_marked_is_what_moves(self, objective: ml.Objective, name: str) -> None:
        moved = self.moved(objective, name)
        for layer, changed in zip(moved[0].layers, self.changes(*moved), strict=True):
            assert layer.dependents is not None
            for field, mask in changed.items():
                np.testing.assert_array_equal(getattr(layer.dependents, field), mask, err_msg=f"{layer.number} {field}")

    @pytest.mark.parametrize("name", ["1.W[2, 1]", "2.slope[1, 0]", "2.knee[0, 2]", "2.b[1]"])
    def test_nothing_else_moves_in_maxout_and_apl(self, name: str) -> None:
        net = ml.Network([2, ml.Maxout(2), ml.APL(3), 2], output="softmax")
        objective = ml.Objective(net)
        moved = self.moved(objective, name)
        for layer, changed in zip(moved[0].layers, self.changes(*moved), strict=True):
            for field, mask in changed.items():
                assert (getattr(layer.dependents, field) | ~mask).all()

    @staticmethod
    def moved(objective: ml.Objective, name: str) -> tuple[Any, Any]:
        """A step, and the same with the weight moved."""
        rng = np.random.default_rng(1)
        net = objective.network
        flat = rng.normal(size=net.n_parameters)
        labels = [0, 1] if net.output.groups else 1
        t = {"classes": labels, "zero_one": [1.0, 0.0], "numbers": [0.5, -1.0]}[objective.head.targets]
        before = ml.trace(objective, flat, [0.5, -1.5], t, depends_on=name).step
        layer, field, *index = re.findall(r"\w+", name)
        theta = net.unpack(flat.copy())
        getattr(theta[int(layer) - 1], field)[tuple(map(int, index))] += 0.1
        return before, ml.trace(objective, theta, [0.5, -1.5], t).step

    @staticmethod
    def changes(before: Any, after: Any) -> list[dict[str, np.ndarray]]:
        """For each layer and quantity, which entries differ."""
        fields = ("z", "h", "delta", "h_gradient")
        return [
            {
                field: np.abs(getattr(a, field) - getattr(b, field))[0] > 1e-13
                for field in fields
                if getattr(a, field) is not None
            }
            for a, b in zip(before.layers, after.layers, strict=True)
        ]

    def test_constant_unit_of_004_does_not_depend(self, read: Any, halves: Any) -> None:
        trace = ml.trace(*halves, [1, 2], 1, notation="004", depends_on="1.W[1, 0]")
        np.testing.assert_array_equal(read.marks(trace, "yʰ"), [[False], [False], [True]])

    @pytest.mark.parametrize(
        "name", ["W", "3.W[0, 0]", "1.W[0]", "1.W[2, 0]", "1.W[0, -1]", "1.b[0, 0]", "1.slope[0, 0]", "1.W[0, 0] + 1"]
    )
    def test_refuses_what_is_no_weight(self, halves: Any, name: str) -> None:
        with pytest.raises(ValueError, match=r"^depends_on: .*"):
            ml.trace(*halves, [1, 2], 1, depends_on=name)

    def test_refuses_what_is_no_string(self, halves: Any) -> None:
        with pytest.raises(TypeError, match=r"^depends_on: must be a string"):
            ml.trace(*halves, [1, 2], 1, depends_on=(1, 0))  # type: ignore[arg-type]
