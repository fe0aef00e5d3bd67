"""Which levels this machine runs, judged by the kernel's own list of features."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

_cpu = pytest.importorskip("multilayer.engines.native._cpu")

# As /proc/cpuinfo names them (abm has lzcnt, pni is sse3).
FEATURES = {
    "v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"},
    "v2": {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"},
}


def test_levels_are_those_of_the_kernel() -> None:
    if platform.machine() in {"aarch64", "arm64"}:
        assert _cpu.levels() == ("arm64",)
        return
    information = Path("/proc/cpuinfo")
    if not information.exists():
        pytest.skip("no /proc/cpuinfo to compare with")
    flags = next(line for line in information.read_text().splitlines() if line.startswith("flags"))
    has = set(flags.partition(":")[2].split())
    runs = [level for level in FEATURES if all(FEATURES[lower] <= has for lower in FEATURES if lower <= level)]
    assert _cpu.levels() == tuple(runs)
