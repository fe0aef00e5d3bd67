"""The reference engine: `network.propagation` and `network.update` on NumPy. Readable; the judge of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import RELEASED, Ending, FloatArray, IntArray, Report, Rows, State, Stretch, Sums
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.plan import Dropout, Plan
from multilayer.network.propagation import MaskDraw, RowLosses, loss_and_gradient, predict, row_losses
from multilayer.network.targets import OneHot
from multilayer.network.update import divisor, penalty, scales, update
from multilayer.random import dropout_mask

# NaN and infinity are looked for where they matter, so that NumPy's warnings would only repeat what is said in words.
_LOOKED_AT = np.errstate(over="ignore", invalid="ignore", divide="ignore")


@dataclass(frozen=True)
class ReferenceEngine:
    """Runs any plan, in any floating dtype of NumPy."""

    name: str = "reference"

    def refuses(self, plan: Plan, rule: UpdateRule, dtype: np.dtype[Any]) -> str | None:
        """Why this engine cannot run the plan; None: it runs them all in floating point."""
        return None if np.dtype(dtype).kind == "f" else f"dtype: must be a floating type, came {dtype}"

    def program(
        self,
        plan: Plan,
        rule: UpdateRule,
        *,
        dtype: Any = np.float64,
        members: int | None = None,
        n_threads: int | None = None,
    ) -> ReferenceProgram:
        """A program; threads are NumPy's own, which `threadpoolctl` limits, so `n_threads` must be None."""
        if n_threads is not None:
            raise ValueError(
                f"n_threads: the reference engine takes NumPy's threads (limit them with threadpoolctl), "
                f"came {n_threads!r}"
            )
        return ReferenceProgram(plan, rule, np.dtype(dtype), () if members is None else (members,))


@dataclass(frozen=True)
class _Loaded:
    """Rows in the program's dtype, but for labels, of which each batch writes out its own."""

    X: Any
    Y: FloatArray | OneHot
    weight: FloatArray | None
    ids: IntArray


class ReferenceProgram:
    """A plan with its state. Updates replace arrays, so that an interruption never leaves half of one."""

    def __init__(self, plan: Plan, rule: UpdateRule, dtype: np.dtype[Any], lead: tuple[int, ...]) -> None:
        self._plan, self._rule, self._dtype = plan, rule, dtype
        self._shape = (*lead, plan.n_parameters)
        zeros = np.zeros(self._shape, dtype)
        self._held: State | None = State(zeros, (zeros,) * len(rule.slots), 0, (0,) * lead[0] if lead else 0)

    @_LOOKED_AT
    def load(self, rows: Rows) -> _Loaded:
        """Rows in the program's dtype; nothing is copied that is in it already."""
        weight = None if rows.weight is None else np.asarray(rows.weight, self._dtype)
        ids = np.arange(rows.first_id, rows.first_id + rows.X.shape[0])
        Y = rows.Y if isinstance(rows.Y, OneHot) else np.asarray(rows.Y, self._dtype)
        return _Loaded(self._inputs(rows.X), Y, weight, ids)

    def write(self, state: State) -> None:
        """Set the state; arrays are copied."""
        arrays = [np.array(a, self._dtype) for a in (state.theta, *state.slots)]
        shape = self._state.theta.shape
        for a in arrays:
            if a.shape != shape:
                raise ValueError(f"state: arrays must have shape {shape}, came {a.shape}")
        if len(arrays) != 1 + len(self._rule.slots):
            raise ValueError(f"state: rule {self._rule.name!r} has slots {self._rule.slots}, came {len(state.slots)}")
        if isinstance(state.seed, tuple) != (len(self._shape) == 2) or np.shape(state.seed) != self._shape[:-1]:
            raise ValueError(f"state: seed must be a number, or a tuple with one for each member, came {state.seed!r}")
        self._held = replace(state, theta=arrays[0], slots=tuple(arrays[1:]))

    def read(self) -> State:
        """A copy of the state."""
        state = self._state
        return replace(state, theta=state.theta.copy(), slots=tuple(slot.copy() for slot in state.slots))

    def read_theta(self) -> FloatArray:
        """A copy of θ alone."""
        return self._state.theta.copy()

    def release(self) -> State:
        """The state itself; the program cannot be used afterwards."""
        state, self._held = self._state, None
        return state

    def gradient(
        self, data: _Loaded, order: IntArray | None = None, *, masks: bool = False, theta: FloatArray | None = None
    ) -> tuple[Sums, FloatArray]:
        """Loss and gradient summed over rows; see `Program.gradient`."""
        X, Y, weight = data.X, data.Y, data.weight
        if order is not None:
            X, Y = X[order], Y[order]
            weight = None if weight is None else weight[order]
        Y = np.asarray(Y, self._dtype)
        theta = self._state.theta if theta is None else np.asarray(theta, self._dtype)
        draw_mask = self._masks(data.ids, order) if masks else None
        sums, gradient = loss_and_gradient(self._plan, theta, X, Y, weight, draw_mask)
        return _in_double(sums), gradient

    @_LOOKED_AT
    def loss(self, data: _Loaded) -> Sums:
        """Loss summed over all rows, without dropout and penalty."""
        Y = np.asarray(data.Y, self._dtype)
        return _in_double(row_losses(self._plan, self._state.theta, data.X, Y, data.weight))

    def apply(self, gradient: FloatArray, sums: Sums, scalars: NDArray[np.float64]) -> NDArray[np.float64]:
        """Update the state with a summed gradient; returns the penalty's part of J from before."""
        omega = self._penalty(sums)
        self._held = self._updated(gradient, sums, scalars)
        return omega

    @_LOOKED_AT
    def advance(self, data: _Loaded, stretch: Stretch, interrupt: Callable[[], bool] | None = None) -> Report:
        """Make a stretch's updates; see `Program.advance`."""
        records: list[tuple[FloatArray, ...]] = []
        first = self._state.step
        ended: Ending = "complete"
        try:
            for j in range(len(stretch.starts) - 1):
                if interrupt is not None and interrupt():
                    ended = "interrupted"
                    break
                batch = stretch.order[..., stretch.starts[j] : stretch.starts[j + 1]]
                sums, gradient = self.gradient(data, batch, masks=True)
                if stretch.on_nonfinite == "stop" and not (
                    np.isfinite(sums.loss).all() and np.isfinite(gradient).all()
                ):
                    ended = "nonfinite"
                    break
                records.append((*sums, self._penalty(sums)))
                # Ctrl-C falls before or after this one assignment: the step it counts tells how many records hold.
                self._held = self._updated(gradient, sums, stretch.scalars[j])
        except KeyboardInterrupt:
            ended = "interrupted"
        done = self._state.step - first
        columns = np.array(records[:done], np.float64).reshape(done, 3, *self._shape[:-1])
        return Report(done, columns[:, 0], columns[:, 1], columns[:, 2], ended)

    def predict(self, X: Any, *, until: int | None = None) -> FloatArray:
        """Outputs, or the values after operation `until`."""
        values = predict(self._plan, self._state.theta, self._inputs(X), until)
        return values.toarray() if hasattr(values, "toarray") else values  # sparse rows that only dropout has passed

    def _inputs(self, X: Any) -> Any:
        """Rows in the program's dtype; a population's as an array, since SciPy multiplies by one matrix at a time."""
        dense = X.toarray() if len(self._shape) == 2 and hasattr(X, "toarray") else X
        return dense.astype(self._dtype, copy=False)

    @property
    def _state(self) -> State:
        if self._held is None:
            raise RuntimeError(RELEASED)
        return self._held

    def _penalty(self, sums: Sums) -> NDArray[np.float64]:
        """The penalty's part of a batch's objective."""
        _, penalty_scale = scales(self._plan, divisor(sums.weight))
        return np.asarray(penalty(self._plan, self._state.theta) / penalty_scale, np.float64)

    def _updated(self, gradient: FloatArray, sums: Sums, scalars: NDArray[np.float64]) -> State:
        """The state after an update."""
        before = self._state
        theta, slots = update(
            self._plan,
            self._rule,
            before.theta,
            before.slots,
            gradient,
            np.asarray(sums.weight, self._dtype),
            dict(zip(self._rule.scalars, scalars.tolist(), strict=True)),
        )
        return State(theta, slots, before.step + 1, before.seed)

    def _masks(self, ids: IntArray, order: IntArray | None) -> MaskDraw:
        """Dropout masks for these rows, by their ids, in the coming update."""
        seeds = self._state.seed

        def draw(dropout: Dropout, n_units: int) -> FloatArray:
            options: dict[str, Any] = {
                "rate": dropout.rate,
                "stream": dropout.stream,
                "step": self._state.step,
                "dtype": self._dtype,
            }
            rows = ids if order is None else ids[order]
            if not isinstance(seeds, tuple):
                return dropout_mask(rows, n_units, seed=seeds, **options)
            member_ids = np.broadcast_to(rows, (len(seeds), rows.shape[-1]))
            return np.stack(
                [dropout_mask(i, n_units, seed=seed, **options) for seed, i in zip(seeds, member_ids, strict=True)]
            )

        return draw


def _in_double(sums: RowLosses) -> Sums:
    """Sums in float64."""
    return Sums(np.asarray(sums.loss, np.float64), np.asarray(sums.weight, np.float64))
