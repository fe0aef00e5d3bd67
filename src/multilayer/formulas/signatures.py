"""What a formula's signature says: positional parameters are array elements, keyword-only ones are scalars."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from numbers import Real
from typing import Any


@lru_cache(maxsize=1024)
def positional(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the positional parameters, in order."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds)


@lru_cache(maxsize=1024)
def keyword_only(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the keyword-only parameters, in order."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


def first(function: Callable[..., Any]) -> str | None:
    """Name of the first positional parameter, or None."""
    return next(iter(positional(function)), None)


@lru_cache(maxsize=1024)
def default_options(function: Callable[..., Any]) -> tuple[tuple[str, float], ...]:
    """Keyword-only parameters with their defaults."""
    parameters = inspect.signature(function).parameters
    return tuple((name, parameters[name].default) for name in keyword_only(function))


def require_callable(owner: str, **functions: object) -> None:
    """Refuse what cannot be called, by the name of the field."""
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{name}: of {owner}: got {function!r}; allowed: a function of arrays")


def checked_options(owner: str, function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, float]:
    """Give the options as floats; refuse those that the function does not have or that are no finite numbers."""
    allowed = keyword_only(function)
    for name, value in options.items():
        if name not in allowed:
            raise ValueError(f"{name}: {owner} has no such option; allowed: {', '.join(allowed) or 'none'}")
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"{name}: option of {owner}: got {type(value).__name__} {value!r}; allowed: a number")
        if not math.isfinite(value):
            raise ValueError(f"{name}: option of {owner}: got {value!r}; allowed: a finite number")
    return {name: float(value) for name, value in options.items()}
