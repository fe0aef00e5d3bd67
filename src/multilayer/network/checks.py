"""Single values as users give them: refused by the argument's name where they are not what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any


def require_integer(name: str, value: object, least: int = 1) -> None:
    """Refuse what is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, Integral)) or value < least:
        raise ValueError(f"{name}: must be an integer of at least {least}, came {value!r}")


def require_positive(name: str, value: object) -> None:
    """Refuse what is no finite number above 0."""
    _require_number(name, value, lambda x: x > 0, "be a finite number above 0")


def require_not_negative(name: str, value: object) -> None:
    """Refuse what is no finite number of at least 0."""
    _require_number(name, value, lambda x: x >= 0, "be a finite number of at least 0")


def require_below_one(name: str, value: object) -> None:
    """Refuse what lies outside [0, 1)."""
    _require_number(name, value, lambda x: 0 <= x < 1, "lie in [0, 1)")


def require_share(name: str, value: object) -> None:
    """Refuse what lies outside [0, 1]."""
    _require_number(name, value, lambda x: 0 <= x <= 1, "lie in [0, 1]")


def require_factor(name: str, value: object) -> None:
    """Refuse what lies outside (0, 1]."""
    _require_number(name, value, lambda x: 0 < x <= 1, "lie in (0, 1]")


def require_truth(name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: must be True or False, came {value!r}")


def require_choice(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse what is none of the allowed names."""
    if value not in allowed:
        *others, last = map(repr, allowed)
        raise ValueError(f"{name}: must be {', '.join(others)} or {last}, came {value!r}")


def _require_number(name: str, value: Any, holds: Callable[[Any], bool], allowed: str) -> None:
    """Refuse what is no finite number for which the condition holds."""
    if isinstance(value, bool) or not (isinstance(value, (float, Real)) and math.isfinite(value) and holds(value)):
        raise ValueError(f"{name}: must {allowed}, came {value!r}")
