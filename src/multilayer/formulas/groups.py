"""Functions of a row's units, taken of each of several groups of neighbouring units by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from multilayer.formulas.namespace import Array, namespace


@dataclass(frozen=True)
class ByGroup:
    """A row-wise function of each group of neighbouring units.

        o(z) = (o(z⁽¹⁾), …, o(z⁽ᵍ⁾)),   z = (z⁽¹⁾, …, z⁽ᵍ⁾)

    Its Jacobian has a block for each group, so a vector–Jacobian product is taken in the same way.

    Parameters
    ----------
    function : callable
        Of arrays (…, size) → (…, size).
    sizes : tuple of int
        Units of each group, in their order.
    """

    function: Callable[..., Array]
    sizes: tuple[int, ...]

    def __call__(self, *arrays: Array) -> Array:
        """The function's values side by side, (…, k); arrays (…, k)."""
        values = [self.function(*part) for part in parts(self.sizes, *arrays)]
        return namespace(arrays[0]).concat(values, axis=-1)


def parts(sizes: tuple[int, ...], *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Each group's entries of arrays (…, k); views."""
    first = 0
    for size in sizes:
        yield tuple(a[..., first : first + size] for a in arrays)
        first += size


def checked_sizes(groups: object) -> tuple[int, ...]:
    """Units of each group as a tuple.

    Raises
    ------
    TypeError, ValueError
        For anything but whole numbers from 1 on, at least one of them.
    """
    allowed = "allowed: the units of each group in their order, such as (3, 4, 2)"
    try:
        sizes: tuple[Any, ...] = tuple(groups)  # type: ignore[arg-type]
        whole = tuple(int(size) for size in sizes)
    except (TypeError, ValueError):
        raise TypeError(f"groups: got {groups!r}; {allowed}") from None
    if not whole or min(whole) < 1 or whole != sizes:
        raise ValueError(f"groups: got {groups!r}; {allowed}, none below 1")
    return whole
