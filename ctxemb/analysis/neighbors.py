"""Nearest neighbours of a vector by cosine."""

from __future__ import annotations

from collections.abc import Sequence

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


def same_label_share(
    vectors: NDArray[np.float32], groups: Sequence[str], labels: Sequence[str]
) -> tuple[float, float]:
    """Return how often a row's nearest other row of its group, by cosine, has the row's label.

    Parameters
    ----------
    vectors
        (n, width)
    groups, labels
        (n,) each; rows alone in their group do not count.

    Returns
    -------
    float, float
        The share, and its expectation where neighbours are drawn at random from the group.
    """
    rows = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    group_of, label_of = np.array(groups), np.array(labels)
    same = by_chance = 0.0
    n_rows = 0
    for group in dict.fromkeys(groups):
        chosen = np.flatnonzero(group_of == group)
        if len(chosen) < 2:
            continue
        cosines = rows[chosen] @ rows[chosen].T
        np.fill_diagonal(cosines, -np.inf)
        here = label_of[chosen]
        same += (here[cosines.argmax(axis=1)] == here).sum()
        by_chance += ((here[:, None] == here).sum(axis=1) - 1).sum() / (len(chosen) - 1)
        n_rows += len(chosen)
    return same / max(1, n_rows), by_chance / max(1, n_rows)
