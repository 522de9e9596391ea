"""Probes without weights: the nearest neighbour, and the nearest centroid, by cosine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_ONCE = 1024


class NearestNeighborProbe:
    """Gives a row the label of the training row with the highest cosine; of equals, the first."""

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> NearestNeighborProbe:
        """Keep the rows, (n, width), and their labels."""
        self.rows_ = _unit(X)
        self.labels_ = np.asarray(y)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        queries = _unit(X)
        nearest = [
            (queries[start : start + _ROWS_AT_ONCE] @ self.rows_.T).argmax(axis=1)
            for start in range(0, len(queries), _ROWS_AT_ONCE)
        ]
        labels: NDArray[np.str_] = self.labels_[np.concatenate(nearest)]
        return labels


class CentroidProbe:
    """Gives a row the label whose training rows, each of length 1, have the mean with the highest cosine."""

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> CentroidProbe:
        """Average the rows, (n, width), of each label."""
        rows, labels = _unit(X), np.asarray(y)
        self.classes_ = np.unique(labels)
        self.centroids_ = _unit(np.stack([rows[labels == label].mean(axis=0) for label in self.classes_]))
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        labels: NDArray[np.str_] = self.classes_[(_unit(X) @ self.centroids_.T).argmax(axis=1)]
        return labels


def _unit(X: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = np.asarray(X, dtype=np.float32)
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit
