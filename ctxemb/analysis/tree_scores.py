"""How well predicted distances and depths agree with trees: UUAS, root accuracy and rank correlations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.sparse.csgraph import minimum_spanning_tree

from ctxemb.analysis.intervals import bootstrap_statistic
from ctxemb.analysis.measure import MeasuredValue

LENGTHS = (5, 50)
"""Rank correlations are means over sentences of these lengths in words (Hewitt and Manning 2019)."""

Floats = NDArray[np.float64]


def edge_hits(distances: NDArray[Any], parents: ArrayLike, counted: ArrayLike) -> tuple[int, int]:
    """Return how many edges of a tree the minimum spanning tree of distances has, and how many there are.

    Parameters
    ----------
    distances
        (n_words, n_words) predicted distances.
    parents
        (n_words,) the parent of each word; -1 for the root.
    counted
        (n_words,) whether a word counts; punctuation does not.

    Examples
    --------
    >>> edge_hits(np.array([[0, 1, 2], [1, 0, 5], [2, 5, 0]]), [1, -1, 1], [True] * 3)
    (1, 2)
    """
    up, kept = np.asarray(parents, dtype=np.int64), np.flatnonzero(counted)
    gold = {
        (min(child, int(up[child])), max(child, int(up[child])))
        for child in kept.tolist()
        if up[child] >= 0 and up[child] in kept
    }
    if not gold:
        return 0, 0
    part = np.asarray(distances, dtype=np.float64)[np.ix_(kept, kept)]
    tree = minimum_spanning_tree(part - part.min() + 1).tocoo()  # a distance of 0 would be no edge
    edges = {
        (min(i, j), max(i, j)) for i, j in zip(kept[tree.row].tolist(), kept[tree.col].tolist(), strict=True)
    }
    return len(gold & edges), len(gold)


def distance_correlation(predicted: NDArray[Any], distances: NDArray[Any]) -> float:
    """Return the mean over words of Spearman's correlation between predicted and true distances from it."""
    n = len(distances)
    others = ~np.eye(n, dtype=bool)
    a, b = (np.asarray(one)[others].reshape(n, n - 1) for one in (predicted, distances))
    return float(np.nanmean(_row_correlations(a, b)))


def depth_correlation(predicted: NDArray[Any], depths: NDArray[Any]) -> float:
    """Return Spearman's correlation between predicted and true depths of the words of a sentence."""
    return float(_row_correlations(np.asarray(predicted)[None], np.asarray(depths)[None])[0])


def _row_correlations(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    a, b = (stats.rankdata(side, axis=1) for side in (a, b))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    correlations: Floats = np.divide((a * b).sum(axis=1), scale, out=np.full(len(a), np.nan), where=scale > 0)
    return correlations


def score_distances(
    predicted: Sequence[NDArray[Any]],
    distances: Sequence[NDArray[np.int64]],
    parents: Sequence[NDArray[np.int64]],
    counted: Sequence[NDArray[np.bool_]],
    *,
    group: str = "",
    seed: int = 0,
) -> list[MeasuredValue]:
    """Return UUAS over all edges, and DSpr, with bootstrap intervals over sentences.

    DSpr is the mean over lengths of the mean over sentences of that length of `distance_correlation`.

    Parameters
    ----------
    predicted, distances
        (n_words, n_words) of each sentence.
    parents, counted
        As of `edge_hits`, of each sentence.
    group
        What the values are called.
    seed
        Of the resampling.
    """
    hits = np.array([edge_hits(*one) for one in zip(predicted, parents, counted, strict=True)])
    uuas = bootstrap_statistic(lambda drawn: _share(hits[drawn]), len(hits), seed=seed)
    chosen = [(p, d) for p, d in zip(predicted, distances, strict=True) if LENGTHS[0] <= len(d) <= LENGTHS[1]]
    values = [MeasuredValue.of("uuas", uuas, int(hits[:, 1].sum()), group)]
    return values + _by_length("dspr", [(distance_correlation(p, d), len(d)) for p, d in chosen], group, seed)


def score_depths(
    predicted: Sequence[NDArray[Any]],
    depths: Sequence[NDArray[np.int64]],
    counted: Sequence[NDArray[np.bool_]],
    *,
    group: str = "",
    seed: int = 0,
) -> list[MeasuredValue]:
    """Return how often the shallowest word is the root, and NSpr, with intervals; as `score_distances`."""
    right = np.array(
        [
            float(depth[np.where(kept, guess, np.inf).argmin()] == 0)
            for guess, depth, kept in zip(predicted, depths, counted, strict=True)
        ]
    )
    root = bootstrap_statistic(lambda drawn: float(right[drawn].mean()), len(right), seed=seed)
    chosen = [(p, d) for p, d in zip(predicted, depths, strict=True) if LENGTHS[0] <= len(d) <= LENGTHS[1]]
    values = [MeasuredValue.of("root", root, len(right), group)]
    return values + _by_length("nspr", [(depth_correlation(p, d), len(d)) for p, d in chosen], group, seed)


def _share(hits: NDArray[np.int64]) -> float:
    return float(hits[:, 0].sum() / max(1, hits[:, 1].sum()))


def _by_length(statistic: str, scores: list[tuple[float, int]], group: str, seed: int) -> list[MeasuredValue]:
    """Return the mean over lengths of the mean over sentences, if there are sentences that count."""
    table = np.array([score for score in scores if np.isfinite(score[0])]).reshape(-1, 2)
    if not len(table):
        return []
    lengths = table[:, 1].astype(np.int64)

    def mean(drawn: NDArray[np.int64]) -> float:
        counts = np.bincount(lengths[drawn])
        sums = np.bincount(lengths[drawn], table[drawn, 0])
        return float((sums[counts > 0] / counts[counts > 0]).mean())

    return [MeasuredValue.of(statistic, bootstrap_statistic(mean, len(table), seed=seed), len(table), group)]
