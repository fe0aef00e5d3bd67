"""`fit_table`: a table in, a model out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from multilayer.engines import engine as engine_named
from multilayer.estimators.calibration import temperature
from multilayer.estimators.table_model import TableModel
from multilayer.estimators.table_recipe import choose_recipe
from multilayer.estimators.table_training import Callback, Trained, Training, train_table
from multilayer.tables.columns import decide_columns
from multilayer.tables.errors import TableError
from multilayer.tables.preparation import Preparation
from multilayer.tables.reading import Table, open_table
from multilayer.tables.target import TargetPreparation, Task, with_known_target
from multilayer.tables.values import as_numbers
from multilayer.version import __version__

FEWEST_ROWS = 10
DTYPE = np.float32


def fit_table(
    table: object,
    target: str,
    *,
    task: Task | None = None,
    hidden: Sequence[int] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    engine: str | None = None,
    callbacks: Sequence[Callback] = (),
) -> TableModel:
    """Train a multilayer perceptron on a table.

    Numeric, boolean and categorical columns, dates and missing values are prepared; inputs and the target of a
    regression are scaled; rows that are not trained on choose the number of epochs (`train_table`), and
    `TableModel.summary` says what was chosen. Score the model on rows that are not in the table.

    Parameters
    ----------
    table : path, "sample:NAME", data frame or mapping from names to columns
        A CSV or Parquet file, one of scikit-learn's bundled tables ("sample:digits"), a data frame of polars, pandas or
        whatever exports Arrow. Rows without a target are left out.
    target : str
        The column to predict.
    task : "classification" or "regression", optional
        By default decided by the target's values.
    hidden : sequence of int, optional
        Units of the hidden layers; by default (256, 256).
    epochs : int, optional
        At most so many passes over the rows; by default 100, and fewer, but at least 20, for more than 20,000 rows.
    seed : int
        Of the rows set apart, the initial weights and the order of rows.
    engine : str, optional
        By default the fastest installed.
    callbacks : sequence of callable
        Called with each finished `Epoch` of the training that makes the model.

    Returns
    -------
    TableModel

    Raises
    ------
    TableError
        If the table cannot be read, has fewer than 10 rows with a target, no such column, a target with one value, no
        column to learn from, or infinite numbers; names what is wrong and what is allowed.
    ValueError
        If another argument is none of what is allowed.
    KeyboardInterrupt
        On Ctrl-C: a model that is half trained is not given out.
    """
    opened, decided = open_for_training(table, target, task)
    return prepare(opened, decided, hidden=hidden, epochs=epochs, seed=seed, engine=engine).train(callbacks)


def open_for_training(table: object, target: str, task: Task | None = None) -> tuple[Table, TargetPreparation]:
    """Read a table, leave out the rows without a target, and decide what the target is."""
    opened = open_table(table)
    for column in opened.frame.get_columns():
        if column.dtype.is_float():
            # Refuses infinity, here where rows still have the numbers that they have in the table.
            as_numbers(column)
    frame, notes = with_known_target(opened.frame, target)
    if frame.height < FEWEST_ROWS:
        raise TableError(
            f"the table has {frame.height} rows with a known {target!r}: at least {FEWEST_ROWS} are needed to learn"
        )
    return Table(frame, opened.name, opened.notes + notes), TargetPreparation.fit(frame, target, task)


@dataclass(frozen=True)
class PreparedTable:
    """Everything chosen and every array made; only the training is left.

    Attributes
    ----------
    training : Training
        Recipe, network and rows.
    preparation, target
        From a table's columns to the rows.
    facts : dict
        `TableModel.training` as far as it is known before the training.
    """

    training: Training
    preparation: Preparation
    target: TargetPreparation
    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """What was chosen, in plain data: `TableModel.to_dict()` without how the training went."""
        return self._model(np.zeros(self.training.network.n_parameters, DTYPE), {}).to_dict()

    def train(self, callbacks: Sequence[Callback] = (), fold_callbacks: Sequence[Callback] = ()) -> TableModel:
        """Train the network, callbacks as in `train_table`; `KeyboardInterrupt` on Ctrl-C."""
        began = time.perf_counter()
        # At these sizes a second thread of NumPy's gains little, and on a busy machine costs a multiple.
        with threadpool_limits(1, user_api="blas"):
            trained = train_table(self.training, callbacks, fold_callbacks)
        theta = self.training.network.pack(trained.run.theta, DTYPE)
        outcome = {
            "epochs_run": len(trained.run.history["epoch"]),
            "best_epoch": trained.epoch,
            "ended": trained.run.ended,
            "temperature": self._calibrate(theta, trained) if self.training.classes else None,
            "seconds": time.perf_counter() - began,
        }
        return self._model(theta, outcome)

    def _calibrate(self, theta: NDArray[Any], trained: Trained) -> float:
        """Divide the last pre-activations by the temperature that suits rows not trained on, in place, and give it."""
        f = trained.outputs
        divisor = temperature(np.log(np.maximum(f, np.finfo(f.dtype).tiny)), trained.targets)
        for parameters in self.training.network.unpack(theta)[-1]:
            if parameters is not None:
                parameters /= divisor
        return divisor

    def _model(self, theta: NDArray[Any], outcome: dict[str, Any]) -> TableModel:
        return TableModel(self.training.network, theta, self.preparation, self.target, {**self.facts, **outcome})


def prepare(
    table: Table,
    target: TargetPreparation,
    *,
    hidden: Sequence[int] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    engine: str | None = None,
) -> PreparedTable:
    """Decide the columns, make the arrays, choose the recipe; arguments as in `fit_table`."""
    classes = target.task == "classification"
    y = target.encode(table.frame)
    preparation = Preparation.fit(table.frame, decide_columns(table.frame, target))
    X = preparation.transform(table.frame, DTYPE)
    recipe = choose_recipe(len(y), classes, hidden=hidden, epochs=epochs)
    network = recipe.network(X.shape[1], len(target.classes) or 1)
    training = Training(recipe, network, X, y, classes, seed, engine_named(engine).name)
    kept, apart = training.parts
    facts = {
        "version": __version__,
        "table": table.name,
        "notes": list(table.notes),
        "rows": {"training": len(kept), "validation": len(apart), "folds": training.folds},
        "fingerprint": fingerprint(X),
        "recipe": asdict(recipe),
        "engine": training.engine,
        "dtype": np.dtype(DTYPE).name,
        "seed": seed,
    }
    return PreparedTable(training, preparation, target, facts)


def fingerprint(X: NDArray[Any]) -> str:
    """A text that two arrays share only if they are equal."""
    return hashlib.blake2b(np.ascontiguousarray(X).tobytes(), digest_size=16).hexdigest()
