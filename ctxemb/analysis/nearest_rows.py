"""Nearest neighbours among some rows by brute force, a block of rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 512
_MORE = 8
"""So many more candidates are measured exactly than neighbours are asked for."""


def nearest_rows(X: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the `k` nearest other rows of each row by Euclidean distance, and their distances.

    Candidates are found by a product of matrices, and measured again from the differences, because the
    product loses small distances to rounding. Ties go to the row that stands first.

    Parameters
    ----------
    X
        (n, width), n > k.

    Returns
    -------
    array, array
        Numbers and distances of the rows, (n, k), nearest first.
    """
    centred = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    squares = np.einsum("ij,ij->i", centred, centred)
    n_candidates = min(len(X) - 1, k + _MORE)
    numbers = np.empty((len(X), k), dtype=np.int64)
    distances = np.empty((len(X), k))
    for start in range(0, len(X), _BLOCK):
        block = centred[start : start + _BLOCK]
        near = squares[None] - 2 * (block @ centred.T)  # (n_block, n), less a constant of each row
        near[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
        candidates = np.sort(np.argpartition(near, n_candidates - 1, axis=1)[:, :n_candidates], axis=1)
        away = centred[candidates].astype(np.float64) - block[:, None]  # (n_block, n_candidates, width)
        exact = np.sqrt(np.einsum("ijk,ijk->ij", away, away))
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        numbers[start : start + _BLOCK] = np.take_along_axis(candidates, order, axis=1)
        distances[start : start + _BLOCK] = np.take_along_axis(exact, order, axis=1)
    return numbers, distances
