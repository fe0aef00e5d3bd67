"""MLPClassifier and MLPRegressor with their defaults beside scikit-learn's, on the same rows, in one run.

    python -m benchmarks.estimators [DATA_SET ...] [--data FOLDER] [--dtypes float64 float32] [--quick]

Three quarters of the rows are fitted for the same number of epochs with the same seed, ours and theirs in turn, each in
a process of its own; the rest gives the score. FOLDER holds the public tables that `benchmarks/data_sets.py` names;
without it only the data sets that come with scikit-learn are there. Ratio = scikit-learn's median time / ours.
"""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from benchmarks.data_sets import BUNDLED, TABLES
from benchmarks.report import machine, number, parser, print_machine, table, verdict, write
from benchmarks.timing import in_turn
from benchmarks.worker import Worker

# Least ratios, by data set and dtype; float32's is twice scikit-learn's own gain on top, and is judged from the run.
TARGETS = {("digits", "float64"): 5.0, ("adult", "float64"): 4.0, ("california housing", "float64"): 12.0}
HEADER = ("data set", "rows", "columns", "dtype", "epochs", "ours, ms", "theirs, ms", "ratio", "our score", "theirs")
LIBRARIES = ("multilayer", "sklearn.neural_network")


class Fits:
    """One library's estimator on one data set."""

    def __init__(self, library: str, name: str, folder: Path | None, dtype: str, seconds: float) -> None:
        module = __import__(library, fromlist=["MLPClassifier"])
        data = BUNDLED[name]() if folder is None else TABLES[name].load(folder)
        self._make = module.MLPClassifier if data.classes else module.MLPRegressor
        rows = train_test_split(data.X.astype(dtype), data.y, random_state=0, stratify=data.y if data.classes else None)
        self._X, self._X_test, self._y, self._y_test = rows
        self._seconds = seconds

    def fit(self, epochs: int) -> tuple[float, float]:
        """Seconds of a fit, and its score on the rows set apart."""
        estimator = self._make(random_state=0, max_iter=epochs, n_iter_no_change=np.inf)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            began = time.perf_counter()
            estimator.fit(self._X, self._y)
            seconds = time.perf_counter() - began
        return seconds, estimator.score(self._X_test, self._y_test)

    def epochs(self) -> int:
        """How many take about the seconds asked for, at most the default's 200."""
        self.fit(1)
        return int(np.clip(self._seconds / self.fit(3)[0] * 3, 3, 200))

    def shape(self) -> tuple[int, int]:
        """Rows and columns fitted."""
        return self._X.shape


def main() -> int:
    """Measure, print, write."""
    arguments = parser(__doc__, "estimators")
    arguments.add_argument("names", nargs="*", metavar="DATA_SET", help=", ".join([*BUNDLED, *TABLES]))
    arguments.add_argument("--data", type=Path, default=None, help="folder of the public tables")
    arguments.add_argument("--dtypes", nargs="*", choices=("float32", "float64"), default=["float64", "float32"])
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=2.0, help="of scikit-learn's fit, about")
    given = arguments.parse_args()
    repeats, seconds = (2, 0.1) if given.quick else (given.repeats, given.seconds)
    here = [*BUNDLED, *(TABLES if given.data is not None else ())]
    if unknown := [name for name in given.names if name not in here]:
        arguments.error(f"DATA_SET: must be among {', '.join(here)}, came {', '.join(unknown)}; tables need --data")
    result: dict[str, Any] = {"machine": machine(), "fits": []}
    print_machine(result["machine"])
    rows = []
    for name in given.names or here:
        for dtype in given.dtypes:
            folder = given.data if name in TABLES else None
            found = measure(name, folder, dtype, repeats, seconds)
            result["fits"].append(found)
            rows.append(line(found))
            print("  ".join(map(str, rows[-1])), flush=True)
    print("\n" + table(HEADER, rows))
    write(given, result)
    return 0


def measure(name: str, folder: Path | None, dtype: str, repeats: int, seconds: float) -> dict[str, Any]:
    """Both libraries on a data set, in turn."""
    with ExitStack() as stack:
        workers = {
            library: stack.enter_context(Worker(Fits, library, name, folder, dtype, seconds)) for library in LIBRARIES
        }
        epochs = workers[LIBRARIES[1]]("epochs")
        for worker in workers.values():
            worker("fit", 1)
        fits = in_turn({library: partial(worker, "fit", epochs) for library, worker in workers.items()}, repeats)
        n_rows, n_columns = workers[LIBRARIES[0]]("shape")
    found: dict[str, Any] = {"data set": name, "dtype": dtype, "rows": n_rows, "columns": n_columns, "epochs": epochs}
    for library, pairs in fits.items():
        found[library] = {"seconds": [s for s, _ in pairs], "score": pairs[0][1]}
    return found


def line(found: dict[str, Any]) -> tuple[Any, ...]:
    """One fit's row of the table."""
    ours, theirs = (found[library] for library in LIBRARIES)
    times = median(ours["seconds"]), median(theirs["seconds"])
    ratio = verdict(times[1] / times[0], TARGETS.get((found["data set"], found["dtype"])))
    of_both = (number(1e3 * t) for t in times)
    scores = f"{ours['score']:.4f}", f"{theirs['score']:.4f}"
    what = (found[key] for key in ("data set", "rows", "columns", "dtype", "epochs"))
    return *what, *of_both, ratio, *scores


if __name__ == "__main__":
    sys.exit(main())
