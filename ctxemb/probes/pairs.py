"""The two vectors of a pair, which lie side by side in a row: (n, 2 * width)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosines_of(X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n,) the cosine of the two halves of each row; 0 where one is nothing."""
    first, second = np.split(np.asarray(X, dtype=np.float64), 2, axis=1)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines: NDArray[np.float64] = (first * second).sum(axis=1) / np.maximum(lengths, 1e-12)
    return cosines


def pair_features(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a linear probe can compare two vectors by: |u - v| and u ∘ v, (n, 2 * width).

    Both are as for sentence pairs of Tai et al. (2015).
    """
    first, second = np.split(X, 2, axis=1)
    return np.concatenate([np.abs(first - second), first * second], axis=1)


def text_pair_features(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return [u; v; |u - v|; u ∘ v], (n, 4 * width), as Conneau et al. (2017) compare two texts."""
    return np.concatenate([X, pair_features(X)], axis=1)
