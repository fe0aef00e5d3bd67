"""`multilayer describe`: what a model is."""

from __future__ import annotations

import typer

from multilayer.cli.errors import reported
from multilayer.cli.options import JsonOption, ModelArgument
from multilayer.cli.printing import print_json


def describe(model: ModelArgument, json: JsonOption = False) -> None:
    """Say what a model predicts, from which columns, how it was trained, and how well it scored.

    **Example**

    multilayer describe digits.mlp
    """
    with reported("nothing was described"):
        from multilayer.estimators.table_model import load

        loaded = load(model)
        if json:
            print_json({"model": str(model), **loaded.to_dict()})
        else:
            typer.echo(loaded.summary())
