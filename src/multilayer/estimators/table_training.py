"""Training for a table: how many epochs, chosen on rows that the training does not see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators.splitting import part_rows
from multilayer.estimators.table_recipe import Recipe
from multilayer.network.network import Network
from multilayer.random import stream
from multilayer.training.history import Epoch, Run
from multilayer.training.train import train

Callback = Callable[[Epoch], object]
Rows = tuple[NDArray[Any], NDArray[Any]]
IntArray = NDArray[np.int64]

# Of the rows, the part that chooses the best epoch.
VALIDATION_SHARE = 0.1
# A tenth of fewer rows than this is too few to choose by: each row chooses in its turn.
FEW_ROWS, FOLDS = 1000, 5


@dataclass(frozen=True)
class Training:
    """A recipe and the rows that it is for.

    Parameters
    ----------
    recipe, network : Recipe, Network
        How, and what.
    X, y : ndarray (n, D), (n,)
        Inputs and encoded targets.
    classes : bool
        Whether y holds classes, which are then spread evenly over the parts.
    seed : int
        Of parts, weights and orders.
    engine : str
        Name.
    """

    recipe: Recipe
    network: Network
    X: NDArray[Any]
    y: NDArray[Any]
    classes: bool
    seed: int
    engine: str

    @property
    def parts(self) -> tuple[IntArray, IntArray]:
        """Rows to train on and rows that choose the epoch; of few rows all do both, fold by fold."""
        n_rows = len(self.y)
        if n_rows < FEW_ROWS:
            return np.arange(n_rows), np.arange(n_rows)
        return part_rows(n_rows, VALIDATION_SHARE, seed=self.seed, labels=self.labels)

    @property
    def labels(self) -> IntArray | None:
        """The classes; None for numbers."""
        return self.y if self.classes else None

    @property
    def folds(self) -> int:
        """Folds of the cross-validation; 0 where a part of the rows is set apart instead."""
        return FOLDS if len(self.y) < FEW_ROWS else 0

    def run(self, rows: Rows, **options: Any) -> Run:
        """One training run; `KeyboardInterrupt` on Ctrl-C."""
        run = train(
            self.recipe.objective(self.network),
            self.network.initialize(self.seed),
            *rows,
            rule=self.recipe.rule,
            schedule=self.recipe.schedule,
            batch_size=self.recipe.batch_size,
            epochs=self.recipe.epochs,
            seed=self.seed,
            engine=self.engine,
            dtype=self.X.dtype,
            **options,
        )
        if run.ended == "interrupted":
            raise KeyboardInterrupt(run.message)
        return run


@dataclass(frozen=True)
class Trained:
    """A finished training, with what the network said of rows that it was not trained on.

    Attributes
    ----------
    run : Run
        Its θ are the ones to keep.
    epoch : int
        The epoch whose θ they are.
    outputs, targets : ndarray (m, k), (m,)
        Outputs and encoded targets of the rows that chose the epoch.
    """

    run: Run
    epoch: int
    outputs: NDArray[Any]
    targets: NDArray[Any]


def train_table(
    training: Training, callbacks: Sequence[Callback] = (), fold_callbacks: Sequence[Callback] = ()
) -> Trained:
    """Train, with the number of epochs chosen by validation.

    Of many rows a tenth is set apart, and the best epoch's parameters are restored. Of fewer than a thousand, five
    folds are each predicted by a network trained on the other four; the epoch with the least mean loss is where the
    final training, on all rows, stops.

    `callbacks` are called with each finished epoch of the training that makes the model, `fold_callbacks` with those of
    the folds, one fold after another.
    """
    if training.folds:
        return _cross_validated(training, callbacks, fold_callbacks)
    X, y = training.X, training.y
    kept, apart = training.parts
    run = training.run(
        (X[kept], y[kept]),
        validation=(X[apart], y[apart]),
        stop=training.recipe.stop,
        restore_best=True,
        callbacks=callbacks,
    )
    assert run.best_epoch is not None
    return Trained(run, run.best_epoch, training.network.forward(run.theta, X[apart]), y[apart])


def _cross_validated(training: Training, callbacks: Sequence[Callback], fold_callbacks: Sequence[Callback]) -> Trained:
    """The number of epochs by cross-validation, then all rows."""
    X, y = training.X, training.y
    fold = _folds(len(y), training.labels, training.seed)
    losses = np.zeros(training.recipe.epochs)
    said: list[list[NDArray[Any]]] = []
    for k in range(FOLDS):
        apart = fold == k
        run, outputs = _with_outputs(training, (X[~apart], y[~apart]), (X[apart], y[apart]), fold_callbacks)
        losses += run.history["validation_loss"] * apart.mean()
        said.append(outputs)
    best = int(np.argmin(losses))
    run = training.run((X, y), stop=lambda epoch: epoch.epoch > best, callbacks=callbacks)
    targets = np.concatenate([y[fold == k] for k in range(FOLDS)])
    return Trained(run, best + 1, np.concatenate([outputs[best] for outputs in said]), targets)


def _with_outputs(
    training: Training, rows: Rows, apart: Rows, callbacks: Sequence[Callback]
) -> tuple[Run, list[NDArray[Any]]]:
    """A run, and the network's outputs on the rows apart after each epoch."""
    outputs: list[NDArray[Any]] = []

    def keep(f: NDArray[Any]) -> float:
        outputs.append(f)
        return 0.0

    return training.run(rows, validation=apart, score=keep, callbacks=callbacks), outputs


def _folds(n_rows: int, labels: IntArray | None, seed: int) -> IntArray:
    """The fold of each row, at random, every class spread evenly."""
    order = stream(seed, "split").permutation(n_rows)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(n_rows, np.int64)
    fold[order] = np.arange(n_rows) % FOLDS
    return fold
