"""The layerwise algorithm of 000, "Full training approach", Algorithm 1: errors pushed back through transposed weights.

One epoch, for Y = f₂(V f₁(W X)) and samples i = 1 … ℓ:

    1, 2   H_i = f₁(W X_i),   Y_i − f₂(V H_i) =: E_i   for all i, with the epoch's first W and V
    3      for each i, e = E_i:
    4        for each layer, the last first:
    5          V ← V + η (f₂′(V H_i) ⊙ e) H_iᵀ        then   W ← W + η (f₁′(W X_i) ⊙ e) X_iᵀ
    6          e ← Vᵀ e   with the V just updated

It follows no gradient: backpropagation would push f₂′ ⊙ e, through the V before its update, and every sample's error
would be the one of the weights as they stand. At any depth line 5 and 6 run over all layers; for a function whose
outputs depend on each other f′ ⊙ e is J_fᵀ e; biases are weights of a constant input 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Program, Rows, State
from multilayer.formulas.outputs import output
from multilayer.network.checks import require_choice, require_truth
from multilayer.network.plan import Affine, Elementwise, Plan
from multilayer.network.propagation import forward, parameter_views
from multilayer.network.update import scales
from multilayer.random import stream
from multilayer.training.batches import Batches
from multilayer.training.diagnosis import describe_nonfinite
from multilayer.training.history import Ending, Run
from multilayer.training.progress import Progress
from multilayer.training.rules import GradientDescent, Rule
from multilayer.training.task import Task
from multilayer.training.whole_batch import WholeBatch

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Layerwise:
    """000's Algorithm 1; the defaults are its literal reading, the options what it leaves open.

    Parameters
    ----------
    order : {"last_first", "first_last"}
        Of the layers in line 4. With "first_last" all errors are pushed before the first update, so `push` must
        be "old".
    push : {"updated", "old"}
        The weights that line 6 pushes through: after line 5's update, or before.
    derivative : bool
        Push f′ ⊙ e, as backpropagation does, instead of e.
    hidden : {"stored", "recomputed"}
        H_i and f′ in line 5: as line 1 left them, or from the weights as they are when a layer is updated. The
        errors E_i are line 2's either way.
    """

    order: Literal["last_first", "first_last"] = "last_first"
    push: Literal["updated", "old"] = "updated"
    derivative: bool = False
    hidden: Literal["stored", "recomputed"] = "stored"
    name: ClassVar[str] = "layerwise"
    batch_size: ClassVar[int] = 1
    takes: ClassVar[tuple[str, ...]] = ("rule", "sampling")

    def __post_init__(self) -> None:
        require_choice("order", self.order, ("last_first", "first_last"))
        require_choice("push", self.push, ("updated", "old"))
        require_truth("derivative", self.derivative)
        require_choice("hidden", self.hidden, ("stored", "recomputed"))
        if self.order == "first_last" and self.push == "updated":
            raise ValueError(
                "push: with order='first_last' errors are pushed before any weight is updated; use push='old'"
            )


class DenseLayer(NamedTuple):
    """W (n_out, n_in) and b (n_out,) or None, views of θ; vjp(z, f, e) = J_fᵀ e of the layer's function f."""

    W: FloatArray
    b: FloatArray | None
    vjp: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

    def push(self, z: FloatArray, f: FloatArray, e: FloatArray, derivative: bool) -> FloatArray:
        """Line 6: Wᵀ e, or Wᵀ (f′ ⊙ e) with the derivative."""
        return self.W.T @ (self.vjp(z, f, e) if derivative else e)


def train_layerwise(
    task: Task,
    method: Layerwise,
    program: Program,
    theta: FloatArray,
    *,
    rule: Rule,
    batches: Batches,
    seed: int,
) -> Run:
    """Run Algorithm 1 epoch after epoch from the flat θ on; η is the rule's rate.

    Raises
    ------
    ValueError
        For anything but squared loss on a network of Dense layers, and another rule than gradient descent.
    Diverged
        If the loss became NaN or infinite.
    """
    _require_algorithm(task, rule)
    program.write(State(theta, (), 0, seed))
    progress = Progress(task, program, WholeBatch(task.plan, program, task.rows))
    generator = stream(seed, "order")
    n = task.rows.X.shape[0]
    ended: Ending = "epochs"
    message = f"all {task.epochs} epochs were run"
    try:
        while ended == "epochs" and len(progress.record) < task.epochs:
            number = len(progress.record) + 1
            order, _ = batches.draw(generator, 1)
            theta = theta.copy()
            total = run_epoch(task.plan, theta, task.rows, order, rule.rate, method)
            if not np.isfinite(total):
                before = program.read_theta()
                ended = "nonfinite"
                message = describe_nonfinite(task.plan, before, task.rows, np.arange(n), f"epoch {number}")
                break
            program.write(State(theta, (), number * n, seed))
            loss = total / scales(task.plan, n)[0]
            if reason := progress.add(loss, 0.0, rule.rate):
                ended, message = "stopped", reason
    except KeyboardInterrupt:
        ended, message = "interrupted", f"interrupted in epoch {len(progress.record) + 1}"
    return progress.finish(ended, message)


def run_epoch(
    plan: Plan, theta: FloatArray, rows: Rows, order: NDArray[np.int64], rate: float, method: Layerwise
) -> float:
    """Algorithm 1 once, on θ in place; returns ½ Σ‖E_i‖² of line 2."""
    parameters = parameter_views(plan.views, theta)
    layers = _dense_layers(plan, parameters)
    X = rows.X.astype(theta.dtype, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        stored = _values(plan, parameters, X)
        E = np.asarray(rows.Y, theta.dtype) - stored[-1]
        for i in order:

            def values(i: int = i) -> list[FloatArray]:
                if method.hidden == "stored":
                    return [value[i] for value in stored]
                return [value[0] for value in _values(plan, parameters, X[i : i + 1])]

            correct(layers, values, E[i], rate, method)
        return 0.5 * float(np.sum(E * E, dtype=np.float64))


def correct(
    layers: Sequence[DenseLayer],
    values: Callable[[], Sequence[FloatArray]],
    e: FloatArray,
    rate: float,
    method: Layerwise,
) -> None:
    """Lines 4 to 6 for one sample's error e (k,), in place; ``values()`` gives its x, z₁, h₁, z₂, …, z_L, f."""
    errors = [e] * len(layers)
    down = range(len(layers) - 1, -1, -1)
    if method.push == "old":
        for l in down[:-1]:
            _, z, f = values()[2 * l : 2 * l + 3]
            errors[l - 1] = layers[l].push(z, f, errors[l], method.derivative)
    for l in down if method.order == "last_first" else reversed(down):
        h, z, f = values()[2 * l : 2 * l + 3]
        W, b, vjp = layers[l]
        local = vjp(z, f, errors[l])
        W += rate * np.outer(local, h)
        if b is not None:
            b += rate * local
        if method.push == "updated" and l > 0:
            errors[l - 1] = layers[l].push(z, f, errors[l], method.derivative)


def _values(plan: Plan, parameters: Sequence[FloatArray], X: FloatArray) -> list[FloatArray]:
    """Line 1: x, z₁, h₁, z₂, …, z_L, f of each row."""
    values = forward(plan.operations, parameters, X).values
    return [*values, plan.head.output.function(values[-1])]


def _dense_layers(plan: Plan, parameters: Sequence[FloatArray]) -> list[DenseLayer]:
    """The plan's affine maps, each with the function that follows it."""
    maps = [operation for operation in plan.operations if isinstance(operation, Affine)]
    activations = [operation.activation for operation in plan.operations if isinstance(operation, Elementwise)]
    layers = []
    for affine, function in zip(maps, [*map(output, activations), plan.head.output], strict=True):
        assert function.vjp is not None
        b = None if affine.bias is None else parameters[affine.bias]
        layers.append(DenseLayer(parameters[affine.weight], b, function.vjp))
    return layers


def _require_algorithm(task: Task, rule: Rule) -> None:
    """Refuse what Algorithm 1 has no place for."""
    plan = task.plan
    if not isinstance(rule, GradientDescent) or rule.weight_decay:
        raise ValueError(f"rule: method 'layerwise' takes GradientDescent(rate) for its η, came {rule!r}")
    if plan.head.loss.name != "squared":
        raise ValueError(
            f"method: 'layerwise' is made for squared loss, came loss {plan.head.loss.name!r}; use loss='squared'"
        )
    others = [type(o).__name__ for o in plan.operations if not isinstance(o, (Affine, Elementwise))]
    if others:
        raise ValueError(f"method: 'layerwise' takes Dense layers only, came a network with {others[0]}")
    if any(v.l1 or v.l2 for v in plan.views):
        raise ValueError("penalty: 'layerwise' has no gradient that it could join; leave the penalty out")
    if task.rows.weight is not None:
        raise ValueError("sample_weight: 'layerwise' treats all samples alike; leave it out")
    if hasattr(task.rows.X, "toarray"):
        raise ValueError("X: 'layerwise' takes a dense array, came a sparse one; use X.toarray()")
