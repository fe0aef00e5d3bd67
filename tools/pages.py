"""README.md and docs/ as data: their blocks of code, and the pictures that these save.

The blocks of a page run in order, in one namespace and one directory, as a reader would type them.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Block(NamedTuple):
    language: str
    line: int  # of the block's first line in its page, from 1
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    language, line, lines = None, 0, []
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if language is None and text.startswith("```"):
            language, line, lines = text[3:].strip(), number + 1, []
        elif language is not None and text.rstrip() == "```":
            yield Block(language, line, "\n".join(lines))
            language = None
        elif language is not None:
            lines.append(text)
    assert language is None, f"{page}:{line}: this block is never closed"


def run_python(block: Block, page: Path, names: dict[str, object]) -> str:
    """Run a block in a page's namespace and give back what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        # Empty lines before the block make tracebacks name the page's own lines.
        exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec", dont_inherit=True), names)
    return printed.getvalue()


def pictures(page: Path) -> list[Path]:
    """The pictures that a page embeds: each saved, under the same name, by a block of the page."""
    embedded = re.findall(r"!\[[^]]*\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [page.parent / path for path in embedded]
