"""The k nearest neighbours by cosine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.probes.probe import FitPredictProbe

_ROWS_AT_ONCE = 1024
"""Training rows and queries at once: their cosines (4 MiB) stay in the cache until the best are found."""


class KNearestProbe:
    """Gives a row the label that most of the k training rows with the highest cosine have.

    Ties go to the label of the nearest row, and equally near rows are taken in order.

    Parameters
    ----------
    k
        Number of neighbours; all rows where there are fewer.
    """

    def __init__(self, k: int = 1) -> None:
        self.k = k

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> KNearestProbe:
        """Keep the rows, (n, width), without a copy, and their labels."""
        self.rows_ = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32))
        self.lengths_ = torch.linalg.vector_norm(self.rows_, dim=1).clamp_min_(1e-12)
        self.classes_, self.codes_ = np.unique(np.asarray(y), return_inverse=True)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        queries = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32))
        codes = self.codes_[self._nearest(queries).numpy()]  # (n, k)
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
        k = min(self.k, len(self.rows_))
        best = torch.full((len(queries), k), -torch.inf)
        nearest = torch.zeros(len(queries), k, dtype=torch.int64)
        memory = torch.empty(_ROWS_AT_ONCE**2)
        for start in range(0, len(self.rows_), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            unit = (self.rows_[part] / self.lengths_[part, None]).T
            for some, its_best, its_nearest in zip(
                *(kept.split(_ROWS_AT_ONCE) for kept in (queries, best, nearest)), strict=True
            ):
                cosines = memory[: len(some) * unit.shape[1]].view(len(some), unit.shape[1])
                torch.mm(some, unit, out=cosines)
                better = (cosines.amax(dim=1) > its_best[:, -1]).nonzero()[:, 0]  # few, but at the beginning
                values, places = _highest(cosines[better], min(k, cosines.shape[1]))
                values, order = torch.cat([its_best[better], values], dim=1).sort(
                    dim=1, descending=True, stable=True
                )
                places = torch.cat([its_nearest[better], places + start], dim=1)
                its_best[better] = values[:, :k]
                its_nearest[better] = places.gather(1, order[:, :k])
        return nearest


def _highest(cosines: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k highest of each row and their places; of equal ones, the first."""
    if k == 1:
        values, places = cosines.max(dim=1, keepdim=True)
        return values, places
    values, places = cosines.topk(k, dim=1)  # of equal ones, any
    tied = (cosines >= values[:, -1:]).sum(dim=1) > k
    places[tied] = cosines[tied].sort(dim=1, descending=True, stable=True).indices[:, :k]
    places = places.sort(dim=1).values
    return cosines.gather(1, places), places


PROBE = FitPredictProbe("k-nn", lambda k, _: KNearestProbe(int(k)), settings=(25, 11, 5, 3, 1))
