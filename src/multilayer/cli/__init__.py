"""The command line: one file a command. What a command needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

from multilayer.cli.app import main

__all__ = ["main"]
