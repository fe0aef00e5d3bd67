"""What training minimises: λΩ(θ) plus the mean, or the sum, of the rows' losses.

    J(θ) = λΩ(θ) + (1/N) Σ_i L(f(x_i; θ), y_i)        (001: "Empirical Risk Minimization")

With ``reduction="sum"`` the factor 1/N is absent (003: the error function; 004: ML:IV-88).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

from multilayer.formulas.losses import Loss
from multilayer.formulas.namespace import Array
from multilayer.network.arrays import check_inputs, check_weight
from multilayer.network.checks import require_choice, require_truth
from multilayer.network.head import Head, join
from multilayer.network.network import Network, Parameters
from multilayer.network.penalty import Penalty
from multilayer.network.per_layer import layer_of, n_layers, of_each_layer
from multilayer.network.plan import Elementwise, Plan
from multilayer.network.propagation import RowLosses, loss_and_gradient, row_losses
from multilayer.network.targets import encode, require_smoothing
from multilayer.network.update import objective_gradient, objective_terms


@dataclass(frozen=True)
class Objective:
    """J(θ) = λΩ(θ) + mean or sum of losses, for a network.

    Parameters
    ----------
    network : Network
        f.
    loss : str or Loss, optional
        L; by default the output's own: squared for identity, cross-entropy for sigmoid and softmax, the
        sparsemax loss for sparsemax, Poisson for exp, the perceptron's for heaviside and sign.
    penalty : L1, L2 or ElasticNet, optional
        λΩ on all weights, not on biases.
    reduction : {"mean", "sum"}
        Over rows; the mean is by sample weight.
    penalty_in_mean : bool
        Divide λΩ by the weight of the rows too, batch by batch: λ is then scikit-learn's alpha.
    label_smoothing : float
        In [0, 1); mixes targets with the uniform distribution.
    """

    network: Network
    loss: str | Loss | None = None
    penalty: Penalty | None = None
    reduction: Literal["mean", "sum"] = "mean"
    penalty_in_mean: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.network, Network):
            raise TypeError(f"network: must be a Network, came {type(self.network).__name__}")
        if self.penalty is not None and not isinstance(self.penalty, Penalty):
            raise TypeError(f"penalty: must be L1, L2 or ElasticNet, came {self.penalty!r}")
        require_choice("reduction", self.reduction, ("mean", "sum"))
        require_truth("penalty_in_mean", self.penalty_in_mean)
        require_smoothing(self.label_smoothing, self.head)
        if self.penalty is not None:
            self._strengths(self.penalty)

    @cached_property
    def head(self) -> Head:
        """Output and loss, joined."""
        return join(self.network.output, self.loss, self.network.n_outputs)

    @cached_property
    def plan(self) -> Plan:
        """What engines compute for this objective."""
        views = self.network.views
        if self.penalty is not None:
            l1, l2 = self._strengths(self.penalty)
            views = tuple(
                replace(v, l1=l1[layer_of(v)], l2=l2[layer_of(v)]) if v.name.endswith(".W") else v for v in views
            )
        return Plan(
            self.network.n_inputs,
            self.network.operations,
            views,
            self.head,
            reduction=self.reduction,
            penalty_in_mean=self.penalty_in_mean,
            penalty_step="gradient" if self.penalty is None else self.penalty.step,
        )

    def _strengths(self, penalty: Penalty) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """λ₁ and λ₂ of each layer of weights."""
        n = n_layers(self.network.views)
        return of_each_layer("penalty: l1", penalty.l1, n), of_each_layer("penalty: l2", penalty.l2, n)

    def require_gradient(self) -> None:
        """Refuse a network through which no gradient flows.

        Raises
        ------
        ValueError
            Naming the threshold activation, and what to do.
        """
        for operation in self.network.operations:
            if isinstance(operation, Elementwise) and operation.activation.derivative is None:
                name = operation.activation.name
                raise ValueError(
                    f"activation: {name!r} is flat wherever it is differentiable, so its units give no gradient to "
                    "the layers below (004: ML:IV-72). Train with 'sigmoid' or 'tanh' units and replace them "
                    "afterwards, give the weights by hand, or use a single threshold unit with the perceptron loss."
                )

    def encode(self, T: ArrayLike, n_rows: int) -> NDArray[Any]:
        """Targets checked and brought to (n, k)."""
        return encode(T, self.head, n_rows, self.network.n_outputs, label_smoothing=self.label_smoothing)

    def value(self, theta: Sequence[Any] | Array, X: ArrayLike, T: ArrayLike, sample_weight: Any = None) -> float:
        """J(θ) on rows X (n, D) and targets T; parameters as in `Network.pack`."""
        flat, rows, Y, weight = self._arrays(theta, X, T, sample_weight)
        return self._value(flat, row_losses(self.plan, flat, rows, Y, weight))

    def value_and_gradient(
        self, theta: Sequence[Any] | Array, X: ArrayLike, T: ArrayLike, sample_weight: Any = None
    ) -> tuple[float, Parameters]:
        """J(θ) and ∇J(θ) by backpropagation.

        Parameters
        ----------
        theta : parameters
            As `Network.initialize` gives them.
        X : array_like (n, D)
            Rows.
        T : array_like
            Targets as `encode` takes them.
        sample_weight : array_like (n,), optional
            Weights ≥ 0, not all 0.

        Returns
        -------
        value : float
        gradient : tuple
            Of the shape of `theta`.
        """
        self.require_gradient()
        flat, rows, Y, weight = self._arrays(theta, X, T, sample_weight)
        sums, gradient = loss_and_gradient(self.plan, flat, rows, Y, weight)
        whole = objective_gradient(self.plan, flat, gradient, sums.weight)
        return self._value(flat, sums), self.network.unpack(whole)

    def _value(self, flat: NDArray[Any], sums: RowLosses) -> float:
        """J(θ) from the rows' sums."""
        return float(sum(objective_terms(self.plan, flat, sums.loss, sums.weight)))

    def _arrays(self, theta: Any, X: ArrayLike, T: ArrayLike, sample_weight: Any) -> tuple[Any, Any, Any, Any]:
        """Everything checked, as arrays."""
        flat = self.network.pack(theta)
        rows = check_inputs(X, self.network.n_inputs)
        if rows.shape[0] == 0:
            raise ValueError("X: has no rows")
        return flat, rows, self.encode(T, rows.shape[0]), check_weight(sample_weight, rows.shape[0])
