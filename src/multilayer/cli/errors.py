"""From exceptions to one message on standard error and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

BAD_INPUT = 2
DIVERGED = 1
INTERRUPTED = 130
BROKEN_PIPE = 141


@contextmanager
def reported(interrupted: str) -> Iterator[None]:
    """Report what went wrong in one message and leave: 2 for input that cannot be used, 130 after Ctrl-C.

    Errors of other kinds are faults of the program and keep their traceback.

    Parameters
    ----------
    interrupted : str
        What Ctrl-C leaves behind, in words.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"\ninterrupted: {interrupted}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of the output has enough, as `head` does. What is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except ValueError as error:
        from multilayer.files.errors import FileError
        from multilayer.tables.errors import TableError

        if not isinstance(error, (FileError, TableError)):
            raise
        raise refusal(str(error)) from None
    except FloatingPointError as error:
        typer.echo(f"error: the training diverged: {error}", err=True)
        raise typer.Exit(DIVERGED) from None


def refusal(message: str) -> typer.Exit:
    """Say what cannot be used; to be raised."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(BAD_INPUT)
