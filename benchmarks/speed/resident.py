"""Resident memory of this process while something runs (Linux)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path


def resident() -> int:
    """Return the bytes of anonymous and mapped memory that this process holds."""
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def peak_beyond(run: Callable[[], object]) -> int:
    """Return the most bytes held during a run beyond those held before it."""
    before, peak, over = resident(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.002):
            peak = max(peak, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        over.set()
        watcher.join()
    return max(0, peak - before)
