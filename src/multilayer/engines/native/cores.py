"""How many threads are worth starting: the cores that this process may use."""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


@cache
def usable_cores() -> int:
    """Cores by the process's affinity and its control group's quota, at least 1."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        allowed = os.cpu_count() or 1
    quota = _quota()
    return max(1, allowed if quota is None else min(allowed, math.ceil(quota)))


def _quota() -> float | None:
    """Processors' worth of time that the control group grants, or None without a limit."""
    try:
        given, period = (CGROUP / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:  # control groups of the first version
            given = (CGROUP / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (CGROUP / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if given in ("max", "-1"):
        return None
    return float(given) / float(period)
