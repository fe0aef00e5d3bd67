"""`python -m multilayer`."""

from __future__ import annotations

from multilayer.cli.app import main

main()
