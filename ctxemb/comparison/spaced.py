"""Vectors of examples in a space that is fitted on training examples alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.spaces import Space
from ctxemb.probes import Features
from ctxemb.probes.splits import Rows, splits_of_task
from ctxemb.tasks import Task


def spaced(task: Task, features: Features, space: str) -> Features | Sequence[Features]:
    """Return the features of a task in a space; with folds, a space for each round.

    Parameters
    ----------
    task
        Its splits, and how many vectors stand side by side in an example: the two of a pair share a space.
    features
        The vectors of examples as they are.
    space
        See `ctxemb.analysis.spaces`.

    Returns
    -------
    Features or list of Features
        As `ctxemb.probes.run_probe` takes them.
    """
    if space == "raw":
        return features
    n_spans = len(task.examples[0].spans)
    fitted = [_Spaced(features, space, turn.train, n_spans) for turn in splits_of_task(task)]
    return fitted if len(fitted) > 1 else fitted[0]


class _Spaced:
    """Features in a space, which is fitted when the first are asked for."""

    def __init__(self, features: Features, space: str, train: Rows, n_spans: int) -> None:
        self.features, self.train, self.n_spans = features, train, n_spans
        self.name = space
        self.space: Space | None = None

    def __call__(self, rows: Rows) -> NDArray[np.float32]:
        if self.space is None:
            self.space = Space(self.name).fit(self._apart(self.features(self.train)))
        moved = self.space.transform(self._apart(self.features(rows)))
        return np.ascontiguousarray(moved.reshape(len(rows), -1), dtype=np.float32)

    def _apart(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the vectors of examples of several spans below one another, (n * n_spans, width)."""
        return vectors.reshape(len(vectors) * self.n_spans, -1)
