"""`multilayer fit`: train a model on a table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from multilayer.cli.errors import refusal, reported
from multilayer.cli.options import JsonOption, TableArgument
from multilayer.cli.printing import print_json, print_scores
from multilayer.cli.progress import epoch_bars, status

NETWORK = "multilayer perceptron"


class TaskName(StrEnum):
    """What a target can be."""

    classification = "classification"
    regression = "regression"


def fit(
    table: TableArgument,
    target: Annotated[str, typer.Option("--target", metavar="COLUMN", help="The column to predict.")],
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", help="Model file; by default named from the table, here.")
    ] = None,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="TABLE", help="Score on this table instead of a held-out fifth of the rows."),
    ] = None,
    task: Annotated[
        TaskName | None, typer.Option("--task", help="By default decided by the target's values.", show_choices=True)
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option("--hidden", metavar="N,N,…", help="Units of the hidden layers; by default 256,256."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, metavar="N", help="At most so many passes over the rows.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="N", help="Of rows set apart, weights and order.")
    ] = 0,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="By default the fastest installed.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train a model on a table, score it on held-out rows, and write it to one file.

    A fifth of the rows is held out for the scores and not trained on. Of the others a tenth chooses the best epoch, and
    the model that is written is trained on the rest; of fewer than 1,000 rows all are trained on, for as many epochs as
    do best in cross-validation. Beside its scores stand those of a constant, a linear model and
    histogram gradient boosting (scikit-learn) on the same rows. Ctrl-C leaves without a model.

    **Examples**

    multilayer fit sample:digits --target digit

    multilayer fit train-images-idx3-ubyte.gz --target label --test t10k-images-idx3-ubyte.gz
    """
    with reported("no model was written"):
        from multilayer.estimators.table_fitting import open_for_training, prepare
        from multilayer.estimators.table_report import Scored, hold_out, open_held_out, peers, with_scores
        from multilayer.estimators.table_summary import choices_text, training_text

        units = _units(hidden)
        _require_engine(engine)
        opened, decided = open_for_training(table, target, None if task is None else task.value)
        path = model or Path(f"{opened.name}.mlp")
        _require_model_path(path)
        if test is None:
            training, held_out, decided = hold_out(opened, decided, seed)
        else:
            training, held_out = opened, open_held_out(test, decided)
        prepared = prepare(training, decided, hidden=units, epochs=epochs, seed=seed, engine=engine)
        prepared.preparation.transform(held_out.frame)
        if not json:
            typer.echo(choices_text(prepared.to_dict()))
        plan = prepared.training
        with epoch_bars(plan.recipe.epochs, plan.folds, shown=not json) as (callbacks, fold_callbacks):
            trained = prepared.train(callbacks, fold_callbacks)
        trained = with_scores(trained, held_out)
        trained.save(path)
        if not json:
            typer.echo(training_text(trained.to_dict()))
    with reported(f"the comparison is not complete; the model is in {path}"):
        scored = [Scored(NETWORK, trained.training["held_out"]["scores"], trained.training["seconds"])]
        for peer in peers(trained, training, held_out):
            with status(f"for comparison: {peer.name}", shown=not json):
                scored.append(peer.fit())
        if json:
            listed = [{"name": one.name, "seconds": one.seconds, **one.scores} for one in scored]
            print_json({"model": str(path), **trained.to_dict(), "comparison": listed})
            return
        title = f"{held_out.frame.height:,} rows " + ("held out" if test is None else f"of {held_out.name}")
        typer.echo()
        print_scores(title, [(one.name, one.scores, one.seconds) for one in scored])
        typer.echo(f"\nmodel written to {path}")


def _units(hidden: str | None) -> tuple[int, ...] | None:
    """Units of the hidden layers from "128,128"."""
    if hidden is None:
        return None
    try:
        units = tuple(int(part) for part in hidden.split(","))
    except ValueError:
        units = (0,)
    if min(units) < 1:
        raise refusal(f"--hidden {hidden!r}: allowed are whole numbers of at least 1 between commas, such as 128,64")
    return units


def _require_engine(name: str | None) -> None:
    """Refuse an engine that is not installed."""
    from multilayer.engines import ENGINES

    if name is not None and name not in ENGINES:
        raise refusal(f"--engine {name!r}: there is no such engine; installed: {', '.join(ENGINES)}")


def _require_model_path(path: Path) -> None:
    """Refuse, before any training, a path that cannot be written or holds something else than a model."""
    from multilayer.files.container import load_container
    from multilayer.files.errors import FileError
    from multilayer.files.writing import require_writable

    require_writable(path)
    if path.exists():
        try:
            load_container(path)
        except FileError as error:
            raise FileError(f"--model {path}: the file is there and no model ({error}); give another name") from error
