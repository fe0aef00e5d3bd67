"""`multilayer predict`: a model's predictions for the rows of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multilayer.cli.errors import refusal, reported
from multilayer.cli.options import JsonOption, ModelArgument, TableArgument
from multilayer.cli.printing import print_json


def predict(
    model: ModelArgument,
    table: TableArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="A .csv or .parquet file; by default CSV on standard output."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Predict the target of each row of a table.

    The table needs the columns that the model uses, in any order; the target may be absent. One row comes out for each
    row of the table, in its order: the prediction and, where it is a class, the probability of each class.

    **Example**

    multilayer predict digits.mlp sample:digits --output predictions.csv
    """
    with reported("nothing was written"):
        from multilayer.estimators.table_model import load
        from multilayer.files.writing import write_whole
        from multilayer.tables.reading import open_table
        from multilayer.tables.writing import table_content

        if output is not None:
            _require_output(output, model, table)
        loaded = load(model)
        outputs = loaded.outputs(loaded.preparation.transform(open_table(table).frame))
        columns = {"prediction": loaded.decode(outputs)}
        for label, probabilities in zip(loaded.target.classes, outputs.T, strict=False):
            columns[f"probability_{label}"] = probabilities
        if output is not None:
            write_whole(output, table_content(columns, output))
            if json:
                print_json({"output": str(output), "rows": len(outputs)})
            else:
                typer.echo(f"{len(outputs):,} predictions written to {output}")
        elif json:
            print_json({"target": loaded.target.name, **{name: values.tolist() for name, values in columns.items()}})
        else:
            typer.echo(table_content(columns, "standard output.csv").decode(), nl=False)


def _require_output(output: Path, model: Path, table: str) -> None:
    """Refuse, before any work, a file that cannot be written, is no table by its name, or is read here."""
    from multilayer.files.writing import require_writable
    from multilayer.tables.writing import table_content

    table_content({}, output)
    require_writable(output)
    for read in (model, Path(table)):
        if output.exists() and read.exists() and output.samefile(read):
            raise refusal(f"--output {output}: the file is read here and would be lost; give another name")
