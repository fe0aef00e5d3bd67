"""A model of a table: what it learned, from a table's rows to predictions in the table's own words and units."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators.prediction import outputs
from multilayer.estimators.table_summary import summary_text
from multilayer.files.container import load_container, save_container
from multilayer.files.errors import FileError
from multilayer.metrics import (
    accuracy,
    area_under_roc,
    balanced_accuracy,
    log_loss,
    mean_absolute_error,
    r2,
    root_mean_squared_error,
)
from multilayer.network.description import network_from_dict, network_to_dict
from multilayer.network.network import Network
from multilayer.tables.preparation import Preparation
from multilayer.tables.reading import open_table
from multilayer.tables.target import TargetPreparation, with_known_target

CONTENT = "table model"


@dataclass(frozen=True, eq=False)
class TableModel:
    """A trained network with the preparation of its inputs and target.

    Made by `fit_table` and `load`. A table is whatever `fit_table` takes; it needs the columns that the model uses, in
    any order, and for scores the target.

    Attributes
    ----------
    network : Network
        f.
    theta : ndarray (P,)
        Parameters, flat.
    preparation : Preparation
        From a table's columns to the network's inputs.
    target : TargetPreparation
        From the network's outputs to classes or numbers.
    training : dict
        How the model was trained; plain data.
    """

    network: Network
    theta: NDArray[np.floating[Any]]
    preparation: Preparation
    target: TargetPreparation
    training: Mapping[str, Any]

    def predict(self, table: object) -> NDArray[Any]:
        """Predict the target of each row.

        Parameters
        ----------
        table : path, "sample:NAME", data frame or mapping from names to columns
            The target's column may be absent, and is not looked at.

        Returns
        -------
        ndarray (n,)
            Classes as the training table wrote them, or numbers in its units.

        Raises
        ------
        TableError
            If the table cannot be read, lacks columns, or they hold what they cannot.
        """
        return self.decode(self.outputs(self.preparation.transform(open_table(table).frame)))

    def predict_proba(self, table: object) -> NDArray[np.float64]:
        """Give the probability of each class, (n, k), in the order of `target.classes`.

        Raises
        ------
        ValueError
            If the model predicts numbers.
        TableError
            As in `predict`.
        """
        if self.target.task == "regression":
            raise ValueError(f"predict_proba: {self.target.name!r} is a number, not a class; use predict")
        return self.outputs(self.preparation.transform(open_table(table).frame))

    def score(self, table: object) -> float:
        """Accuracy for classes, R² for numbers, over the rows whose target is known; 1 is perfect.

        Rows that the model was trained on say little about new ones.
        """
        return self.scores(table)["accuracy" if self.target.task == "classification" else "r2"]

    def scores(self, table: object) -> dict[str, float]:
        """Give several scores by name, over the rows whose target is known.

        Returns
        -------
        dict
            Classification: accuracy, balanced_accuracy, log_loss, and area_under_roc of two classes that both occur.
            Regression, in the target's units: r2 of two rows or more, root_mean_squared_error, mean_absolute_error.
        """
        frame, _ = with_known_target(open_table(table).frame, self.target.name)
        X, y = self.encode(frame)
        return table_scores(self.target, y, self.outputs(X))

    def encode(self, frame: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Inputs (n, D) and encoded targets (n,) of a polars data frame whose targets are known."""
        return self.preparation.transform(frame), self.target.encode(frame)

    def outputs(self, X: NDArray[Any]) -> NDArray[Any]:
        """The network's outputs for prepared inputs: probabilities (n, k) or scaled numbers (n, 1)."""
        return outputs(self, self.network, self.theta, X)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Classes or numbers (n,) for outputs (n, k)."""
        classes = self.target.task == "classification"
        return self.target.decode(outputs.argmax(axis=1) if classes else outputs[:, 0])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file of arrays and JSON (safetensors), whole or not at all.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        arrays = {view.name: self.theta[view.start : view.stop].reshape(view.shape) for view in self.network.views}
        metadata = {
            "content": CONTENT,
            "network": network_to_dict(self.network),
            "preparation": self.preparation.to_dict(),
            "target": self.target.to_dict(),
            "training": dict(self.training),
        }
        save_container(path, arrays, metadata)

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in plain data: target, columns, network, training; not the weights."""
        return {
            "target": self.target.to_dict(),
            "columns": [dict(vars(column)) for column in self.preparation.columns],
            "inputs": list(self.preparation.names),
            "network": {**network_to_dict(self.network), "parameters": self.network.n_parameters},
            "training": dict(self.training),
        }

    def summary(self) -> str:
        """Say in words what was chosen and how the training went."""
        return summary_text(self.to_dict())

    def __repr__(self) -> str:
        return f"<TableModel of {self.target.name!r}: {self.target.task}, {self.network.n_parameters} parameters>"


def load(path: str | os.PathLike[str]) -> TableModel:
    """Read a model that `TableModel.save` or `multilayer fit` wrote; nothing in the file is run as code.

    Raises
    ------
    FileError
        If there is no such file, it holds no model of a table, or is damaged.
    """
    arrays, metadata = load_container(path)
    if metadata.get("content") != CONTENT:
        raise FileError(f"{path} holds {metadata.get('content')!r}; allowed is a model that `multilayer fit` wrote")
    try:
        network = network_from_dict(metadata["network"])
        shapes = {view.name: view.shape for view in network.views}
        found = {name: array.shape for name, array in arrays.items()}
        if found != shapes:
            raise ValueError(f"its arrays have shapes {found}, its network needs {shapes}")
        return TableModel(
            network,
            np.concatenate([arrays[name].ravel() for name in shapes]),
            Preparation.from_dict(metadata["preparation"]),
            TargetPreparation.from_dict(metadata["target"]),
            metadata["training"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path} is damaged or was written by another version of multilayer: {error}") from error


def table_scores(target: TargetPreparation, y: NDArray[Any], outputs: NDArray[Any]) -> dict[str, float]:
    """Scores of outputs (n, k) against encoded targets (n,), by name; see `TableModel.scores`."""
    if target.task == "classification":
        predicted = outputs.argmax(axis=1)
        scores = {
            "accuracy": accuracy(y, predicted),
            "balanced_accuracy": balanced_accuracy(y, predicted),
            "log_loss": log_loss(y, outputs),
        }
        if outputs.shape[1] == 2 and len(np.unique(y)) == 2:
            scores["area_under_roc"] = area_under_roc(y, outputs[:, 1])
        return scores
    truth, guess = target.decode(y), target.decode(outputs[:, 0])
    spread = {"r2": r2(truth, guess)} if len(truth) > 1 else {}
    return {
        **spread,
        "root_mean_squared_error": root_mean_squared_error(truth, guess),
        "mean_absolute_error": mean_absolute_error(truth, guess),
    }
