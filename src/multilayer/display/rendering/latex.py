"""A document as LaTeX for amsmath; goes into any document class, and into a notebook's PDF."""

from __future__ import annotations

from multilayer.display.document import Document, Entry, Equation, Section, Style, entries

BLANK = r"\underline{\hspace{3em}}"


def to_latex(document: Document, style: Style) -> str:
    """Headings in bold, an ``align*`` for the equations between two sentences."""
    lines = [rf"\textbf{{{document.title}}}"]
    if document.asked is not None:
        lines.append(f"{'Mark what' if style.blank else 'Boxed:'} depends on ${document.asked}$.")
    for section in document.sections:
        lines += ["", *_section(section, style)]
    return "\n".join(lines) + "\n"


def _section(section: Section, style: Style) -> list[str]:
    sentences = [part for part in section.parts if isinstance(part, str)]
    equations = [_equation(part, style) for part in section.parts if isinstance(part, Equation)]
    lines = [rf"\textbf{{{section.title}}}", *sentences]
    if equations:
        lines += [r"\begin{align*}", " \\\\\n".join(equations), r"\end{align*}"]
    return lines


def _equation(equation: Equation, style: Style) -> str:
    formula = f" {equation.formula} =" if equation.formula else ""
    return f"{equation.name} &={formula} {_matrix(equation, style)}"


def _matrix(equation: Equation, style: Style) -> str:
    """An array in brackets, which unlike ``bmatrix`` has no limit of ten columns; a single number without them."""
    table = [[_entry(entry) for entry in row] for row in entries(equation, style)]
    if equation.values.size == 1:
        return table[0][0]
    rows = r" \\ ".join(" & ".join(row) for row in table)
    return rf"\left[\begin{{array}}{{{'r' * len(table[0])}}} {rows} \end{{array}}\right]"


def _entry(entry: Entry) -> str:
    number = BLANK if entry.number is None else entry.number
    return rf"\boxed{{{number}}}" if entry.marked else number
