"""Programs of the native engine: arrays brought into the form that the compiled module takes, and back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.native.lowering import lowered
from multilayer.engines.protocol import Ending, FloatArray, IntArray, Report, Rows, State, Stretch, Sums
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.plan import Affine, Elementwise, MaxPool, Plan

ENDINGS: tuple[Ending, ...] = ("complete", "interrupted", "nonfinite")
Bits = Literal["32", "64"]


@dataclass(frozen=True)
class _Loaded:
    """Rows as the compiled module holds them."""

    rows: Any
    n: int


class NativeProgram:
    """A plan with its state in the compiled module; one thread at a time may use it."""

    def __init__(
        self, module: ModuleType, plan: Plan, rule: UpdateRule, dtype: np.dtype[Any], members: int | None, n_threads: int
    ) -> None:
        self._module, self._plan, self._rule, self._dtype, self._members = module, plan, rule, dtype, members
        self._bits: Bits = "32" if dtype == np.float32 else "64"
        made = getattr(module, f"Program{self._bits}")
        self._program = made(lowered(module, plan), rule.name, 1 if members is None else members, n_threads)
        self._lead: tuple[int, ...] = () if members is None else (members,)
        self._seed: int | tuple[int, ...] = 0 if members is None else (0,) * members

    def load(self, rows: Rows) -> _Loaded:
        """Rows in the program's dtype and in order of memory; nothing is copied that is so already."""
        Y = self._array(rows.Y)
        weight = None if rows.weight is None else self._array(rows.weight)
        if hasattr(rows.X, "tocsr"):
            X = rows.X.tocsr()
            if X.shape[1] != self._plan.n_inputs:
                raise ValueError(f"X: must have {self._plan.n_inputs} columns, came {X.shape[1]}")
            indices, indptr = X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64, copy=False)
            made = self._module.sparse(self._array(X.data), indices, indptr, X.shape[1], Y, weight, rows.first_id)
        else:
            made = self._module.dense(self._array(rows.X), Y, weight, rows.first_id)
        return _Loaded(made, rows.X.shape[0])

    def write(self, state: State) -> None:
        """Set the state; arrays are copied."""
        shape = (*self._lead, self._plan.n_parameters)
        arrays = [self._array(a) for a in (state.theta, *state.slots)]
        for a in arrays:
            if a.shape != shape:
                raise ValueError(f"state: arrays must have shape {shape}, came {a.shape}")
        if len(arrays) != 1 + len(self._rule.slots):
            raise ValueError(f"state: rule {self._rule.name!r} has slots {self._rule.slots}, came {len(state.slots)}")
        if isinstance(state.seed, tuple) != (self._members is not None) or np.shape(state.seed) != self._lead:
            raise ValueError(f"state: seed must be a number, or a tuple with one for each member, came {state.seed!r}")
        seeds = state.seed if isinstance(state.seed, tuple) else (state.seed,)
        for k, seed in enumerate(seeds):
            self._program.write(k, [a.reshape(-1, shape[-1])[k] for a in arrays], state.step, int(seed))
        self._seed = state.seed

    def read(self) -> State:
        """A copy of the state."""
        arrays = [np.empty((*self._lead, self._plan.n_parameters), self._dtype) for _ in range(1 + len(self._rule.slots))]
        step = 0
        for k in range(self._members or 1):
            step = self._program.read(k, [a.reshape(-1, self._plan.n_parameters)[k] for a in arrays])
        return State(arrays[0], tuple(arrays[1:]), step, self._seed)

    def gradient(
        self, data: _Loaded, order: IntArray | None = None, *, masks: bool = False, theta: FloatArray | None = None
    ) -> tuple[Sums, FloatArray]:
        """Loss and gradient summed over rows; see `Program.gradient`."""
        n_parameters = self._plan.n_parameters
        gradient = np.empty((*self._lead, n_parameters), self._dtype)
        sums = []
        for k in range(self._members or 1):
            sums.append(
                self._program.gradient(
                    k,
                    data.rows,
                    None if order is None else _member(_whole_numbers(order), k),
                    masks,
                    None if theta is None else self._array(theta).reshape(-1, n_parameters)[k],
                    gradient.reshape(-1, n_parameters)[k],
                    _in_main_thread(),
                )
            )
        return self._sums(sums), gradient

    def loss(self, data: _Loaded) -> Sums:
        """Loss summed over all rows, without dropout and penalty."""
        return self._sums([self._program.loss(k, data.rows, _in_main_thread()) for k in range(self._members or 1)])

    def apply(self, gradient: FloatArray, sums: Sums, scalars: NDArray[np.float64]) -> NDArray[np.float64]:
        """Update the state with a summed gradient; returns the penalty's part of J from before."""
        gradients = self._array(gradient).reshape(-1, self._plan.n_parameters)
        weights = np.broadcast_to(sums.weight, self._lead).ravel()
        numbers = np.ascontiguousarray(scalars, np.float64)
        omega = [self._program.apply(k, g, float(w), numbers) for k, (g, w) in enumerate(zip(gradients, weights, strict=True))]
        return np.array(omega).reshape(self._lead)

    def advance(self, data: _Loaded, stretch: Stretch, interrupt: Callable[[], bool] | None = None) -> Report:
        """Make a stretch's updates; see `Program.advance`."""
        batches = len(stretch.starts) - 1
        order = _whole_numbers(stretch.order)
        order = order.reshape(-1, order.shape[-1])
        starts = _whole_numbers(stretch.starts)
        scalars = np.ascontiguousarray(stretch.scalars, np.float64).reshape(batches, len(self._rule.scalars))
        columns = np.empty((3, batches, self._members or 1))
        stop, main_thread = stretch.on_nonfinite == "stop", _in_main_thread()
        if interrupt is None:
            done, ended = self._program.advance(data.rows, order, starts, scalars, stop, *columns, main_thread)
        else:
            done = ended = 0
            try:
                while done < batches and not ended:
                    if interrupt():
                        ended = ENDINGS.index("interrupted")
                        break
                    one = slice(done, done + 1)
                    made, ended = self._program.advance(
                        data.rows, order, starts[done : done + 2], scalars[one], stop, *columns[:, one], main_thread
                    )
                    done += made
            except KeyboardInterrupt:
                ended = ENDINGS.index("interrupted")
        loss, weight, penalty = columns[:, :done].reshape(3, done, *self._lead)
        return Report(done, loss, weight, penalty, ENDINGS[ended])

    def predict(self, X: Any, *, until: int | None = None) -> FloatArray:
        """Outputs, or the values after operation `until`."""
        rows = self.load(Rows(X, np.empty((X.shape[0], self._plan.n_outputs), self._dtype)))
        units = _units_after(self._plan, until)
        outputs = np.empty((*self._lead, rows.n, units), self._dtype)
        last = -1 if until is None else range(len(self._plan.operations))[until]
        for k in range(self._members or 1):
            self._program.predict(k, rows.rows, last, outputs.reshape(-1, rows.n, units)[k], _in_main_thread())
        return outputs

    def predictor(self) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """The network's outputs for one row at a time, at the parameters of this moment, as fast as can be.

        ``predictor(x)`` takes a contiguous array (D,) of the program's dtype and returns (k,), an array that the next
        call overwrites: copy what is to be kept.

        Raises
        ------
        ValueError
            For a population, or a network with dropout, maxout or learned hinges.
        """
        if self._members is not None:
            raise ValueError("predictor: needs a single network, came a population")
        if not all(isinstance(operation, Affine | Elementwise) for operation in self._plan.operations):
            raise ValueError("predictor: needs a network of dense layers only; use predict")
        outputs = np.empty(self._plan.n_outputs, self._dtype)
        return getattr(self._module, f"Predictor{self._bits}")(self._program, 0, outputs)

    def _array(self, values: Any) -> NDArray[Any]:
        """Values in the program's dtype, contiguous."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.ascontiguousarray(values, self._dtype)

    def _sums(self, sums: list[tuple[float, float]]) -> Sums:
        """Loss and weight, with a leading axis for a population."""
        loss, weight = np.array(sums).T.reshape(2, *self._lead)
        return Sums(np.asarray(loss), np.asarray(weight))


def _whole_numbers(values: IntArray) -> IntArray:
    return np.ascontiguousarray(values, np.int64)


def _member(order: IntArray, k: int) -> IntArray:
    """A member's order, its own or the shared one."""
    return order[k] if order.ndim == 2 else order


def _in_main_thread() -> bool:
    """Whether signals are answered in this thread."""
    return threading.current_thread() is threading.main_thread()


def _units_after(plan: Plan, until: int | None) -> int:
    """Numbers a row after operation `until`."""
    units = plan.n_inputs
    for operation in plan.operations[: None if until is None else range(len(plan.operations))[until] + 1]:
        if isinstance(operation, Affine):
            units = plan.views[operation.weight].shape[0]
        elif isinstance(operation, MaxPool):
            units //= operation.pieces
    return units
