"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TableArgument = Annotated[
    str, typer.Argument(metavar="TABLE", help="CSV or Parquet file, IDX images, or sample:NAME.", show_default=False)
]
ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Model file that `multilayer fit` wrote.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
