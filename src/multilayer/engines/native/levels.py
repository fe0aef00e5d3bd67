"""Which compiled module runs here: one for each level of the processor's instructions."""

from __future__ import annotations

import importlib
import os
import warnings
from types import ModuleType

VARIABLE = "MULTILAYER_INSTRUCTION_SET"


def supported_levels() -> tuple[str, ...]:
    """Levels that this processor runs, best first; empty where nothing was compiled."""
    cpu = _compiled("_cpu")
    return () if cpu is None else tuple(cpu.levels())


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
        module = _compiled(f"_native_{level}")
        if module is not None:
            return level, module
        if wanted:
            raise ValueError(f"{VARIABLE}: level {wanted!r} was not compiled; install multilayer anew")
    return None


def _compiled(name: str) -> ModuleType | None:
    """A compiled module; None where it is not there, or, with a warning, where the system cannot load it."""
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError:
        return None
    except ImportError as error:
        warnings.warn(
            f"multilayer: a compiled part of the native engine does not load ({error}); a slower one will be used. "
            "Install anew on this machine: pip install --force-reinstall --no-cache-dir --no-deps multilayer",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
