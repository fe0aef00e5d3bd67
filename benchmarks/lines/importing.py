"""What `import multilayer` adds over NumPy's import: fresh interpreters, in turn."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from statistics import median
from typing import Any

from benchmarks.report import number, verdict
from benchmarks.timing import Effort, in_turn

TARGET = 50.0
WAYS = {
    "numpy": "import numpy",
    "multilayer": "import numpy, multilayer",
    "with train": "import numpy, multilayer; multilayer.train",
}


def measure(options: Mapping[str, Any], effort: Effort) -> dict[str, Any]:
    """Milliseconds of a whole interpreter."""
    turns = {name: partial(_milliseconds, code) for name, code in WAYS.items()}
    in_turn(turns, 1)  # compiles the modules, fills the file cache
    found = in_turn(turns, 4 * effort.repeats)
    base = median(found["numpy"])
    added = {name: median(times) - base for name, times in found.items() if name != "numpy"}
    text = (
        f"import multilayer: {verdict(added['multilayer'], TARGET, at_least=False)} ms over numpy's "
        f"{number(base)} ms; with what `multilayer.train` loads {number(added['with train'])} ms"
    )
    return {"milliseconds": found, "added": added, "text": [text]}


def _milliseconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return 1e3 * (time.perf_counter() - began)
