"""Vectors in two dimensions, for a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def project(X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two principal components of the rows, each of length 1 before.

    Directions of largest variance, blind to labels: what looks apart on the map was not pulled apart by it.
    Signs are fixed so that the largest coordinate of each component is positive.

    Parameters
    ----------
    X
        (n, width)

    Returns
    -------
    array
        (n, 2)
    """
    rows = np.asarray(X, dtype=np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    left, sizes, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    points = np.zeros((len(rows), 2))
    kept = min(2, len(sizes))
    points[:, :kept] = left[:, :kept] * sizes[:kept]
    signs = np.sign(points[np.abs(points).argmax(axis=0), [0, 1]])
    flipped: NDArray[np.float64] = points * np.where(signs == 0, 1.0, signs)
    return flipped
