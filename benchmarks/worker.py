"""An object in a process of its own: no engine's threads, settings or memory touch another's."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


class Failed(RuntimeError):
    """A worker could not do what it was asked."""


class Worker:
    """Makes ``factory(*args)`` in a fresh process and calls its methods there.

    Parameters
    ----------
    factory : callable
        Importable by name.
    *args
        Its arguments.
    cores : int, optional
        Use only so many of the cores; set before anything is imported there.
    limit : float
        Seconds a call may take.
    """

    def __init__(self, factory: Callable[..., Any], *args: Any, cores: int | None = None, limit: float = 300.0) -> None:
        self._limit = limit
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, factory, args), daemon=True)
        with _on_cores(cores):
            self._process.start()
        other.close()
        self._receive()

    def __call__(self, method: str, *args: Any) -> Any:
        """Call a method there; what it returns."""
        self._connection.send((method, args))
        return self._receive()

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _receive(self) -> Any:
        reason = f"no answer within {self._limit:g} s"
        try:
            if self._connection.poll(self._limit):
                done, value = self._connection.recv()
                if done:
                    return value
                reason = value
        except EOFError:
            self._process.join()
            reason = f"the process ended with {self._process.exitcode}"
        self.stop()
        raise Failed(reason)


def _serve(connection: Any, factory: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Answer calls until the process is ended."""

    def answer(call: Callable[[], Any]) -> bool:
        try:
            connection.send((True, call()))
            return True
        except Exception as error:
            connection.send((False, f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}"))
            return False

    served: list[Any] = []
    going = answer(lambda: served.append(factory(*args)))
    while going:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        going = answer(partial(getattr(served[0], method), *arguments))


@contextmanager
def _on_cores(count: int | None) -> Iterator[None]:
    """Processes started inside use the first `count` of this process's cores."""
    if count is None:
        yield
        return
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(mine)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)
