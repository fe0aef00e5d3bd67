"""Print the element-wise formulas of `multilayer.formulas` as C++, and tables of what the registries hold.

    python tools/print_formulas.py            prints both headers
    python tools/print_formulas.py --write    writes formulas.hpp and tables.hpp into the native engine's core

Each formula is called once with symbols in place of array elements and scalars; what it does to them is written down
line by line, in its own order of operations. Equal text becomes one line. Array elements have the template's type T,
which is a number or the Lanes of one; keyword-only scalars are double. Where a scalar meets an element it is converted
to T, as NumPy 2 converts a Python float to the array's dtype. Compiled with ``-ffp-contract=off`` the printed
functions therefore round where NumPy rounds. Row-wise formulas (softmax, sparsemax and their losses) are not printed.

A formula that returns several values fills trailing references, named after its parameters with ``_new``; passing the
arguments' own variables there is allowed.

The tables have a struct for each activation, output, loss and update rule, and a tuple of them all for each registry,
so that the engine makes its loops for a new entry by itself.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from multilayer.formulas import clipping, hinges, outputs, penalties, signatures
from multilayer.formulas.activations import ACTIVATIONS, Activation
from multilayer.formulas.losses import LOSSES, Loss
from multilayer.formulas.outputs import OUTPUTS, Output
from multilayer.formulas.own_losses import OWN_LOSSES, OwnLoss
from multilayer.formulas.update_rules import UPDATE_RULES, UpdateRule

CORE = Path(__file__).parents[1] / "src" / "multilayer" / "engines" / "native" / "core"

FORMULAS_TOP = """\
// Printed by tools/print_formulas.py; edit the formulas instead.
#pragma once

#include "elementary.hpp"
"""

TABLES_TOP = """\
// What the registries of multilayer.formulas hold, in their order, with the printed formulas behind it.
// Printed by tools/print_formulas.py; edit the formulas instead.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "formulas.hpp"

namespace multilayer::tables {
"""


def line(template: str, *operands: Symbol | float, condition: bool = False) -> Symbol:
    """Write an operation as a line of its own, unless the same line is there already, and give its value."""
    lines = next(operand.lines for operand in operands if isinstance(operand, Symbol))
    kind = "T" if any(isinstance(operand, Symbol) and operand.kind == "T" for operand in operands) else "double"
    text = template.format(*(written(operand, kind) for operand in operands))
    kind = "auto" if condition else kind
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
    """A value of the printed function: an array element ("T"), a scalar ("double") or a condition ("auto")."""

    def __init__(self, lines: dict[str, str], kind: str, name: str) -> None:
        self.lines, self.kind, self.name = lines, kind, name

    __add__, __radd__ = operation("{} + {}"), reflected("{} + {}")
    __sub__, __rsub__ = operation("{} - {}"), reflected("{} - {}")
    __mul__, __rmul__ = operation("{} * {}"), reflected("{} * {}")
    __truediv__, __rtruediv__ = operation("{} / {}"), reflected("{} / {}")
    __neg__ = operation("-{}")
    __lt__, __le__, __eq__ = condition("{} < {}"), condition("{} <= {}"), condition("{} == {}")
    __gt__, __ge__, __ne__ = condition("{} > {}"), condition("{} >= {}"), condition("{} != {}")
    __and__, __or__ = condition("{} & {}"), condition("{} | {}")

    def __pow__(self, exponent: float) -> Symbol:
        if exponent != 0.5:
            raise TypeError(f"formula: got a power of {exponent}; allowed: ** 0.5, products, divisions")
        return line("elementary::sqrt({})", self)

    def __bool__(self) -> bool:
        raise TypeError("formula: got a branch on a value (if, and, or, min, max); allowed: where, maximum, minimum")

    def __array_namespace__(self, api_version: str | None = None) -> SimpleNamespace:
        return ELEMENTARY


ELEMENTARY = SimpleNamespace(
    __name__="elementary",
    where=operation("elementary::where({}, {}, {})"),
    **{
        name: operation(f"elementary::{name}({{}})")
        for name in ("abs", "cos", "epsilon", "erfc", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")
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
    kind = "void" if isinstance(result, tuple) else "T"
    return "\n".join(
        [
            f"// {(inspect.getdoc(formula) or formula.__name__).splitlines()[0]}",
            "template <typename T>",
            wrapped(f"inline {kind} {formula.__name__}({', '.join(parameters)}) {{", indent=0),
            *(f"    {text}" for text in body),
            "}\n",
        ]
    )


def wrapped(text: str, indent: int) -> str:
    """Text broken after commas into lines of at most 120 columns."""
    glued = re.sub("(?<!,) ", "\N{NO-BREAK SPACE}", text)
    filled = textwrap.fill(glued, 120, initial_indent=" " * indent, subsequent_indent=" " * (indent + 8))
    return filled.replace("\N{NO-BREAK SPACE}", " ")


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
    parts = [FORMULAS_TOP]
    for group, members in formulas().items():
        parts.append(f"namespace multilayer::{group} {{\n")
        parts += [printed(formula) for formula in members]
        parts.append(f"}}  // namespace multilayer::{group}\n")
    return "\n".join(parts)


HOMES = {formula: group for group, members in formulas().items() for formula in members}


def call(formula: Callable[..., Any], scalars: Sequence[str], array: str) -> str:
    """Write a call of a printed formula whose scalars lie in an array, in the given order."""
    arguments = [*signatures.positional(formula)]
    arguments += [f"{array}[{scalars.index(name)}]" for name in signatures.keyword_only(formula)]
    return f"{HOMES[formula]}::{formula.__name__}({', '.join(arguments)})"


def method(name: str, formula: Callable[..., Any], options: Sequence[str] | None = None) -> str:
    """Print a formula as a struct's function: of array elements, and of an array of options if there may be some."""
    parameters = [f"V {element}" for element in signatures.positional(formula)]
    if options is not None:
        parameters.append("const double* option" if options else "const double*")
    top = f"    template <typename V> static V {name}({', '.join(parameters)}) {{"
    statement = f"return {call(formula, options or (), 'option')};"
    one_line = f"{top} {statement} }}"
    return one_line if len(one_line) <= 120 else f"{top}\n        {statement}\n    }}"


def struct(name: str, constants: dict[str, str | int | tuple[str, ...]], *members: str) -> str:
    """Print a struct of constants, types and static functions."""
    body = []
    for constant, value in constants.items():
        if isinstance(value, str):
            body.append(f'    static constexpr std::string_view {constant} = "{value}";')
        elif isinstance(value, tuple):
            names = ", ".join(f'"{entry}"' for entry in value)
            body.append(f"    static constexpr std::array<std::string_view, {len(value)}> {constant} = {{{names}}};")
        else:
            body.append(f"    static constexpr {type(value).__name__} {constant} = {str(value).lower()};")
    return "\n".join([f"struct {name} {{", *body, *members, "};\n"])


def in_capitals(name: str, kind: str) -> str:
    """Name of an entry's struct, such as LeakyReluActivation."""
    return name.title().replace("_", "") + kind


def activation_struct(activation: Activation) -> str:
    """Print an activation."""
    options = tuple(name for name, _ in activation.options)
    functions = [method("function", activation.function, options)]
    if activation.derivative is not None:
        functions.append(method("slope", activation.derivative, options))
    constants = {
        "name": activation.name,
        "options": options,
        "has_slope": activation.derivative is not None,
        "keeps_h": activation.keeps == "h",
    }
    return struct(in_capitals(activation.name, "Activation"), constants, *functions)


def output_struct(output: Output) -> str:
    """Print an element-wise output that is no activation."""
    constants: dict[str, Any] = {"name": output.name, "options": ()}
    functions = [method("function", output.function, ()), method("vjp", output.vjp)]
    return struct(in_capitals(output.name, "Output"), constants, *functions)


def loss_struct(loss: Loss) -> str:
    """Print a loss on the output."""
    options = tuple(name for name, _ in loss.options)
    functions = [method("value", loss.function, options), method("slope", loss.derivative, options)]
    return struct(in_capitals(loss.name, "Loss"), {"name": loss.name, "options": options}, *functions)


def own_loss_struct(loss: OwnLoss) -> str:
    """Print an output's own element-wise loss."""
    kind = "Activation" if loss.output in ACTIVATIONS else "Output"
    constants: dict[str, Any] = {
        "name": loss.name,
        "one_unit": (loss.output, loss.name, False) in ELEMENTWISE_OWN,
        "several_units": (loss.output, loss.name, True) in ELEMENTWISE_OWN,
    }
    members = [f"    using Output = {in_capitals(loss.output, kind)};"]
    members += [method("value", loss.function), method("delta", loss.delta)]
    return struct(in_capitals(f"{loss.name}_of_{loss.output}", ""), constants, *members)


def rule_struct(rule: UpdateRule) -> str:
    """Print an update rule."""
    constants = {
        "name": rule.name,
        "slots": len(rule.slots),
        "scalars": len(rule.scalars),
        "rate": rule.scalars.index("rate") if "rate" in rule.scalars else -1,
        "full_batch": rule.full_batch,
    }
    slots = [f"slot[{i}]" for i in range(len(rule.slots))]
    scalars = [f"scalar[{i}]" for i in range(len(rule.scalars))]
    parameters = ["V& theta", "V g", "V* slot" if slots else "V*", "const double* scalar"]
    arguments = ", ".join(["theta", "g", *slots, *scalars, "theta", *slots])
    statement = f"{HOMES[rule.formula]}::{rule.formula.__name__}({arguments});"
    apply = [
        f"    template <typename V> static void apply({', '.join(parameters)}) {{",
        wrapped(statement, indent=8),
        "    }",
    ]
    return struct(in_capitals(rule.name, "Rule"), constants, *apply)


ELEMENTWISE_OWN = {key: loss for key, loss in OWN_LOSSES.items() if not loss.rowwise}


def tables() -> str:
    """Print the registries as a C++ header."""
    groups = {
        "Activations": [activation_struct(activation) for activation in ACTIVATIONS.values()],
        "Outputs": [output_struct(o) for o in OUTPUTS.values() if not o.rowwise and o.name not in ACTIVATIONS],
        "Losses": [loss_struct(loss) for loss in LOSSES.values()],
        "OwnLosses": [own_loss_struct(loss) for loss in dict.fromkeys(ELEMENTWISE_OWN.values())],
        "Rules": [rule_struct(rule) for rule in UPDATE_RULES.values()],
    }
    most_options = max(len(entry.options) for entry in (*ACTIVATIONS.values(), *LOSSES.values()))
    parts = [TABLES_TOP, f"constexpr int MOST_OPTIONS = {most_options};\n"]
    for group, structs in groups.items():
        names = ", ".join(text.split()[1] for text in structs)
        parts += [*structs, wrapped(f"using {group} = std::tuple<{names}>;", indent=0) + "\n"]
    return "\n".join([*parts, "}  // namespace multilayer::tables\n"])


PRINTED = {"formulas.hpp": header, "tables.hpp": tables}

if __name__ == "__main__":
    for name, printer in PRINTED.items():
        if sys.argv[1:] == ["--write"]:
            (CORE / name).write_text(printer(), encoding="utf-8")
        else:
            print(printer(), end="")
