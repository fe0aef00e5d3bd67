"""A document as plain text for a terminal or a file."""

from __future__ import annotations

from textwrap import wrap

from multilayer.display.document import Document, Equation, Section, Style, entries
from multilayer.display.rendering.plain import plain, plain_sentence

MARK = "*"
WIDTH = 100  # of sentences; matrices take what they need


def to_text(document: Document, style: Style) -> str:
    """A heading over each section; names, formulas and numbers of a section stand under each other."""
    lines = [document.title, "=" * len(document.title)]
    if document.asked is not None:
        name = plain(document.asked)
        lines += [f"Mark what depends on {name}." if style.blank else f"{MARK} depends on {name}"]
    for section in document.sections:
        lines += ["", section.title, "-" * len(section.title), *_section(section, style)]
    return "\n".join(lines)


def _section(section: Section, style: Style) -> list[str]:
    equations = [part for part in section.parts if isinstance(part, Equation)]
    name_width = max((len(plain(e.name)) for e in equations), default=0)
    formula_width = max((len(_formula(e)) for e in equations), default=0)
    lines = []
    for part in section.parts:
        if isinstance(part, str):
            lines += wrap(plain_sentence(part), WIDTH)
        else:
            left = f"{plain(part.name):<{name_width}}{_formula(part):<{formula_width}} = "
            lines += _beside(left, _matrix(part, style))
    return lines


def _formula(equation: Equation) -> str:
    return f" = {plain(equation.formula)}" if equation.formula else ""


def _beside(left: str, rows: list[str]) -> list[str]:
    """A matrix to the right of a name and formula, on its first line."""
    return [(left if i == 0 else " " * len(left)) + row for i, row in enumerate(rows)]


def _matrix(equation: Equation, style: Style) -> list[str]:
    """Rows of a matrix in brackets; a single number without them."""
    table = entries(equation, style)
    blank = "_" * (style.decimals + 4)  # the same room for every number, so that nothing shows through
    width = max(len(blank if entry.number is None else entry.number) for row in table for entry in row)
    any_mark = any(entry.marked for row in table for entry in row)
    lines = []
    for row in table:
        cells = [
            f"{blank if entry.number is None else entry.number:>{width}}"
            + (MARK if entry.marked else " " if any_mark else "")
            for entry in row
        ]
        lines.append(cells[0].rstrip() if equation.values.size == 1 else f"[{'  '.join(cells)}]")
    return lines
