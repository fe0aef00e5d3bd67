"""The program `multilayer` and its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from multilayer.cli.describe import describe
from multilayer.cli.evaluate import evaluate
from multilayer.cli.fit import fit
from multilayer.cli.predict import predict
from multilayer.version import __version__

app = typer.Typer(
    name="multilayer",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"multilayer {__version__}")
        raise typer.Exit


@app.callback()
def multilayer(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Train multilayer perceptrons on tables, and use them.

    A TABLE is a CSV file (.csv, .tsv, .txt, .data, each also .gz), a Parquet file, IDX images such as
    train-images-idx3-ubyte.gz, or one of scikit-learn's bundled tables: sample:digits, sample:iris, sample:wine,
    sample:breast_cancer, sample:diabetes.

    Start with:  multilayer fit sample:digits --target digit
    """


for command in (fit, predict, evaluate, describe):
    app.command()(command)


def main() -> None:
    """Run the program; the exit status is 0, 2 for input that cannot be used, 130 after Ctrl-C."""
    app()
