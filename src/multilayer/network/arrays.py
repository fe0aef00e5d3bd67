"""Arrays of numbers as users give them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_numbers(name: str, values: ArrayLike, allowed: str) -> NDArray[Any]:
    """Give an array of real numbers.

    Parameters
    ----------
    name : str
        What the caller's argument is called.
    values : array_like
        Numbers, truth values count as 0 and 1.
    allowed : str
        What the argument must be, in words.

    Raises
    ------
    ValueError
        If the rows differ in length, or anything is no real number.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: must be {allowed}; NumPy makes no array of it: {error}") from None
    if array.dtype.kind not in "iubf":
        raise ValueError(f"{name}: must be {allowed}, came dtype {array.dtype}")
    return array
