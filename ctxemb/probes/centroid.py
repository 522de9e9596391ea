"""The nearest centroid by cosine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.probe import FitPredictProbe

_ROWS_AT_ONCE = 1024


class CentroidProbe:
    """Gives a row the label whose training rows, each of length 1, have the mean with the highest cosine."""

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> CentroidProbe:
        """Average the rows, (n, width), of each label."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        sums = np.zeros((len(self.classes_), X.shape[1]))
        for start in range(0, len(X), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            members = codes[some] == np.arange(len(self.classes_))[:, None]  # (n_classes, some)
            sums += members.astype(np.float32) @ _unit(X[some])
        self.centroids_ = _unit(sums.astype(np.float32))
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        labels: NDArray[np.str_] = self.classes_[(_unit(X) @ self.centroids_.T).argmax(axis=1)]
        return labels


def _unit(X: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = np.asarray(X, dtype=np.float32)
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


PROBE = FitPredictProbe("centroid", lambda *_: CentroidProbe())
