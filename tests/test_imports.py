"""`import multilayer` is light, complete and typed."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

import multilayer

# What a name brings in only when it is used.
HEAVY = {
    "array_api_strict", "fsspec", "joblib", "matplotlib", "pandas", "polars", "rich", "safetensors", "scipy.linalg",
    "scipy.optimize", "scipy.sparse", "scipy.stats", "sklearn", "torch", "typer",
}  # fmt: skip


def test_import_brings_in_nothing_heavy() -> None:
    program = "import sys, multilayer; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())


def test_every_public_name_is_there() -> None:
    missing = [name for name in multilayer.__all__ if not hasattr(multilayer, name)]
    assert not missing


def test_every_public_name_is_listed() -> None:
    assert set(multilayer.__all__) <= set(dir(multilayer))


def test_types_are_declared() -> None:
    assert resources.files("multilayer").joinpath("py.typed").is_file()
