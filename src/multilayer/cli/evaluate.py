"""`multilayer evaluate`: a model's scores on a table."""

from __future__ import annotations

from typing import Any

import typer

from multilayer.cli.errors import reported
from multilayer.cli.options import JsonOption, ModelArgument, TableArgument
from multilayer.cli.printing import Line, print_json, print_scores


def evaluate(model: ModelArgument, table: TableArgument, json: JsonOption = False) -> None:
    """Score a model on a table that holds the target.

    If it is the table that the model was made from, the rows that were held out from training are scored by themselves
    as well: the scores of the others say little about new rows.

    **Example**

    multilayer evaluate digits.mlp sample:digits
    """
    with reported("nothing was scored"):
        from multilayer.estimators.table_model import load, table_scores
        from multilayer.estimators.table_report import rows_not_trained_on
        from multilayer.tables.reading import open_table
        from multilayer.tables.target import with_known_target

        loaded = load(model)
        opened = open_table(table)
        frame, left_out = with_known_target(opened.frame, loaded.target.name)
        X, y = loaded.encode(frame)
        outputs = loaded.outputs(X)
        notes = [*opened.notes, *left_out]
        scores = table_scores(loaded.target, y, outputs)
        lines: list[Line] = [(f"{opened.name}, {len(y):,} rows", scores, None)]
        result: dict[str, Any] = {"rows": len(y), **scores}
        held_out = rows_not_trained_on(loaded, X, y)
        if held_out is not None:
            seen = len(y) - len(held_out)
            notes.append(f"the model was made from this table: {seen:,} of its rows were used in the training")
        if held_out is not None and len(held_out):
            scores = table_scores(loaded.target, y[held_out], outputs[held_out])
            lines.append((f"of these not used in the training, {len(held_out):,}", scores, None))
            result["held_out"] = {"rows": len(held_out), **scores}
        if json:
            print_json({"model": str(model), "table": table, "target": loaded.target.name, "notes": notes, **result})
            return
        for note in notes:
            typer.echo(f"note: {note}")
        print_scores(loaded.target.name, lines)
