"""Times of several ways to do a thing, in turns, so that a noisy machine is equally unfair to all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def medians(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each, run in turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if repeat:  # the first is to warm up
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in times.items()}
