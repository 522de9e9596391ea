"""A threshold on the cosine of the two vectors of a pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.pairs import cosines_of
from ctxemb.probes.probe import FitPredictProbe


class CosineThresholdProbe:
    """Tells by the cosine of the two vectors: above a threshold one label, below it the other.

    The threshold, between two cosines of the training rows or beyond all of them, and the side of each
    label, are those with the most training rows right. Ties go to the lowest threshold with the label that
    comes last in order above it.
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


PROBE = FitPredictProbe("cosine", lambda *_: CosineThresholdProbe(), kinds=("pair",), learns_from_dev=True)
