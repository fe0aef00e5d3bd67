"""JAX: a whole epoch is one compiled call, a scan over its batches; its compilation is not timed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.runners import Adam
from benchmarks.workloads import RATE, SEED, Workload

B1, B2, EPS = 0.9, 0.999, 1e-8


class Jax:
    """Rows are gathered batch by batch inside the scan, or before it; NumPy draws the order, which is faster."""

    adam: Adam = "algorithm_1"
    version = jax.__version__
    settings = ("rows gathered batch by batch", "rows gathered before the scan")

    def __init__(self, workload: Workload, dtype: str, options: Mapping[str, Any]) -> None:
        jax.config.update("jax_enable_x64", dtype == "float64")  # type: ignore[no-untyped-call]
        self._workload = workload
        X, labels = workload.data(dtype)
        self._X, self._Y = jnp.asarray(X), jnp.asarray(np.eye(workload.layers[-1], dtype=dtype)[labels])
        self._generator = np.random.default_rng(SEED)
        self.choose(self.settings[0])

    def choose(self, setting: str) -> None:
        """Take a way to gather."""
        self._epoch = jax.jit(self._make_epoch(at_once=setting == self.settings[1]), donate_argnums=0)

    def curve(self, epochs: int) -> list[float]:
        """Each epoch's loss in the order of the data."""
        return self._train(epochs, shuffle=False)

    def train(self, epochs: int) -> list[float]:
        """Whole epochs."""
        return self._train(epochs, shuffle=True)

    def _train(self, epochs: int, *, shuffle: bool) -> list[float]:
        n, steps, kind = self._workload.rows, self._workload.steps, self._X.dtype
        theta = [(jnp.asarray(W.T), jnp.asarray(b)) for W, b in self._workload.initial_weights(kind.name)]
        state = (theta, jax.tree.map(jnp.zeros_like, theta), jax.tree.map(jnp.zeros_like, theta))
        losses = []
        for corrections in _corrections(epochs, steps, kind):
            order = self._generator.permutation(n) if shuffle else np.arange(n)
            state, loss = self._epoch(state, self._X, self._Y, order.astype(np.int32), corrections)
            losses.append(loss)
        return [float(loss) for loss in jax.device_get(losses)]

    def _make_epoch(self, *, at_once: bool) -> Any:
        batch, whole = self._workload.batch, self._workload.rows // self._workload.batch

        def rows_of(A: jax.Array, order: jax.Array) -> jax.Array:
            return A.at[order].get(mode="promise_in_bounds")

        def epoch(state: Any, X: jax.Array, Y: jax.Array, order: jax.Array, corrections: jax.Array) -> Any:
            dealt = order[: whole * batch].reshape(whole, batch)
            if at_once:
                xs = (rows_of(X, dealt), rows_of(Y, dealt), corrections[:whole])
                state, losses = jax.lax.scan(lambda state, x: _step(state, *x), state, xs)
            else:

                def gather(state: Any, x: Any) -> Any:
                    return _step(state, rows_of(X, x[0]), rows_of(Y, x[0]), x[1])

                state, losses = jax.lax.scan(gather, state, (dealt, corrections[:whole]))
            total = losses.sum()
            if rest := order[whole * batch :].size:
                last = order[-rest:]
                state, loss = _step(state, rows_of(X, last), rows_of(Y, last), corrections[-1])
                total += loss
            return state, total / order.size

        return epoch


def _corrections(epochs: int, steps: int, dtype: Any) -> NDArray[Any]:
    """η/c₁ and 1/√c₂ of all steps (epochs, steps, 2), computed in float64."""
    t = np.arange(1, epochs * steps + 1, dtype=np.float64).reshape(epochs, steps)
    return np.stack([RATE / (1.0 - B1**t), (1.0 - B2**t) ** -0.5], axis=-1).astype(dtype)


def _step(state: Any, x: jax.Array, y: jax.Array, correction: jax.Array) -> Any:
    """One step of Adam (Algorithm 1); the batch's summed loss."""
    theta, m, v = state
    loss, g = jax.value_and_grad(_loss)(theta, x, y)
    m = jax.tree.map(lambda m, g: B1 * m + (1.0 - B1) * g, m, g)
    v = jax.tree.map(lambda v, g: B2 * v + (1.0 - B2) * (g * g), v, g)
    rate, root = correction
    theta = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) * root + EPS), theta, m, v)
    return (theta, m, v), loss * x.shape[0]


def _loss(theta: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean cross-entropy of a softmax output."""
    *hidden, (W, b) = theta
    h = x
    for V, c in hidden:
        h = jax.nn.relu(h @ V + c)
    return -jnp.sum(y * jax.nn.log_softmax(h @ W + b)) / x.shape[0]
