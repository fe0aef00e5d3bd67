"""The installed modules: each level stays inside its own file, shows nothing but its initializer, and is small."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

LEVELS = {"x86_64": ("v2", "v3", "v4"), "aarch64": ("arm64",), "arm64": ("arm64",)}.get(platform.machine(), ())

# What belongs to a higher level: registers, as objdump writes them.
WIDER_THAN = {
    "v2": re.compile(r"%[yz]mm\d|%k[0-7]\b|%xmm(?:1[6-9]|[23]\d)"),
    "v3": re.compile(r"%zmm\d|%k[0-7]\b|%[xy]mm(?:1[6-9]|[23]\d)"),
    **dict.fromkeys(("cpu", "order"), re.compile(r"%[yz]mm\d|%k[0-7]\b|%xmm(?:1[6-9]|[23]\d)")),
}


def _modules() -> dict[str, Path]:
    """Path of each module by the last part of its name: cpu, order, v2, …; empty where nothing was compiled."""
    packages = [importlib.util.find_spec(name) for name in ("multilayer", "multilayer.engines.native")]
    places = [place for package in packages if package for place in package.submodule_search_locations or ()]
    paths = [path for place in places for path in sorted(Path(place).glob("_*.so"))]
    return {path.name.partition(".")[0].removeprefix("_native").removeprefix("_"): path for path in paths}


MODULES = _modules()
every_module = pytest.mark.parametrize("name", ["cpu", "order", *LEVELS])


@pytest.fixture
def module(name: str) -> Path:
    if not MODULES:
        pytest.skip("the native engine is not compiled")
    return MODULES[name]


def output_of(tool: str, *arguments: str | Path) -> str:
    if shutil.which(tool) is None or platform.system() != "Linux":
        pytest.skip(f"reads modules of Linux with {tool} (binutils)")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=True).stdout


def symbols(module: Path) -> list[list[str]]:
    """Rows of the dynamic symbol table: number, value, size, type, binding, visibility, section, name."""
    rows = [line.split() for line in output_of("readelf", "--wide", "--dyn-syms", module).splitlines()]
    return [row for row in rows if len(row) >= 8 and row[0].rstrip(":").isdigit()]


@every_module
def test_shows_nothing_but_its_initializer(name: str, module: Path) -> None:
    defined = [row for row in symbols(module) if row[6] != "UND"]
    initializer = f"PyInit__native_{name}" if name in LEVELS else f"PyInit__{name}"
    assert [(row[4], row[7]) for row in defined] == [("GLOBAL", initializer)]


@pytest.mark.parametrize("name", [name for name in WIDER_THAN if name in ("cpu", "order", *LEVELS)])
def test_holds_no_instruction_of_a_higher_level(name: str, module: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("one level only")
    code = output_of("objdump", "--disassemble", "--no-show-raw-insn", module)
    assert [line for line in code.splitlines() if WIDER_THAN[name].search(line)][:5] == []


@every_module
def test_is_small(name: str, module: Path) -> None:
    assert module.stat().st_size < 2_000_000
