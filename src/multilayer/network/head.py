"""The head of a network: an output o joined with a loss L.

    f = o(z),   δ = ∂L/∂z

Each output has its own losses, given on the pre-activations z, exact and free of overflow. Any other loss on
f = o(z) composes through the output's vector–Jacobian product, δ = J_oᵀ ∂L/∂f (squared loss on sigmoid
units, 004: ML:IV-94: δᵒ = (c − y) ⊙ y ⊙ (1 − y), there with the opposite sign).

Losses are summed over the k outputs, own losses of an output by groups over the groups; rows are summed or averaged
elsewhere, in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multilayer.formulas.groups import parts
from multilayer.formulas.losses import LOSS_NAMES, LOSSES, Loss, loss
from multilayer.formulas.namespace import Array, namespace
from multilayer.formulas.outputs import OUTPUTS, Output, output
from multilayer.formulas.own_losses import OWN_LOSSES, OwnLoss

TargetKind = Literal["classes", "zero_one", "signs", "numbers"]

DEFAULT_LOSS: dict[str | None, str] = {
    "sigmoid": "cross_entropy",
    "softmax": "cross_entropy",
    "sparsemax": "sparsemax",
    "exp": "poisson",
    "heaviside": "perceptron",
    "sign": "perceptron",
}
POSITIVE_OUTPUTS = ("exp", "softplus", "sigmoid", "softmax")


@dataclass(frozen=True)
class Head:
    """An output with a loss on it.

    Parameters
    ----------
    output : Output
        o, from pre-activations to outputs.
    loss : Loss or OwnLoss
        On f = o(z), or the output's own on z.
    targets : {"classes", "zero_one", "signs", "numbers"}
        What the loss takes: distributions over classes, values in [0, 1], ±1, or any numbers.
    """

    output: Output
    loss: Loss | OwnLoss
    targets: TargetKind

    def value(self, z: Array, f: Array, y: Array) -> Array:
        """L of each row; z, f = o(z) and y (…, n, k) → (…, n)."""
        if not isinstance(self.loss, OwnLoss):
            return namespace(z).sum(self.loss(f, y), axis=-1)
        if self.output.groups:
            return sum(self.loss.function(*part) for part in parts(self.output.groups, z, y))
        value = self.loss.function(z, y)
        return value if self.loss.rowwise else namespace(z).sum(value, axis=-1)

    def delta(self, z: Array, f: Array, y: Array) -> Array:
        """δ = ∂L/∂z; z, f = o(z) and y (…, n, k) → (…, n, k)."""
        if isinstance(self.loss, OwnLoss):
            return self.loss.delta(z, f, y)
        if self.output.vjp is None:
            raise ValueError(f"output: {self.output.name!r} has no derivative")
        return self.output.vjp(z, f, self.loss.slope(f, y))


def join(output_spec: str | Output, loss_spec: str | Loss | None, n_outputs: int) -> Head:
    """Join an output with a loss, the output's own where it has one.

    Parameters
    ----------
    output_spec : str or Output
        o.
    loss_spec : str or Loss or None
        L; None takes the output's own loss (squared where there is none).
    n_outputs : int
        k; hinge and perceptron loss of scores have a binary and a multi-class form.

    Raises
    ------
    ValueError
        For a pair that makes no sense, with the losses that do.
    """
    o = output(output_spec)
    require_units(o, n_outputs)
    library_name = _library_name(o)
    chosen = loss_spec if loss_spec is not None else DEFAULT_LOSS.get(library_name, "squared")
    if isinstance(chosen, Loss) and LOSSES.get(chosen.name) == chosen:
        chosen = chosen.name
    several = n_outputs >= 2
    own = OWN_LOSSES.get((library_name, chosen, several)) if isinstance(chosen, str) and library_name else None
    if own is not None:
        return Head(o, own, _target_kind(o.name, own.name, several))
    if not isinstance(chosen, Loss) and chosen not in LOSS_NAMES:
        raise ValueError(f"loss: unknown loss {chosen!r}; allowed: {', '.join(LOSS_NAMES)}, or a Loss")
    allowed = allowed_losses(o, several)
    if o.vjp is None or (isinstance(chosen, str) and chosen not in allowed):
        name = chosen.name if isinstance(chosen, Loss) else chosen
        units = "several units" if several else "one unit"
        reason = "" if o.vjp is not None else f"; {o.name!r} has no derivative, so no loss on its values has a gradient"
        raise ValueError(
            f"loss: {name!r} does not go with output {o.name!r} of {units}; "
            f"allowed: {', '.join(allowed) or 'none'}{reason}"
        )
    return Head(o, loss(chosen), "classes" if o.rowwise else "numbers")


def require_units(o: Output, n_outputs: int) -> None:
    """Refuse softmax and sparsemax of one unit, which are 1 whatever z, and groups of other units than there are."""
    if o.groups and sum(o.groups) != n_outputs:
        raise ValueError(f"output: the groups {o.groups} are {sum(o.groups)} units, came {n_outputs}")
    if _library_name(o) in ("softmax", "sparsemax") and n_outputs < 2:
        raise ValueError(f"output: {o.name!r} needs at least 2 units, came {n_outputs}; use 'sigmoid' for one unit")


def allowed_losses(o: Output, several: bool) -> tuple[str, ...]:
    """Names of the losses that go with output `o`, its own first."""
    output_name = _library_name(o)
    own = tuple(name for its_output, name, units in OWN_LOSSES if (its_output, units) == (output_name, several))
    if o.vjp is None:
        return own
    on_values = tuple(
        name for name in LOSSES if name not in own and (name != "poisson" or output_name in POSITIVE_OUTPUTS)
    )
    return own + on_values


def _library_name(o: Output) -> str | None:
    """The name of an output of the library; None for a function of the user's own, whatever it is called."""
    known = OUTPUTS.get(o.name)
    return o.name if known is not None and known.by_group(o.groups).function == o.function else None


def _target_kind(output_name: str, loss_name: str, several: bool) -> TargetKind:
    """What an own loss takes as its targets."""
    if output_name in ("softmax", "sparsemax"):
        return "classes"
    if output_name == "identity" and loss_name in ("hinge", "perceptron"):
        return "classes" if several else "signs"
    if output_name == "sign":
        return "signs"
    if output_name in ("sigmoid", "heaviside"):
        return "zero_one"
    return "numbers"
