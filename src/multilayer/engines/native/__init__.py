"""The native engine: the plan's operations in C++, whole stretches of updates in one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from multilayer.engines.native.cores import usable_cores
from multilayer.engines.native.levels import load
from multilayer.engines.native.lowering import refusal
from multilayer.engines.native.program import NativeProgram
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.checks import require_integer
from multilayer.network.plan import Plan


@dataclass(frozen=True)
class NativeEngine:
    """Runs plans of the library's own formulas in float32 and float64.

    Parameters
    ----------
    level : str
        Level of the processor's instructions that its module was compiled for.
    module : module
        The compiled module.
    """

    level: str
    module: ModuleType = field(repr=False)
    name: str = "native"

    def refuses(self, plan: Plan, rule: UpdateRule, dtype: np.dtype[Any]) -> str | None:
        """Why this engine cannot run the plan; None if it can."""
        if np.dtype(dtype) not in (np.float32, np.float64):
            return f"dtype: must be float32 or float64, came {dtype}"
        return refusal(plan, rule)

    def program(
        self,
        plan: Plan,
        rule: UpdateRule,
        *,
        dtype: Any = np.float64,
        members: int | None = None,
        n_threads: int | None = None,
    ) -> NativeProgram:
        """A program; `n_threads` None takes as many threads as cores may be used and are worth it."""
        if n_threads is not None:
            require_integer("n_threads", n_threads)
        threads = usable_cores() if n_threads is None else n_threads
        return NativeProgram(self.module, plan, rule, np.dtype(dtype), members, threads)


def native_engine() -> NativeEngine | None:
    """The engine at the best level that runs here, or None where nothing was compiled."""
    loaded = load()
    return None if loaded is None else NativeEngine(*loaded)
