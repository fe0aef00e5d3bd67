"""The data of one traced step: every z, h, δ, ∇W and ∇b, as the network's own propagation computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.display.dependence import Dependents, Weight, dependents, weight
from multilayer.formulas.update_rules import UPDATE_RULES
from multilayer.network.arrays import check_inputs
from multilayer.network.layers import Hinges, Layer
from multilayer.network.objective import Objective
from multilayer.network.plan import Affine, Dropout, Elementwise, MaxPool
from multilayer.network.propagation import backward, forward, parameter_views
from multilayer.network.update import penalty, scales

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TracedLayer:
    """One layer with parameters in a traced step of n rows.

    Attributes
    ----------
    number : int
        ℓ, counted from 1.
    kind : {"dense", "maxout", "apl"}
        What stands between z and h.
    activation : str
        Name of g; in the last layer of o.
    parameters : Layer or Hinges
        W, b, … before the step.
    inputs : ndarray (n, n_in)
        Activations of the layer below; x in the first layer.
    z : ndarray (n, rows of W)
        Pre-activations.
    h : ndarray (n, units)
        Activations; in the last layer the outputs f = o(z).
    delta : ndarray (n, rows of W) or None
        δ = ∂L/∂z of each row's own loss, neither averaged nor penalised; None where no gradient flows.
    h_gradient : ndarray (n, units) or None
        ∂L/∂h of each row's own loss; None in the last layer too.
    gradient : Layer or Hinges or None
        ∂J/∂W, ∂J/∂b, …
    updated : Layer or Hinges or None
        Parameters after the step; None without a rate.
    dependents : Dependents or None
        Which units depend on the weight that was asked about.
    """

    number: int
    kind: Literal["dense", "maxout", "apl"]
    activation: str
    parameters: Layer | Hinges
    inputs: FloatArray
    z: FloatArray
    h: FloatArray
    delta: FloatArray | None
    h_gradient: FloatArray | None
    gradient: Layer | Hinges | None
    updated: Layer | Hinges | None
    dependents: Dependents | None


@dataclass(frozen=True, eq=False)
class Step:
    """One step of gradient descent, θ ← θ − η∇J(θ), with everything computed on the way.

    Attributes
    ----------
    objective : Objective
        J.
    single : bool
        Whether x came as one vector (D,).
    X, Y : ndarray (n, D), (n, k)
        Rows, and targets as the loss takes them.
    layers : tuple of TracedLayer
        From the first to the last.
    losses : ndarray (n,)
        L of each row.
    penalty : float
        What λΩ(θ) adds to J.
    value : float
        J(θ).
    rate : float or None
        η.
    value_after : float or None
        J after the update; None without a rate.
    weight : Weight or None
        The weight that was asked about.
    no_gradient : str or None
        Why no gradient flows, in words.
    """

    objective: Objective
    single: bool
    X: FloatArray
    Y: FloatArray
    layers: tuple[TracedLayer, ...]
    losses: FloatArray
    penalty: float
    value: float
    rate: float | None
    value_after: float | None
    weight: Weight | None
    no_gradient: str | None

    @property
    def n_rows(self) -> int:
        """Number n of rows."""
        return self.X.shape[0]

    @property
    def averaged(self) -> bool:
        """Whether the mean over several rows is taken, so that a factor 1/n shows."""
        return self.objective.reduction == "mean" and self.n_rows > 1

    @property
    def penalised(self) -> bool:
        """Whether there is a penalty λΩ."""
        return self.objective.penalty is not None

    @property
    def has_dropout(self) -> bool:
        """Whether the network has Dropout layers."""
        return any(isinstance(operation, Dropout) for operation in self.objective.network.operations)


def take_step(
    objective: Objective,
    theta: Sequence[Any] | NDArray[Any],
    x: ArrayLike,
    t: ArrayLike,
    rate: float | None,
    depends_on: str | None,
) -> Step:
    """Compute a step by the network's propagation; arguments as in `multilayer.trace`."""
    if not isinstance(objective, Objective):
        raise TypeError(f"objective: must be an Objective, came {type(objective).__name__}")
    _check_rate(rate, objective)
    net, plan = objective.network, objective.plan
    inputs, targets = np.asarray(x), np.asarray(t)
    single = inputs.ndim == 1
    X = check_inputs(inputs[None] if single else inputs, net.n_inputs, "x").astype(np.float64)
    if X.shape[0] == 0:
        raise ValueError("x: has no rows")
    T = targets[None] if single else targets
    Y = objective.encode(T, X.shape[0])
    flat = net.pack(theta)
    parameters = parameter_views(plan.views, flat)
    propagated = forward(plan.operations, parameters, X)
    z = propagated.values[-1]
    f = np.asarray(plan.head.output.function(z))

    no_gradient = _reason_for_no_gradient(objective)
    seen: dict[int, FloatArray] = {}
    gradient = after = None
    if no_gradient is None:
        backward(plan.operations, parameters, propagated, plan.head.delta(z, f, Y), seen.__setitem__)
        gradient = objective.value_and_gradient(flat, X, T)[1]
        if rate is not None:
            after = UPDATE_RULES["gradient_descent"].formula(flat, net.pack(gradient), rate=rate)[0]
    asked = None if depends_on is None else weight(depends_on, net)
    return Step(
        objective=objective,
        single=single,
        X=X,
        Y=Y,
        layers=_layers(objective, flat, propagated.values, f, seen, gradient, after, asked),
        losses=np.asarray(plan.head.value(z, f, Y)),
        penalty=float(penalty(plan, flat) / scales(plan, np.float64(X.shape[0]))[1]),
        value=objective.value(flat, X, T),
        rate=rate,
        value_after=None if after is None else objective.value(after, X, T),
        weight=asked,
        no_gradient=no_gradient,
    )


def _layers(
    objective: Objective,
    flat: FloatArray,
    values: list[FloatArray],
    f: FloatArray,
    seen: dict[int, FloatArray],
    gradient: Any,
    after: FloatArray | None,
    asked: Weight | None,
) -> tuple[TracedLayer, ...]:
    """The plan's operations gathered into layers: each affine one with what follows it."""
    net = objective.network
    parameters, updated = net.unpack(flat), None if after is None else net.unpack(after)
    marks = None if asked is None else dependents(asked, objective)
    affine = [i for i, operation in enumerate(net.operations) if isinstance(operation, Affine)]
    layers = []
    for number, i in enumerate(affine, start=1):
        last = number == len(affine)
        kind: Literal["dense", "maxout", "apl"] = "dense"
        activation = net.output.name
        if not last:
            match net.operations[i + 1]:
                case Elementwise(g):
                    activation = g.name
                case MaxPool():
                    kind = activation = "maxout"
                case _:
                    kind = activation = "apl"
        layers.append(
            TracedLayer(
                number=number,
                kind=kind,
                activation=activation,
                parameters=parameters[number - 1],
                inputs=values[i],
                z=values[i + 1],
                h=f if last else values[i + 2],
                delta=seen.get(i),
                h_gradient=None if last else seen.get(i + 1),
                gradient=None if gradient is None else gradient[number - 1],
                updated=None if updated is None else updated[number - 1],
                dependents=None if marks is None else marks[number - 1],
            )
        )
    return tuple(layers)


def _reason_for_no_gradient(objective: Objective) -> str | None:
    """Why no gradient flows through the network, in the objective's own words, or None."""
    try:
        objective.require_gradient()
    except ValueError as error:
        return str(error)
    return None


def _check_rate(rate: float | None, objective: Objective) -> None:
    """Refuse a rate that is none, and an update that is not θ − η∇J."""
    if rate is None:
        return
    if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)):
        raise TypeError(f"rate: must be a number, came {type(rate).__name__}")
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"rate: must be positive and finite, came {rate!r}")
    if objective.penalty is not None and objective.penalty.step == "proximal":
        raise ValueError(
            "rate: the update shown is θ − η∇J, but the penalty's step is 'proximal'; use step='gradient', or no rate"
        )
