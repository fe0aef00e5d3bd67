"""Which compiled module runs here: one for each level of the processor's instructions."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

VARIABLE = "MULTILAYER_INSTRUCTION_SET"


def supported_levels() -> tuple[str, ...]:
    """Levels that this processor runs, best first; empty where nothing was compiled."""
    try:
        cpu = importlib.import_module("multilayer.engines.native._cpu")
    except ModuleNotFoundError:
        return ()
    return tuple(cpu.levels())


def load() -> tuple[str, ModuleType] | None:
    """The level and module to use: the best supported one that was compiled, or the one that the environment names.

    Returns
    -------
    (str, module) or None
        None where nothing was compiled.

    Raises
    ------
    ValueError
        If the environment variable names a level that does not run here or was not compiled.
    """
    wanted = os.environ.get(VARIABLE)
    supported = supported_levels()
    if wanted and wanted not in supported:
        here = ", ".join(supported) or "none, since nothing was compiled"
        raise ValueError(f"{VARIABLE}: came {wanted!r}; levels that run here: {here}")
    for level in (wanted,) if wanted else supported:
        try:
            return level, importlib.import_module(f"multilayer.engines.native._native_{level}")
        except ModuleNotFoundError:
            if wanted:
                raise ValueError(f"{VARIABLE}: level {wanted!r} was not compiled; install multilayer anew") from None
    return None
