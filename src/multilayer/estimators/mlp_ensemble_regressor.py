"""`MLPEnsembleRegressor`: multilayer perceptrons whose predictions are averaged, with intervals."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d, validate_data

from multilayer.estimators import ensembles, parameters
from multilayer.network.arrays import check_weight

ROUNDING = 1e-9  # of a product such as 100·0.07, which is a little more than 7


class MLPEnsembleRegressor(RegressorMixin, BaseEstimator):
    """An ensemble of multilayer perceptrons that are trained at once, of one or several targets.

    A deep ensemble (Lakshminarayanan, Pritzel & Blundell 2017): the members differ by their initial weights and by the
    order in which they see the rows; all see all of them. Training is by Adam, whose rate falls along a cosine, on the
    squared loss of targets scaled to mean 0 and deviation 1. Some rows are set apart for `predict_interval`; nothing
    else is chosen by them.

    Parameters
    ----------
    hidden_layer_sizes, activation, n_estimators, alpha, batch_size, learning_rate_init, max_iter, random_state, \
n_threads
        As in `MLPEnsembleClassifier`.
    validation_fraction : float
        Part of the rows set apart, at random; with 0 there are no intervals.

    Attributes
    ----------
    members_ : ndarray (n_estimators, P)
        Flat parameters of each member; ``network_.unpack(members_[i])`` gives them layer by layer.
    network_ : Network
        What every member is; its outputs are the scaled targets.
    n_iter_ : int
        Epochs run.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ensembles.CONSTRAINTS,
        "validation_fraction": [parameters.SHARE],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        n_estimators: int = 10,
        alpha: Any = 0.0001,
        batch_size: int = 32,
        learning_rate_init: float = 0.001,
        max_iter: int = 100,
        random_state: Any = None,
        validation_fraction: float = 0.1,
        n_threads: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.n_estimators = n_estimators
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.validation_fraction = validation_fraction
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPEnsembleRegressor:
        """Fit to rows X (n, D) and targets y (n,) or (n, k).

        Parameters
        ----------
        X : array_like or SciPy sparse matrix (n, D)
            Rows.
        y : array_like (n,) or (n, k)
            Targets.
        sample_weight : array_like (n,), optional
            How much each row counts in training, ≥ 0; the rows set apart for intervals count alike.

        Raises
        ------
        ValueError
            For bad data, in scikit-learn's words.
        FloatingPointError
            If a member's loss became NaN or infinite.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **ensembles.ROWS)
        X = X.tocsr() if hasattr(X, "tocsr") else X
        weight = ensembles.checked_weight(sample_weight, X)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        T = y.reshape(len(y), -1).astype(np.float64)
        order = check_random_state(self.random_state).permutation(len(T))
        apart, kept = np.split(order, [int(self.validation_fraction * len(T))])
        self._one_dimensional = y.ndim == 1
        weight = None if weight is None else check_weight(weight[kept], len(kept))
        self._mean = np.average(T[kept], axis=0, weights=weight)
        deviation = np.sqrt(np.average((T[kept] - self._mean) ** 2, axis=0, weights=weight))
        self._deviation = np.where(deviation > 0.0, deviation, 1.0)
        scaled = (T[kept] - self._mean) / self._deviation
        ensembles.fit_members(self, X[kept], scaled, weight, T.shape[1], "identity", "squared")
        self._apart = self._scaled_back(ensembles.member_outputs(self, X[apart])), T[apart]
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predicted targets, averaged over the members.

        Parameters
        ----------
        X : array_like or SciPy sparse matrix (n, D)
            Rows.
        return_std : bool
            Whether to give the spread too.

        Returns
        -------
        mean : ndarray (n,) or (n, k)
        std : ndarray (n,) or (n, k), with `return_std`
            Standard deviation of the members' predictions: how much they disagree, mostly where there were few rows to
            learn from. The noise of the targets is not in it; `predict_interval` has both.
        """
        each = self._each(X)
        mean = self._shaped(each.mean(axis=0))
        return (mean, self._shaped(each.std(axis=0))) if return_std else mean

    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[NDArray[Any], NDArray[Any]]:
        """Bounds between which new targets lie with at least the given probability.

        The members' quantiles at (1 ∓ coverage)/2, moved apart by one margin for all rows: the smallest with which the
        share ⌈(m + 1)·coverage⌉/m of the m rows set apart would have been covered (Romano, Patterson & Candès 2019,
        "Conformalized quantile regression", with the members in place of quantile regressions).

        What it promises: if the new row and the rows of `fit` are exchangeable, as independent draws from one
        distribution are, its target lies within the bounds with probability of at least `coverage` and, without ties,
        at most coverage + 1/(m + 1). That is on average over draws of all rows, new ones included; it is no promise for
        every single x, nor for rows from another distribution. Of several targets it holds for each alone.

        Parameters
        ----------
        X : array_like or SciPy sparse matrix (n, D)
            Rows.
        coverage : float
            In (0, 1).

        Returns
        -------
        lower, upper : ndarray (n,) or (n, k)

        Raises
        ------
        ValueError
            If fewer rows were set apart than the coverage needs: m ≥ coverage/(1 − coverage).
        """
        if not (isinstance(coverage, Real) and 0.0 < coverage < 1.0):
            raise ValueError(f"coverage: must lie between 0 and 1, came {coverage!r}")
        each = self._each(X)
        apart, targets = self._apart
        rank = math.ceil((len(targets) + 1) * coverage - ROUNDING)
        if rank > len(targets):
            most = len(targets) / (len(targets) + 1)
            raise ValueError(
                f"coverage: {len(targets)} rows were set apart, enough for {most:.3g} at most, came {coverage!r}; "
                "fit more rows, or set a larger part of them apart by validation_fraction"
            )
        below, above = _quantiles(apart, coverage)
        margin = np.sort(np.maximum(below - targets, targets - above), axis=0)[rank - 1]
        below, above = _quantiles(each, coverage)
        # A negative margin may move narrow bounds past each other; then both are the middle.
        middle = (below + above) / 2.0
        return self._shaped(np.minimum(below - margin, middle)), self._shaped(np.maximum(above + margin, middle))

    def _each(self, X: Any) -> NDArray[Any]:
        """The members' predictions (K, n, k), in the targets' units."""
        return self._scaled_back(ensembles.outputs(self, X))

    def _scaled_back(self, each: NDArray[Any]) -> NDArray[Any]:
        """Outputs of the members in the targets' units."""
        return each * self._deviation.astype(each.dtype) + self._mean.astype(each.dtype)

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values (n, k) as y came."""
        return values[:, 0] if self._one_dimensional else values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        return tags


def _quantiles(each: NDArray[Any], coverage: float) -> NDArray[Any]:
    """The members' quantiles at (1 ∓ coverage)/2, (2, n, k)."""
    return np.quantile(each, [(1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0], axis=0)
