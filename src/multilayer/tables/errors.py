"""What is wrong with a table, in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class TableError(ValueError):
    """A table that cannot be read, or does not hold what was asked of it."""


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Names in quotation marks, separated by commas; past `limit` of them only their number."""
    quoted = [repr(name) for name in names]
    shown = ", ".join(quoted[:limit])
    return shown if len(quoted) <= limit else f"{shown} and {len(quoted) - limit} more"


def require_distinct(names: Iterable[str], what: str) -> None:
    """Refuse columns of the same name; `what` has them."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise TableError(f"{what} has several columns of the same name: {listed(repeated)}")
