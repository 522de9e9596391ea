"""Windows of text, cut into tasks for workers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARES = 4
"""Few workers have an equal share of so many tasks."""


def cut(
    windows: NDArray[np.int64], owners: NDArray[np.int64], batch_pieces: int
) -> list[list[tuple[int, int]]]:
    """Cut windows into tasks of whole sentences, about `batch_pieces` each; long sentences in several parts.

    Tasks are of equal size, as far as sentences allow, and several are a multiple of `SHARES`: workers that
    share a few of them end together. They are the same for any number of workers.

    Parameters
    ----------
    windows
        (n_windows + 1,) where windows start and end in the pieces.
    owners
        (n_windows,) the sentence of each; those of a sentence are behind one another.
    batch_pieces
        About how many pieces are computed at once.

    Returns
    -------
    list of list of tuple
        Tasks of parts: the first window of each, and the one behind its last.

    Examples
    --------
    >>> cut(np.array([0, 2, 4, 6, 8, 10]), np.array([1, 0, 2, 2, 2]), 3)
    [[(0, 1)], [(1, 2), (2, 3), (3, 5)]]
    """
    ends = np.append(np.flatnonzero(np.diff(owners)) + 1, len(owners))  # where a sentence's windows end
    n_tasks = -(-windows[-1] // batch_pieces)
    if n_tasks > 1:
        n_tasks = -(-n_tasks // SHARES) * SHARES
    borders = np.searchsorted(windows[ends], windows[-1] * np.arange(1, n_tasks + 1) // n_tasks)
    tasks = []
    start = 0
    for stop in ends[np.unique(borders)].tolist():
        parts = []
        while start < stop:
            if windows[stop] - windows[start] <= batch_pieces + batch_pieces // 2:
                end = stop
            else:
                end = int(np.searchsorted(windows, windows[start] + batch_pieces, side="right")) - 1
            parts.append((start, max(start + 1, end)))
            start = parts[-1][1]
        tasks.append(parts)
    return tasks
