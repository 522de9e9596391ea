"""Whether cosines of words in context agree with people's ratings of their similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ctxemb.analysis.intervals import bootstrap_statistic
from ctxemb.analysis.measure import MeasuredValue
from ctxemb.analysis.rows import Rows, unit_rows, working
from ctxemb.errors import InputError

Floats = NDArray[np.float64]


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rank correlation, with mean ranks for ties; NaN if one side is constant.

    Raises
    ------
    InputError
        If the two differ in length, there are fewer than two, or one is not finite.

    Examples
    --------
    >>> spearman([1, 2, 3, 9], [2, 4, 3, 5])
    0.8
    """
    return round(_cosine(*(_less_mean(stats.rankdata(side)) for side in _both(x, y))), 15)


def uncentred_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Return Pearson's correlation with means taken as zero, as CoSimLex scores changes.

    Errors are those of `spearman`.

    Examples
    --------
    >>> uncentred_correlation([1, -1], [2, 0])
    0.7071067811865475
    """
    return _cosine(*_both(x, y))


def pair_cosines(X: Rows, spans: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> Floats:
    """Return the cosine of the mean vectors of two spans of rows, for each pair of spans, (n_pairs,).

    Parameters
    ----------
    X
        (n_words, width)
    spans
        First and last row (not included) of each side of a pair.

    Raises
    ------
    InputError
        If a mean is zero.
    """
    sides = [
        np.stack([working(X[start:stop]).mean(axis=0) for start, stop in side])
        for side in zip(*spans, strict=True)
    ]
    left, right = (unit_rows(side, name="means of spans") for side in sides)
    return np.asarray(np.einsum("ij,ij->i", left, right))


def rated_values(
    cosines: Floats,
    ratings: Floats,
    clusters: NDArray[np.str_],
    *,
    changes: NDArray[np.int64] | None = None,
    parts: Mapping[str, NDArray[np.int64]] | None = None,
    seed: int = 0,
) -> list[MeasuredValue]:
    """Return Spearman's correlation of cosines with ratings, and that of their changes, with intervals.

    Parameters
    ----------
    cosines, ratings
        (n_pairs,)
    clusters
        (n_pairs,) pairs of one cluster are resampled together.
    changes
        (n_changes, 2) numbers of pairs; the change of the cosine from one to the other is scored against
        that of the rating by the uncentred correlation.
    parts
        Named sets of pairs that are scored by themselves, too.
    seed
        Of the resampling.
    """
    values = []
    for name, rows in {"": np.arange(len(cosines)), **(parts or {})}.items():
        values.append(_correlate("spearman", cosines[rows], ratings[rows], clusters[rows], name, seed))
    if changes is not None and len(changes):
        moved = [side[changes[:, 1]] - side[changes[:, 0]] for side in (cosines, ratings)]
        values.append(_correlate("change", moved[0], moved[1], clusters[changes[:, 0]], "", seed))
    return values


def _correlate(
    statistic: str, x: Floats, y: Floats, clusters: NDArray[np.str_], group: str, seed: int
) -> MeasuredValue:
    correlation = spearman if statistic == "spearman" else uncentred_correlation
    _, owners = np.unique(clusters, return_inverse=True)
    order = np.argsort(owners, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(owners[order])) + 1)

    def of_drawn(drawn: NDArray[np.int64]) -> float:
        rows = np.concatenate([members[i] for i in drawn.tolist()])
        return correlation(x[rows], y[rows])

    return MeasuredValue.of(statistic, bootstrap_statistic(of_drawn, len(members), seed=seed), len(x), group)


def _both(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise InputError(f"expected two lists of the same length, at least 2, found {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("a value to correlate is not finite")
    return a, b


def _less_mean(x: Floats) -> Floats:
    return np.asarray(x - x.mean())


def _cosine(x: Floats, y: Floats) -> float:
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else float("nan")
