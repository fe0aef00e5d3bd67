"""How fast: engines compute what a plan says. No engine knows another, and none contains mathematics of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.engines.native import native_engine
from multilayer.engines.protocol import Engine
from multilayer.engines.reference import ReferenceEngine
from multilayer.formulas.update_rules import UpdateRule
from multilayer.network.plan import Plan

_NATIVE = native_engine()
ENGINES: dict[str, Engine] = {**({} if _NATIVE is None else {"native": _NATIVE}), "reference": ReferenceEngine()}


def engine_for(name: str | None, plan: Plan, rule: UpdateRule, dtype: np.dtype[Any]) -> Engine:
    """The engine to run a plan: the one named, or the fastest that does not refuse it.

    Raises
    ------
    ValueError
        For an unknown name, or an engine that refuses the plan, with its reason.
    """
    candidates = [engine(name)] if name is not None else list(ENGINES.values())
    for candidate in candidates:
        reason = candidate.refuses(plan, rule, dtype)
        if reason is None:
            return candidate
    raise ValueError(f"engine: {candidate.name!r} cannot run this: {reason}")


def engine(name: str | None = None) -> Engine:
    """An engine by name; None chooses the fastest installed.

    Raises
    ------
    ValueError
        For an unknown name, with those that are installed.
    """
    if name is None:
        return next(iter(ENGINES.values()))
    if not isinstance(name, str) or name not in ENGINES:
        raise ValueError(f"engine: unknown engine {name!r}; installed: {', '.join(ENGINES)}")
    return ENGINES[name]
