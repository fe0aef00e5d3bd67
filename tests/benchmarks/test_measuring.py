"""Turns, counts, processes and tables of the benchmarks."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from benchmarks import peers, report
from benchmarks.memory_use import held_memory, peak_memory
from benchmarks.timing import enough, in_turn
from benchmarks.worker import Failed, Worker


class Echo:
    """What a worker serves here."""

    def __init__(self, value: str) -> None:
        if value == "":
            raise ValueError("value: is empty")
        self._value = value

    def get(self, times: int) -> str:
        return self._value * times

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def die(self) -> None:
        os._exit(3)

    def cores(self) -> int:
        return len(os.sched_getaffinity(0))


def test_enough_lasts() -> None:
    count = enough(lambda n: time.sleep(n * 0.002), 0.02)
    assert 5 <= count <= 20


def test_in_turn() -> None:
    calls: list[str] = []
    results = in_turn({name: lambda name=name: calls.append(name) or len(calls) for name in "ab"}, 2, rest=0.0)
    assert calls == ["a", "b", "a", "b"]
    assert results == {"a": [1, 3], "b": [2, 4]}


def test_worker() -> None:
    with Worker(Echo, "x") as worker:
        assert worker("get", 3) == "xxx"
        with pytest.raises(Failed, match="TypeError"):
            worker("get", "y")


def test_worker_that_cannot_start_or_ends_or_takes_too_long() -> None:
    with pytest.raises(Failed, match="value: is empty"):
        Worker(Echo, "")
    with Worker(Echo, "x") as worker, pytest.raises(Failed, match="ended with 3"):
        worker("die")
    with Worker(Echo, "x", limit=10.0) as worker:
        worker._limit = 0.05
        with pytest.raises(Failed, match="no answer"):
            worker("wait", 5.0)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_worker_on_one_core() -> None:
    before = os.sched_getaffinity(0)
    with Worker(Echo, "x", cores=1) as worker:
        assert worker("cores") == 1
    assert os.sched_getaffinity(0) == before


def test_table() -> None:
    assert report.table(("name", "µs"), [("a", 1), ("long", 22)]).splitlines() == [
        "name  µs",
        "--------",
        "a      1",
        "long  22",
    ]


def test_verdict() -> None:
    assert report.verdict(3.04, 3.0) == "3.04 (met: ≥ 3.00)"
    assert report.verdict(2.5, 3.0) == "2.50 (MISSED: ≥ 3.00)"
    assert report.verdict(1.25, 1.2, at_least=False) == "1.25 (MISSED: ≤ 1.20)"
    assert report.verdict(123.4, None) == "123"


def test_a_quick_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--workloads", "play", "--dtypes", "float32", "--engines", "scikit_learn", "--lines"]
    monkeypatch.setattr("sys.argv", ["peers", "--quick", "--out", str(tmp_path), *chosen])
    assert peers.main() == 0
    printed = capsys.readouterr().out
    assert "play: 2-4-2-2, batch 10, n 500, float32" in printed
    assert "left out" not in printed
    assert {path.name for path in tmp_path.iterdir()} == {"peers.json", "peers.png", "floor.so"}


class Memory:
    """Holds an array."""

    def hold(self, megabytes: int) -> float:
        before = held_memory()
        self._held = bytearray(megabytes * 2**20)
        return (peak_memory() - before) / 2**20


def test_memory_of_a_process_is_its_own() -> None:
    parents = bytearray(256 * 2**20)
    with Worker(Memory) as worker:
        assert 60 < worker("hold", 64) < 80
    assert len(parents) == 256 * 2**20
