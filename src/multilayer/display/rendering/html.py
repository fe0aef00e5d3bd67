"""A document as HTML for notebooks: tables with their own style, no script and no fonts to load."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from multilayer.display.document import Document, Entry, Equation, Section, Style, entries
from multilayer.display.rendering.plain import plain, plain_sentence

CELL = "border:none;padding:.15em .4em;text-align:left;vertical-align:middle;white-space:nowrap"
NUMBER = "border:none;padding:0 .4em;text-align:right;font-variant-numeric:tabular-nums"
BRACKETS = "border:solid;border-width:0 1px;border-radius:.4em;border-collapse:separate;margin:0"


def to_html(document: Document, style: Style) -> str:
    """One table a section: name, formula, numbers; marked numbers in ``<mark>``."""
    parts = [f"<div><h3>{escape(document.title)}</h3>"]
    if document.asked is not None:
        name = escape(plain(document.asked))
        legend = f"Mark what depends on {name}." if style.blank else f"<mark>depends on {name}</mark>"
        parts.append(f"<p>{legend}</p>")
    parts += [_section(section, style) for section in document.sections]
    return "\n".join(parts) + "\n</div>"


def _section(section: Section, style: Style) -> str:
    sentences = [f"<p>{escape(plain_sentence(part))}</p>" for part in section.parts if isinstance(part, str)]
    rows = [_equation(part, style) for part in section.parts if isinstance(part, Equation)]
    table = [f'<table style="border:none;border-collapse:collapse;margin:0">{"".join(rows)}</table>'] if rows else []
    return "\n".join([f"<h4>{escape(section.title)}</h4>", *sentences, *table])


def _equation(equation: Equation, style: Style) -> str:
    formula = f"= {escape(plain(equation.formula))}" if equation.formula else ""
    cells = (escape(plain(equation.name)), formula, "=", _matrix(equation, style))
    return _row(CELL, cells) + "\n"


def _matrix(equation: Equation, style: Style) -> str:
    """A table between brackets; a single number without them."""
    rows = [[_entry(entry, style) for entry in row] for row in entries(equation, style)]
    if equation.values.size == 1:
        return rows[0][0]
    return f'<table style="{BRACKETS}">{"".join(_row(NUMBER, row) for row in rows)}</table>'


def _row(style: str, cells: Iterable[str]) -> str:
    """A row of a table; notebooks would stripe it otherwise."""
    return f'<tr style="background:none">{"".join(f"<td style={style!r}>{cell}</td>" for cell in cells)}</tr>'


def _entry(entry: Entry, style: Style) -> str:
    number = "_" * (style.decimals + 4) if entry.number is None else entry.number
    return f"<mark>{number}</mark>" if entry.marked else number
