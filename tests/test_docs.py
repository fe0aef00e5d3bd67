"""README.md and docs/: every block of Python runs, every `$ multilayer` command succeeds, every link leads somewhere.

The blocks of a page run in order, in one namespace and one empty directory, as a reader would type them.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE_OR_MATHEMATICS = re.compile(r"^```.*?^```|`[^`\n]*`|\$[^$\n]*\$", flags=re.DOTALL | re.MULTILINE)
COMMAND_LINE = "import sys; from multilayer.cli import main; sys.argv[0] = 'multilayer'; main()"

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


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


def run_python(block: Block, page: Path, names: dict[str, object]) -> None:
    # Empty lines before the block make tracebacks name the page's own lines.
    exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec", dont_inherit=True), names)


def run_commands(block: Block, page: Path) -> None:
    """Run the lines that begin with `$ multilayer`; the others are what they print, or not this library's commands."""
    for number, text in enumerate(block.text.splitlines(), start=block.line):
        if text.startswith("$ multilayer "):
            arguments = shlex.split(text)[2:]
            done = subprocess.run(
                [sys.executable, "-c", COMMAND_LINE, *arguments], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{page}:{number}: {text}\n{done.stdout}{done.stderr}"


@every_page
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            run_python(block, page, names)
        elif block.language == "console":
            run_commands(block, page)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    prose = CODE_OR_MATHEMATICS.sub("", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing, f"{page} links to {missing}"
