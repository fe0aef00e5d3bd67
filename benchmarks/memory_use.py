"""How much memory this process holds, and has held at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Peak of the resident memory, in bytes."""
    if STATUS.exists():  # Linux's ru_maxrss begins with the parent's
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def held_memory() -> int:
    """Resident memory now, in bytes; where the system does not tell, the peak so far."""
    return _status("VmRSS") if STATUS.exists() else peak_memory()


def _status(name: str) -> int:
    """A size among the process's state, which has it in kB."""
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
