"""README.md and docs/: blocks of Python run and print what stands below them, `$ multilayer` commands succeed, links
lead somewhere, pictures are drawn by their page.

A block of text after a block of Python that prints is what it prints.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[1] / "tools" / "pages.py"
_SPEC = importlib.util.spec_from_file_location("pages", _PATH)
pages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pages)

CODE_OR_MATHEMATICS = re.compile(r"^```.*?^```|`[^`\n]*`|\$[^$\n]*\$", flags=re.DOTALL | re.MULTILINE)
COMMAND_LINE = "import sys; from multilayer.cli import main; sys.argv[0] = 'multilayer'; main()"

every_page = pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.relative_to(pages.ROOT).as_posix())


def run_commands(block: pages.Block, page: Path) -> None:
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
    printed = ""
    for block in pages.blocks(page):
        if block.language == "python":
            printed = pages.run_python(block, page, names)
        elif block.language == "text" and printed:
            assert [line.rstrip() for line in printed.splitlines()] == block.text.splitlines(), f"{page}:{block.line}"
            printed = ""
        elif block.language == "console":
            run_commands(block, page)
    not_saved = [picture.name for picture in pages.pictures(page) if not Path(picture.name).is_file()]
    assert not not_saved, f"{page}: no block saves {not_saved}"


@every_page
def test_pictures_are_small(page: Path) -> None:
    too_large = [picture.name for picture in pages.pictures(page) if picture.stat().st_size > 60_000]
    assert not too_large, f"{page}: {too_large} exceed 60 kB; save them with a lower dpi"


def test_every_picture_is_shown() -> None:
    shown = {picture for page in pages.PAGES for picture in pages.pictures(page)}
    assert set((pages.ROOT / "docs").rglob("*.png")) == shown


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    prose = CODE_OR_MATHEMATICS.sub("", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing, f"{page} links to {missing}"
