"""Nearest neighbours of a vector by cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nearest(
    query: NDArray[np.float32], rows: NDArray[np.float32], top: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the rows nearest to `query` by cosine.

    Parameters
    ----------
    query
        (width,)
    rows
        (n, width)
    top
        How many to return, at most.

    Returns
    -------
    array, array
        Numbers of the rows, nearest first (of equals, the first comes first), and their cosines.
    """
    length = np.linalg.norm(rows, axis=1).astype(np.float64) * float(np.linalg.norm(query))
    cosines = (rows @ query).astype(np.float64) / np.maximum(length, 1e-12)
    order = np.argsort(-cosines, kind="stable")[:top]
    return order, cosines[order]
