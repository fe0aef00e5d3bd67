"""Print the element-wise formulas of `multilayer.formulas` as C++ function templates.

    python tools/print_formulas.py > formulas.hpp

Each formula is called once with symbols in place of array elements and scalars; what it does to them is written down
line by line, in its own order of operations. Equal text becomes one line. Array elements have the template's type T,
keyword-only scalars are double; where a scalar meets an element it is converted to T, as NumPy 2 converts a Python
float to the array's dtype. Compiled with ``-ffp-contract=off`` the printed functions therefore round where NumPy
rounds. Row-wise formulas (softmax, sparsemax and their losses) are not printed.

A formula that returns several values fills trailing references, named after its parameters with ``_new``; passing the
arguments' own variables there is allowed. Elementary functions are those of namespace ``multilayer::elementary``; an
includer that has its own defines ``MULTILAYER_ELEMENTARY`` first.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from types import ModuleType, SimpleNamespace
from typing import Any

from multilayer.formulas import clipping, hinges, outputs, penalties, signatures
from multilayer.formulas.activations import ACTIVATIONS
from multilayer.formulas.losses import LOSSES
from multilayer.formulas.own_losses import OWN_LOSSES
from multilayer.formulas.update_rules import UPDATE_RULES

PRELUDE = """\
// Printed by tools/print_formulas.py; edit the formulas instead.
#pragma once

#ifndef MULTILAYER_ELEMENTARY
#define MULTILAYER_ELEMENTARY
#include <cmath>
namespace multilayer::elementary {
using std::abs, std::cos, std::erfc, std::exp, std::expm1, std::log, std::log1p, std::pow, std::sin, std::sqrt;
using std::tanh;
// NaN if one of the two is NaN, unlike std::fmax and std::fmin; in this form loops over them become vector code.
template <typename T> inline T maximum(T a, T b) { return a <= b || b != b ? b : a; }
template <typename T> inline T minimum(T a, T b) { return a >= b || b != b ? b : a; }
}  // namespace multilayer::elementary
#endif
"""


def line(template: str, *operands: Symbol | float, condition: bool = False) -> Symbol:
    """Write an operation as a line of its own, unless the same line is there already, and give its value."""
    lines = next(operand.lines for operand in operands if isinstance(operand, Symbol))
    kind = "T" if any(isinstance(operand, Symbol) and operand.kind == "T" for operand in operands) else "double"
    text = template.format(*(written(operand, kind) for operand in operands))
    kind = "bool" if condition else kind
    return Symbol(lines, kind, lines.setdefault(f"const {kind} {{}} = {text};", f"t{len(lines) + 1}"))


def written(operand: Symbol | float, kind: str) -> str:
    """Write an operand of an operation of the given kind."""
    text = operand.name if isinstance(operand, Symbol) else repr(float(operand))
    is_scalar = not isinstance(operand, Symbol) or operand.kind == "double"
    return f"T({text})" if kind == "T" and is_scalar else text


def operation(template: str) -> Any:
    """Give the function, or the method, that writes an operation."""
    return lambda *operands: line(template, *operands)


def reflected(template: str) -> Any:
    """Give the method for a number on the left and a symbol on the right."""
    return lambda right, left: line(template, left, right)


def condition(template: str) -> Any:
    """Give the method that writes a comparison, or joins two."""
    return lambda *operands: line(template, *operands, condition=True)


class Symbol:
    """A value of the printed function: an array element ("T"), a scalar ("double") or a condition ("bool")."""

    def __init__(self, lines: dict[str, str], kind: str, name: str) -> None:
        self.lines, self.kind, self.name = lines, kind, name

    __add__, __radd__ = operation("{} + {}"), reflected("{} + {}")
    __sub__, __rsub__ = operation("{} - {}"), reflected("{} - {}")
    __mul__, __rmul__ = operation("{} * {}"), reflected("{} * {}")
    __truediv__, __rtruediv__ = operation("{} / {}"), reflected("{} / {}")
    __neg__, __pow__ = operation("-{}"), operation("elementary::pow({}, {})")
    __lt__, __le__, __eq__ = condition("{} < {}"), condition("{} <= {}"), condition("{} == {}")
    __gt__, __ge__, __ne__ = condition("{} > {}"), condition("{} >= {}"), condition("{} != {}")
    __and__, __or__ = condition("{} & {}"), condition("{} | {}")

    def __bool__(self) -> bool:
        raise TypeError("formula: got a branch on a value (if, and, or, min, max); allowed: where, maximum, minimum")

    def __array_namespace__(self, api_version: str | None = None) -> SimpleNamespace:
        return ELEMENTARY


ELEMENTARY = SimpleNamespace(
    __name__="elementary",
    where=operation("{} ? {} : {}"),
    **{
        name: operation(f"elementary::{name}({{}})")
        for name in ("abs", "cos", "erfc", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")
    },
    **{name: operation(f"elementary::{name}({{}}, {{}})") for name in ("maximum", "minimum")},
)


def printed(formula: Callable[..., Any]) -> str:
    """Print one formula as a C++ function template."""
    elements, scalars = signatures.positional(formula), signatures.keyword_only(formula)
    lines: dict[str, str] = {}
    result = formula(
        *(Symbol(lines, "T", name) for name in elements), **{name: Symbol(lines, "double", name) for name in scalars}
    )
    body = [text.format(name) for text, name in lines.items()]
    parameters = [f"T {name}" for name in elements] + [f"double {name}" for name in scalars]
    if isinstance(result, tuple):
        names = [f"{name}_new" for name in (elements[0], *elements[2:])]
        parameters += [f"T& {name}" for name in names]
        body += [f"{name} = {value.name};" for name, value in zip(names, result, strict=True)]
    else:
        body.append(f"return {result.name};")
    used = set(re.findall(r"\w+", " ".join(body)))
    parameters = [p if p.split()[-1] in used else f"{p.split()[0]} /*{p.split()[1]}*/" for p in parameters]
    return "\n".join(
        [
            f"// {(inspect.getdoc(formula) or formula.__name__).splitlines()[0]}",
            "template <typename T>",
            f"inline {'void' if isinstance(result, tuple) else 'T'} {formula.__name__}({', '.join(parameters)}) {{",
            *(f"    {text}" for text in body),
            "}\n",
        ]
    )


def functions_of(module: ModuleType) -> list[Callable[..., Any]]:
    """Functions that a module defines, in order."""
    functions = [f for _, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__]
    return sorted(functions, key=lambda f: f.__code__.co_firstlineno)


def formulas() -> dict[str, list[Callable[..., Any]]]:
    """Every element-wise formula, each once, by the C++ namespace it is printed in."""
    own = [loss for loss in OWN_LOSSES.values() if not loss.rowwise]
    groups: dict[str, Iterable[Callable[..., Any] | None]] = {
        "activations": (f for a in ACTIVATIONS.values() for f in (a.function, a.derivative)),
        "hinges": functions_of(hinges),
        "outputs": (outputs.exponential, outputs.exponential_vjp),
        "losses": (f for loss in LOSSES.values() for f in (loss.function, loss.derivative)),
        "own_losses": (f for loss in own for f in (loss.function, loss.delta)),
        "penalties": functions_of(penalties),
        "clipping": functions_of(clipping),
        "update_rules": (rule.formula for rule in UPDATE_RULES.values()),
    }
    home: dict[Callable[..., Any], str] = {}
    for group, members in groups.items():
        for formula in members:
            if formula is not None:
                home.setdefault(formula, group)
    return {group: [formula for formula, where in home.items() if where == group] for group in groups}


def header() -> str:
    """Print all formulas as a C++ header."""
    parts = [PRELUDE]
    for group, members in formulas().items():
        parts.append(f"namespace multilayer::{group} {{\n")
        parts += [printed(formula) for formula in members]
        parts.append(f"}}  // namespace multilayer::{group}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(header(), end="")
