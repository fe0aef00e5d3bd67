"""Programs of the native engine: arrays brought into the form that the compiled module takes, and back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.native.arguments import csr, numbers, whole_numbers
from multilayer.engines.native.lowering import lowered
from multilayer.engines.protocol import Ending, FloatArray, IntArray, Report, Rows, State, Stretch, Sums
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.checks import require_integer
from multilayer.network.plan import Affine, Elementwise, MaxPool, Plan
from multilayer.network.targets import OneHot
from multilayer.random import require_seed

ENDINGS: tuple[Ending, ...] = ("complete", "interrupted", "nonfinite")
Bits = Literal["32", "64"]
DOUBLE = np.dtype(np.float64)


@dataclass(frozen=True)
class _Loaded:
    """Rows as the compiled module holds them."""

    rows: Any
    n: int


class NativeProgram:
    """A plan with its state in the compiled module; one thread at a time may use it."""

    def __init__(
        self,
        module: ModuleType,
        plan: Plan,
        rule: UpdateRule,
        dtype: np.dtype[Any],
        members: int | None,
        n_threads: int,
    ) -> None:
        self._module, self._plan, self._rule, self._dtype, self._members = module, plan, rule, dtype, members
        self._bits: Bits = "32" if dtype == np.float32 else "64"
        made = getattr(module, f"Program{self._bits}")
        self._program = made(lowered(module, plan), rule.name, 1 if members is None else members, n_threads)
        self._lead: tuple[int, ...] = () if members is None else (members,)
        self._seed: int | tuple[int, ...] = 0 if members is None else (0,) * members

    def load(self, rows: Rows) -> _Loaded:
        """Rows in the program's dtype and in order of memory; nothing is copied that is so already."""
        require_integer("first_id", rows.first_id, least=0)
        Y, weight = rows.Y, None if rows.weight is None else numbers("weight", rows.weight, self._dtype, (None,))
        if isinstance(Y, OneHot):
            labels = np.ascontiguousarray(Y.labels, np.int32), Y.n_classes, Y.on, Y.off
            return self._loaded(rows.X, None, labels, weight, rows.first_id)
        Y = numbers("Y", Y, self._dtype, (None, self._plan.n_outputs))
        return self._loaded(rows.X, Y, None, weight, rows.first_id)

    def _loaded(self, X: Any, *others: Any) -> _Loaded:
        """Inputs with what the module takes beside them: targets or labels, weights, the first id."""
        if hasattr(X, "tocsr"):
            values, columns, begins = csr(X, self._dtype, self._plan.n_inputs)
            made = self._module.sparse(values, columns, begins, X.shape[1], *others)
            return _Loaded(made, X.shape[0])
        X = numbers("X", X, self._dtype, (None, self._plan.n_inputs))
        return _Loaded(self._module.dense(X, *others), len(X))

    def write(self, state: State) -> None:
        """Set the state; arrays are copied."""
        shape = (*self._lead, self._plan.n_parameters)
        arrays = [numbers("state: arrays", a, self._dtype, shape) for a in (state.theta, *state.slots)]
        if len(arrays) != 1 + len(self._rule.slots):
            raise ValueError(f"state: rule {self._rule.name!r} has slots {self._rule.slots}, came {len(state.slots)}")
        if isinstance(state.seed, tuple) != (self._members is not None) or np.shape(state.seed) != self._lead:
            raise ValueError(f"state: seed must be a number, or a tuple with one for each member, came {state.seed!r}")
        require_integer("state: step", state.step, least=0)
        seeds = [require_seed(seed) for seed in (state.seed if isinstance(state.seed, tuple) else (state.seed,))]
        for k, seed in enumerate(seeds):
            self._program.write(k, [a.reshape(-1, shape[-1])[k] for a in arrays], int(state.step), seed)
        self._seed = state.seed

    def read(self) -> State:
        """A copy of the state."""
        (theta, *slots), step = self._copies(1 + len(self._rule.slots))
        return State(theta, tuple(slots), step, self._seed)

    def read_theta(self) -> FloatArray:
        """A copy of θ alone."""
        return self._copies(1)[0][0]

    def _copies(self, count: int) -> tuple[list[FloatArray], int]:
        """Copies of θ and as many slots as make `count` arrays; updates made so far."""
        arrays = [np.empty((*self._lead, self._plan.n_parameters), self._dtype) for _ in range(count)]
        step = 0
        for k in range(self._members or 1):
            step = self._program.read(k, [a.reshape(-1, self._plan.n_parameters)[k] for a in arrays])
        return arrays, step

    def release(self) -> State:
        """The state itself, a population's as a copy; the program cannot be used afterwards."""
        members, step = self._program.release()
        theta, *slots = members[0] if self._members is None else map(np.stack, zip(*members, strict=True))
        return State(theta, tuple(slots), step, self._seed)

    def gradient(
        self, data: _Loaded, order: IntArray | None = None, *, masks: bool = False, theta: FloatArray | None = None
    ) -> tuple[Sums, FloatArray]:
        """Loss and gradient summed over rows; see `Program.gradient`."""
        n_parameters = self._plan.n_parameters
        gradient = np.empty((*self._lead, n_parameters), self._dtype)
        if order is not None:
            order = whole_numbers("order", order, (1, 2))
        if theta is not None:
            theta = numbers("theta", theta, self._dtype, gradient.shape)
        sums = [
            self._program.gradient(
                k,
                data.rows,
                None if order is None else _member(order, k),
                masks,
                None if theta is None else theta.reshape(-1, n_parameters)[k],
                gradient.reshape(-1, n_parameters)[k],
                _in_main_thread(),
            )
            for k in range(self._members or 1)
        ]
        return self._sums(sums), gradient

    def loss(self, data: _Loaded) -> Sums:
        """Loss summed over all rows, without dropout and penalty."""
        return self._sums([self._program.loss(k, data.rows, _in_main_thread()) for k in range(self._members or 1)])

    def apply(self, gradient: FloatArray, sums: Sums, scalars: NDArray[np.float64]) -> NDArray[np.float64]:
        """Update the state with a summed gradient; returns the penalty's part of J from before."""
        gradients = numbers("gradient", gradient, self._dtype, (*self._lead, self._plan.n_parameters))
        weights = numbers("sums.weight", sums.weight, DOUBLE, self._lead).ravel()
        of_step = numbers("scalars", scalars, DOUBLE, (len(self._rule.scalars),))
        omega = [
            self._program.apply(k, g, w, of_step)
            for k, (g, w) in enumerate(zip(gradients.reshape(len(weights), -1), weights.tolist(), strict=True))
        ]
        return np.array(omega).reshape(self._lead)

    def advance(self, data: _Loaded, stretch: Stretch, interrupt: Callable[[], bool] | None = None) -> Report:
        """Make a stretch's updates; see `Program.advance`."""
        order, starts = whole_numbers("order", stretch.order, (1, 2)), whole_numbers("starts", stretch.starts, (1,))
        order = order if order.ndim == 2 else order[None]
        batches = len(starts) - 1
        if batches < 0:
            raise ValueError("starts: must have one entry more than there are batches, came none")
        scalars = numbers("scalars", stretch.scalars, DOUBLE, (batches, len(self._rule.scalars)))
        columns = np.empty((3, batches, self._members or 1))
        stop, main_thread = stretch.on_nonfinite == "stop", _in_main_thread()
        first = self._program.read(0, [])
        done = ended = 0
        try:
            if interrupt is None:
                done, ended = self._program.advance(data.rows, order, starts, scalars, stop, *columns, main_thread)
            else:
                while done < batches and not ended:
                    if interrupt():
                        ended = ENDINGS.index("interrupted")
                        break
                    one = slice(done, done + 1)
                    made, ended = self._program.advance(
                        data.rows, order, starts[done : done + 2], scalars[one], stop, *columns[:, one], main_thread
                    )
                    done += made
            return self._report(columns, done, ENDINGS[ended])
        except KeyboardInterrupt:  # also on the way out of the module: the steps it made tell how many records hold
            return self._report(columns, self._program.read(0, []) - first, "interrupted")

    def predict(self, X: Any, *, until: int | None = None) -> FloatArray:
        """Outputs, or the values after operation `until`."""
        last = -1 if until is None else _operation(self._plan, until)
        rows = self._loaded(X, None, None, None, 0)
        units = _units_after(self._plan, last)
        outputs = np.empty((*self._lead, rows.n, units), self._dtype)
        members = outputs.reshape(self._members or 1, rows.n, units)
        for k in range(len(members)):
            self._program.predict(k, rows.rows, last, members[k], _in_main_thread())
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

    def _report(self, columns: NDArray[np.float64], done: int, ended: Ending) -> Report:
        """What is told of the batches done; without the members' axis for a single network."""
        loss, weight, penalty = columns[:, :done].reshape(3, done, *self._lead)
        return Report(done, loss, weight, penalty, ended)

    def _sums(self, sums: list[tuple[float, float]]) -> Sums:
        """Loss and weight, with a leading axis for a population."""
        loss, weight = np.array(sums).T.reshape(2, *self._lead)
        return Sums(np.asarray(loss), np.asarray(weight))


def _member(order: IntArray, k: int) -> IntArray:
    """A member's order, its own or the shared one."""
    return order[k] if order.ndim == 2 else order


def _in_main_thread() -> bool:
    """Whether signals are answered in this thread."""
    return threading.current_thread() is threading.main_thread()


def _operation(plan: Plan, until: int) -> int:
    """The number of an operation, of which those below 0 count from the end."""
    numbers = range(len(plan.operations))
    try:
        return numbers[until]
    except IndexError:
        raise ValueError(f"until: must be the number of one of {len(numbers)} operations, came {until!r}") from None


def _units_after(plan: Plan, last: int) -> int:
    """Numbers a row after an operation; −1 is the last one."""
    units = plan.n_inputs
    for operation in plan.operations[: range(len(plan.operations))[last] + 1]:
        if isinstance(operation, Affine):
            units = plan.views[operation.weight].shape[0]
        elif isinstance(operation, MaxPool):
            units //= operation.pieces
    return units
