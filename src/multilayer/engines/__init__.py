"""How fast: engines compute what a plan says. No engine knows another, and none contains mathematics of its own."""

from __future__ import annotations

from multilayer.engines.native import native_engine
from multilayer.engines.protocol import Engine
from multilayer.engines.reference import ReferenceEngine

_NATIVE = native_engine()
ENGINES: dict[str, Engine] = {**({} if _NATIVE is None else {"native": _NATIVE}), "reference": ReferenceEngine()}


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
