"""The array namespace in which a formula runs.

One source serves NumPy, torch, array-api-strict and whatever else has ``__array_namespace__``. `namespace` gives what
the array API standard names, and adds what formulas need beyond it: ``erfc``, and ``where``, ``maximum`` and
``minimum`` that take Python scalars everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import array_api_compat
import numpy as np

Array = Any
ArrayFunction = Callable[..., Array]

_BY_TYPE: dict[type, Any] = {}  # of an array
_BY_LIBRARY: dict[str, Any] = {}  # so that all array types of a library share one


def namespace(*arrays: Array) -> Any:
    """Give the namespace that the arrays share.

    Parameters
    ----------
    *arrays : Array
        Arrays of one library; Python numbers among them are passed over. Numbers alone count as NumPy's.

    Returns
    -------
    Any
        The functions of the array API standard, and ``erfc``. ``where``, ``maximum`` and ``minimum`` take Python
        scalars and keep the dtype of the array beside them; of two Python scalars ``maximum`` and ``minimum`` give a
        Python scalar, NaN if one of them is NaN.

    Raises
    ------
    TypeError
        If an argument is no array, or the arrays come from different libraries.
    """
    if len(arrays) == 1:
        found = _BY_TYPE.get(type(arrays[0]))
        if found is not None:
            return found
    return _shared_namespace(arrays)


def _shared_namespace(arrays: tuple[Array, ...]) -> Any:
    arrays = tuple(array for array in arrays if type(array) not in (bool, int, float)) or (np.empty(0),)
    for array in arrays:
        if type(array) not in _BY_TYPE:
            _BY_TYPE[type(array)] = _found(array)
    shared, *others = {id(_BY_TYPE[type(array)]): _BY_TYPE[type(array)] for array in arrays}.values()
    if others:
        raise TypeError(
            f"arrays: got {', '.join(sorted({_type_name(array) for array in arrays}))}; "
            "allowed: arrays of one library; convert them first"
        )
    return shared


def _type_name(array: Array) -> str:
    return f"{type(array).__module__}.{type(array).__qualname__}"


def _found(array: Array) -> Any:
    try:
        xp: Any = array_api_compat.array_namespace(array)
    except TypeError:
        raise TypeError(
            f"arrays: got {_type_name(array)}; allowed: arrays with __array_namespace__, such as NumPy's and torch's; "
            "convert it with numpy.asarray"
        ) from None
    if xp.__name__ not in _BY_LIBRARY:
        _BY_LIBRARY[xp.__name__] = _extended(xp, array)
    return _BY_LIBRARY[xp.__name__]


def _extended(xp: Any, array: Array) -> Any:
    if array_api_compat.is_numpy_array(array):
        own = {"erfc": _scipy_erfc, "epsilon": _numpy_epsilon, **_also_of_scalars(np.maximum, np.minimum)}
    elif array_api_compat.is_torch_array(array):
        own = _of_torch(xp)
    elif hasattr(xp, "erfc"):  # more than the standard has, so made for these formulas: complete as it is
        return xp
    else:
        own = _of_standard(xp)
    return SimpleNamespace(**{**vars(xp), **own})


def _scipy_erfc(z: Array) -> Array:
    from scipy.special import erfc  # here, because only gelu needs it and it is slow to import

    return erfc(z)


def _numpy_epsilon(z: Array) -> Array:
    return np.asarray(np.finfo(np.asarray(z).dtype).eps)


def _epsilon(xp: Any) -> ArrayFunction:
    return lambda z: xp.asarray(xp.finfo(z.dtype).eps, dtype=z.dtype, device=z.device)


def _also_of_scalars(maximum: ArrayFunction, minimum: ArrayFunction) -> dict[str, ArrayFunction]:
    def largest(a: Array, b: Array) -> Array:
        if type(a) is float and type(b) is float:
            return a if a > b or a != a else b
        return maximum(a, b)

    def smallest(a: Array, b: Array) -> Array:
        if type(a) is float and type(b) is float:
            return a if a < b or a != a else b
        return minimum(a, b)

    return {"maximum": largest, "minimum": smallest}


def _of_torch(xp: Any) -> dict[str, ArrayFunction]:
    def maximum(a: Array, b: Array) -> Array:
        if isinstance(a, xp.Tensor) and isinstance(b, xp.Tensor):
            return xp.maximum(a, b)
        return xp.clamp(a, min=b) if isinstance(a, xp.Tensor) else xp.clamp(b, min=a)

    def minimum(a: Array, b: Array) -> Array:
        if isinstance(a, xp.Tensor) and isinstance(b, xp.Tensor):
            return xp.minimum(a, b)
        return xp.clamp(a, max=b) if isinstance(a, xp.Tensor) else xp.clamp(b, max=a)

    return {"epsilon": _epsilon(xp), **_also_of_scalars(maximum, minimum)}


def _of_standard(xp: Any) -> dict[str, ArrayFunction]:
    def arrays(a: Array, b: Array) -> tuple[Array, Array]:
        if isinstance(a, (int, float)):
            return xp.asarray(a, dtype=b.dtype, device=b.device), b
        if isinstance(b, (int, float)):
            return a, xp.asarray(b, dtype=a.dtype, device=a.device)
        return a, b

    def erfc(z: Array) -> Array:
        return xp.asarray(_scipy_erfc(np.asarray(z)), dtype=z.dtype, device=z.device)

    return {
        "epsilon": _epsilon(xp),
        "erfc": erfc,
        "where": lambda condition, a, b: xp.where(condition, *arrays(a, b)),
        **_also_of_scalars(lambda a, b: xp.maximum(*arrays(a, b)), lambda a, b: xp.minimum(*arrays(a, b))),
    }
