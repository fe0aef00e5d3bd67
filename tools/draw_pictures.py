"""Draw the pictures of the pages: run the Python of every page that embeds some, and put what it saves where it shows.

    python tools/draw_pictures.py [PAGE ...]
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from pages import PAGES, blocks, pictures, run_python


def draw(page: Path) -> list[Path]:
    """Run a page in an empty directory and collect its pictures."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        names: dict[str, object] = {"__name__": "__main__"}
        for block in blocks(page):
            if block.language == "python":
                run_python(block, page, names)
        for picture in pictures(page):
            picture.parent.mkdir(exist_ok=True)
            shutil.copyfile(picture.name, picture)
    return pictures(page)


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]] or PAGES
    for page in chosen:
        for picture in draw(page) if pictures(page) else []:
            print(f"{picture}: {picture.stat().st_size / 1000:.0f} kB")
