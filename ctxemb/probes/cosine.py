"""Probes without weights: the nearest neighbours, and the nearest centroid, by cosine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_CELLS_AT_ONCE = 1 << 24
"""Cosines that are in memory at once (64 MiB)."""


class KNearestProbe:
    """Gives a row the label that most of the k training rows with the highest cosine have.

    Of labels with equally many, that of the nearest is taken; of equally near rows, the first.

    Parameters
    ----------
    k
        Number of neighbours; all rows where there are fewer.
    """

    def __init__(self, k: int = 1) -> None:
        self.k = k

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> KNearestProbe:
        """Keep the rows, (n, width), and their labels."""
        rows = torch.tensor(np.asarray(X), dtype=torch.float32)
        self.rows_ = rows.div_(rows.norm(dim=1, keepdim=True).clamp_min_(1e-12))
        self.classes_, self.codes_ = np.unique(np.asarray(y), return_inverse=True)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        queries = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32))
        step = max(1, _CELLS_AT_ONCE // len(self.rows_))
        found = [self._nearest(queries[start : start + step]) for start in range(0, len(queries), step)]
        codes = self.codes_[torch.cat(found).numpy()] if found else np.empty((0, 1), dtype=np.int64)  # (n, k)
        votes = (
            (codes[:, :, None] == codes[:, None, :]).sum(axis=2)
            if codes.shape[1] > 1
            else np.ones(codes.shape)
        )
        winners = codes[np.arange(len(codes)), votes.argmax(axis=1)]
        labels: NDArray[np.str_] = self.classes_[winners]
        return labels

    def _nearest(self, queries: Tensor) -> Tensor:
        """Return (n, k) rows, the nearest first; a query's length does not matter."""
        cosines = queries @ self.rows_.T
        if self.k == 1:
            return cosines.argmax(dim=1, keepdim=True)
        return cosines.topk(min(self.k, len(self.rows_)), dim=1).indices


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
