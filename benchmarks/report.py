"""What is printed and written: tables in plain text, and JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg  # noqa: F401 (its BLAS is reported)
from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "onnxruntime")


def parser(description: str | None, out: str) -> argparse.ArgumentParser:
    """Arguments that all benchmarks have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, default=Path("build/benchmarks"), help="folder of the JSON and the pictures")
    made.add_argument("--name", default=out, help="their name without ending")
    made.add_argument("--quick", action="store_true", help="small and short: whether it runs, not how fast")
    made.add_argument("--engine", default=None, help="ours, by name; by default the fastest installed")
    return made


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns of text; the first to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in (lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]))


def number(value: float | None) -> str:
    """Three significant digits, without an exponent."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def verdict(value: float, target: float | None, *, at_least: bool = True) -> str:
    """A number, with its target and whether it is met."""
    if target is None:
        return number(value)
    met = value >= target if at_least else value <= target
    return f"{number(value)} ({'met' if met else 'MISSED'}: {'≥' if at_least else '≤'} {number(target)})"


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "processor": _processor(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg(),
        "python": sys.version.split()[0],
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "threadpools": threadpool_info(),
        "environment": {
            k: v for k, v in os.environ.items() if k.startswith(("OPENBLAS_", "OMP_", "MKL_", "MULTILAYER_"))
        },
    }


def print_machine(found: dict[str, Any]) -> None:
    """The same, to be read."""
    versions = ", ".join(f"{name} {v}" for name, v in {"Python": found["python"], **found["versions"]}.items())
    print(f"{found['processor']}, {found['cores']} cores, load {found['load'][0]:.2f}; {versions}")
    for pool in found["threadpools"]:
        print(
            "  "
            + ", ".join(
                f"{k} {pool[k]}" for k in ("internal_api", "version", "architecture", "num_threads") if k in pool
            )
        )
    if found["environment"]:
        print(f"  environment: {found['environment']}")


def write(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    """Write the JSON; NumPy's numbers become Python's."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{arguments.name}.json"
    path.write_text(json.dumps(result, indent=1, default=_plain) + "\n", encoding="utf-8")
    print(f"\nwritten: {path}")


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    return (
        value.item()
        if isinstance(value, np.generic)
        else value.tolist()
        if isinstance(value, np.ndarray)
        else str(value)
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
