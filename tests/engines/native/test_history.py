"""What a program did before leaves no trace in the bits: buffers that a larger batch left behind change nothing."""

from __future__ import annotations

import numpy as np
import pytest

import multilayer as ml
from multilayer.engines import ENGINES
from multilayer.engines.protocol import Rows, State, Stretch
from multilayer.training.rules import initial_slots, scalar_rows

RULE = ml.Adam(0.01)
N_ROWS = 70


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layers", [[3, 5, 4], [3, ml.Maxout(4), ml.APL(3), 4], [40, 200, 90, 4]], ids=str)
def test_a_batch_after_a_larger_one_is_as_by_itself(native, layers, dtype):
    objective = ml.Objective(ml.Network(layers, "tanh", "softmax"))
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(N_ROWS, layers[0])), rng.integers(4, size=N_ROWS)
    theta = objective.network.pack(objective.network.initialize(0), dtype)

    def after(before: int | None, n: int) -> bytes:
        program = ENGINES["native"].program(objective.plan, RULE.formula, dtype=dtype)
        data = program.load(Rows(X, objective.encode(T, N_ROWS)))
        state = State(theta, initial_slots(RULE, theta), 0, 0)
        for size in (before, n):
            if size is not None:
                program.write(state)
                scalars = scalar_rows(RULE, np.ones(1), np.full(1, RULE.rate))
                program.advance(data, Stretch(np.arange(size), np.array([0, size]), scalars))
        return program.read().theta.tobytes()

    for n in (1, 2, 4, 7, 8, 9, 16, 17, 20, 32, 33):
        assert len({after(before, n) for before in (None, n + 1, 2 * n, N_ROWS)}) == 1
