"""Whether engines do the same work: from the same weights, in the same order, their losses must agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.runners import Adam
from benchmarks.worker import Worker
from benchmarks.workloads import Workload

EPOCHS = 4
# Only the order of additions may make a difference. Adam divides by a gradient's own size, so that in float32 the
# rounding of a gradient near 0 moves a weight by a part of the rate: on `images` two engines that agree to 10⁻¹⁵ in
# float64 are 10⁻⁷ apart in float32 after 20 steps, 10⁻³ after 44; scikit-learn, which computes Adam's step in float64,
# comes off as far in a thousand steps of one row. Hence few steps, and 10⁻⁴.
TOLERANCES = {"float64": 1e-9, "float32": 1e-4}


def shortened(workload: Workload) -> Workload:
    """The same with fewer rows, enough for 4 steps and a shorter last one, or 16 of one row."""
    return replace(workload, rows=min(workload.rows, max(16, 4 * workload.batch + workload.batch // 3)))


def difference(ours: list[float], peer: list[float]) -> float:
    """The largest relative difference of two loss curves."""
    return float(np.max(np.abs(np.array(ours) / np.array(peer) - 1.0)))


class Judge:
    """Compares loss curves with ours, computed with the Adam that the peer has."""

    def __init__(self, ours: Worker, dtype: str) -> None:
        self._ours, self._dtype = ours, dtype
        self._curves: dict[Adam, list[float]] = {}

    def difference(self, curve: list[float], adam: Adam) -> float:
        """Relative difference of a peer's curve from ours."""
        if adam not in self._curves:
            self._curves[adam] = self._ours("curve_with", len(curve), adam)
        return difference(self._curves[adam], curve)

    def refuses(self, found: float) -> str | None:
        """Why a peer is not timed, or None."""
        if found <= TOLERANCES[self._dtype]:
            return None
        return f"its losses differ from ours by {found:.1e}: not the same work"
