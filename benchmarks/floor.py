"""The least time of a step here: its operations at the peak of fused multiply-adds, and one pass over θ and slots."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.workloads import Workload

SOURCE = Path(__file__).with_name("floor.cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread")
SLOTS = 2  # Adam's


def threads_here() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Machine:
    """Measures this machine; compiled into `folder`.

    Raises
    ------
    RuntimeError
        Without a C++ compiler.
    """

    def __init__(self, folder: Path) -> None:
        compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            raise RuntimeError("no C++ compiler: the floor is not measured; install g++ or set CXX")
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "floor.so"
        subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(library)], check=True)
        loaded = ctypes.CDLL(str(library.resolve()))
        self._peak, self._bandwidth = loaded.fused_peak, loaded.pass_bandwidth
        self._peak.argtypes, self._peak.restype = [ctypes.c_int, ctypes.c_int, ctypes.c_double], ctypes.c_double
        self._bandwidth.argtypes = [ctypes.c_size_t, ctypes.c_int, ctypes.c_double]
        self._bandwidth.restype = ctypes.c_double

    def peak(self, dtype: str, threads: int, seconds: float = 0.1) -> float:
        """Additions and multiplications a second."""
        return self._peak(32 if dtype == "float32" else 64, threads, seconds)

    def bandwidth(self, array_bytes: int, threads: int, seconds: float = 0.1) -> float:
        """Bytes read and written a second, in passes over θ and two slots of `array_bytes` each."""
        return self._bandwidth(array_bytes, threads, seconds)

    def step(self, workload: Workload, dtype: str, threads: int) -> dict[str, float]:
        """The floor of a step, measured now: seconds, and what it was made of."""
        theta_bytes = workload.parameters * (4 if dtype == "float32" else 8)
        peak, bandwidth = self.peak(dtype, threads), self.bandwidth(theta_bytes, threads)
        return {
            "peak": peak,
            "bandwidth": bandwidth,
            "seconds": workload.operations / peak + 2 * (1 + SLOTS) * theta_bytes / bandwidth,
        }

    def describe(self) -> dict[str, Any]:
        """Peaks and bandwidths, with one thread and with all."""
        large = 2**26
        return {
            str(n): {
                "peak_float32": self.peak("float32", n),
                "peak_float64": self.peak("float64", n),
                "bandwidth_large": self.bandwidth(large, n, 0.5),
            }
            for n in sorted({1, threads_here()})
        }


@cache
def machine(folder: Path) -> Machine | None:
    """This machine, or None without a compiler."""
    try:
        return Machine(folder)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(error)
        return None
