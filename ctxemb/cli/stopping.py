"""Work that is stopped by Ctrl-C or by a scheduler, and leaves things in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping() -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM end the block as an exception would, so that files are finished or removed.

    Yields
    ------
    list of int
        Empty; after the block, the exit code if it was stopped: 130 for SIGINT, 143 for SIGTERM.
    """
    codes: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        codes[:] = [128 + number]
        raise KeyboardInterrupt

    previous = {}
    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield codes
    except KeyboardInterrupt:
        codes[:] = codes or [128 + signal.SIGINT]
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
