"""A plan as the compiled module takes it, and what of a plan it cannot take."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from multilayer.formulas.activations import ACTIVATIONS, Activation
from multilayer.formulas.losses import LOSSES, Loss
from multilayer.formulas.outputs import OUTPUTS, Output
from multilayer.formulas.own_losses import OWN_LOSSES, OwnLoss
from multilayer.formulas.signatures import default_options
from multilayer.formulas.update_rules import UPDATE_RULES, UpdateRule
from multilayer.network.plan import Affine, Dropout, Elementwise, Hinges, MaxPool, Plan

OWN = frozenset(OWN_LOSSES.values())


def refusal(plan: Plan, rule: UpdateRule) -> str | None:
    """Names what is a Python function of the user's own; None if the compiled module knows all of the plan."""
    for operation in plan.operations:
        if isinstance(operation, Elementwise) and not _is_known_activation(operation.activation):
            return _own("activation", operation.activation.name)
    if not _is_known_output(plan.head.output):
        return _own("output", plan.head.output.name)
    if not _is_known_loss(plan.head.loss):
        return _own("loss", plan.head.loss.name)
    if UPDATE_RULES.get(rule.name) != rule:
        return _own("rule", rule.name)
    return None


def lowered(module: ModuleType, plan: Plan) -> Any:
    """The module's form of a plan that it does not refuse."""
    made = module.Plan(
        plan.n_inputs,
        plan.reduction == "mean",
        plan.penalty_in_mean,
        plan.penalty_step == "proximal",
        plan.clip_norm,
        plan.clip_value,
    )
    for v in plan.views:
        rows, columns = v.shape if len(v.shape) == 2 else (v.shape[0], 1)
        made.view(v.start, rows, columns, v.rate, v.l1, v.l2, v.decay)
    for operation in plan.operations:
        match operation:
            case Affine(weight, bias):
                made.affine(weight, -1 if bias is None else bias)
            case Elementwise(activation):
                made.elementwise(activation.name, _values(activation.function, activation.options))
            case Hinges(slope, knee):
                made.hinges(slope, knee)
            case MaxPool(pieces):
                made.max_pool(pieces)
            case Dropout(rate, stream):
                made.dropout(rate, stream)
    output, loss = plan.head.output, plan.head.loss
    elementwise = output.function if isinstance(output.function, Activation) else None
    of_output = [] if elementwise is None else _values(elementwise.function, elementwise.options)
    of_loss = _values(loss.function, loss.options) if isinstance(loss, Loss) else []
    made.head(output.name, of_output, list(output.groups), loss.name, isinstance(loss, OwnLoss), of_loss)
    return made


def _own(kind: str, name: str) -> str:
    return f"{kind} {name!r} is a Python function of your own; use engine='reference'"


def _values(function: Any, options: tuple[tuple[str, float], ...]) -> list[float]:
    """A function's options in the order of its signature; those not given keep their defaults."""
    return list({**dict(default_options(function)), **dict(options)}.values())


def _is_known_activation(activation: Activation) -> bool:
    known = ACTIVATIONS.get(activation.name)
    return known is not None and known.function == activation.function and known.derivative == activation.derivative


def _is_known_output(output: Output) -> bool:
    if isinstance(output.function, Activation):
        return _is_known_activation(output.function)
    known = OUTPUTS.get(output.name)
    return known is not None and known.by_group(output.groups) == output


def _is_known_loss(loss: Loss | OwnLoss) -> bool:
    if isinstance(loss, OwnLoss):
        return loss in OWN
    known = LOSSES.get(loss.name)
    return known is not None and known.function == loss.function and known.derivative == loss.derivative
