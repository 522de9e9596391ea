"""Probes on the two vectors of a pair, which lie side by side in a row: (n, 2 * width)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class CosineThresholdProbe:
    """Tells by the cosine of the two vectors: above a threshold one label, below it the other.

    The threshold, between two cosines of the training rows or beyond all of them, and the side of each
    label, are those with the most training rows right; of equally good ones, the lowest threshold with the
    label that comes last in order above it.
    """

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> CosineThresholdProbe:
        """Find the threshold from rows, (n, 2 * width), and their labels, of which there are two.

        Raises
        ------
        ValueError
            If there are not two labels.
        """
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(f"a threshold tells two labels apart, found {len(self.classes_)}")
        cosines = cosines_of(X)
        order = np.argsort(cosines, kind="stable")
        sorted_cosines, last = cosines[order], codes[order]
        # Right if the first i rows have label 0 and the others label 1, for i = 0 … n.
        right = np.concatenate([[0], np.cumsum(1 - last)]) + np.concatenate(
            [np.cumsum(last[::-1])[::-1], [0]]
        )
        borders = np.concatenate([[-np.inf], (sorted_cosines[1:] + sorted_cosines[:-1]) / 2, [np.inf]])
        real = np.concatenate([[True], sorted_cosines[1:] > sorted_cosines[:-1], [True]])
        ways = np.stack([np.where(real, right, -1), np.where(real, len(codes) - right, -1)])
        turned, place = np.unravel_index(int(ways.argmax()), ways.shape)
        self.threshold_ = float(borders[place])
        self.above_, self.below_ = (0, 1) if turned else (1, 0)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        codes = np.where(cosines_of(X) > self.threshold_, self.above_, self.below_)
        labels: NDArray[np.str_] = self.classes_[codes]
        return labels


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
