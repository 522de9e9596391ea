"""How alike the similarities among things are in two sets of vectors: RSA, and shared nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ctxemb.analysis.intervals import bootstrap_mean, jackknife
from ctxemb.analysis.measure import Layer, PairMeasure, Value
from ctxemb.analysis.nearest_rows import nearest_rows
from ctxemb.analysis.rows import Rows, check_rows, check_same_rows, sample_rows, unit_rows
from ctxemb.errors import InputError

NEIGHBORS = 10
_MOST_ROWS = 2000


def rsa(X: Rows, Y: Rows) -> float:
    """Return Spearman's correlation between the cosines of all pairs in `X` and in `Y` (Kriegeskorte 2008).

    It takes O(n²) time and memory: give a sample of large sets.

    Parameters
    ----------
    X, Y
        (n, width_x) and (n, width_y), vectors of the same n things.

    Raises
    ------
    InputError
        If the two differ in their number of rows, there are fewer than three, a row is zero or not finite, or
        all cosines of one side are the same.

    Examples
    --------
    >>> X = np.array([[1.0, 0], [1, 0.1], [0, 1], [-1, 0.5]])
    >>> round(rsa(X, X * 3), 9)
    1.0
    """
    check_same_rows(X, Y, 3)
    x, y = (_upper(_cosines(np.asarray(Z[:]))) for Z in (X, Y))
    return _correlation(stats.rankdata(x), stats.rankdata(y))


def mutual_neighbors(X: Rows, Y: Rows, k: int = NEIGHBORS) -> NDArray[np.float64]:
    """Return the share of each thing's `k` nearest neighbours that both sides have in common, (n,).

    Its mean is the mutual k-NN alignment (Huh et al. 2024). Neighbours are by
    cosine; ties go to the first row.

    Parameters
    ----------
    X, Y
        (n, width_x) and (n, width_y), vectors of the same n things.
    k
        How many neighbours; below n.

    Raises
    ------
    InputError
        If the two differ in their number of rows, there are k or fewer, or a row is zero or not finite.
    """
    check_same_rows(X, Y)
    if not 1 <= k < len(X):
        raise InputError(f"k should lie in [1, {len(X) - 1}], one less than there are rows, found {k}")
    return _shared(*(nearest_rows(unit_rows(np.asarray(Z[:])), k)[0] for Z in (X, Y)))


def _cosines(rows: NDArray[Any]) -> NDArray[np.float64]:
    units = unit_rows(rows)
    return np.asarray(units @ units.T)


def _upper(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(matrix[np.triu_indices(len(matrix), 1)])


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float((x @ x) * (y @ y))
    if not scale:
        raise InputError("all cosines of one side are the same: there is nothing to correlate")
    return float(x @ y / np.sqrt(scale))


def _shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    both = [len(np.intersect1d(x, y, assume_unique=True)) for x, y in zip(a, b, strict=True)]
    return np.asarray(both, dtype=np.float64) / float(a.shape[1])


def _prepare_cosines(layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the block of each row of a sample, and the ranks of their cosines, (n, n)."""
    check_rows(layer.rows, fewest=3)
    numbers, rows = sample_rows(layer.rows, _MOST_ROWS, layer.seed)
    cosines = _cosines(rows)
    ranks = np.zeros_like(cosines, dtype=np.float32)
    upper = np.triu_indices(len(cosines), 1)
    ranks[upper] = stats.rankdata(cosines[upper])
    return np.searchsorted(layer.text.blocks, numbers, side="right") - 1, ranks


def _compare_cosines(
    a: tuple[NDArray[np.int64], NDArray[np.float32]], b: tuple[NDArray[np.int64], NDArray[np.float32]]
) -> list[Value]:
    """Return the RSA; without a block, the ranks stay those among all pairs."""
    owners, x = a
    y = b[1]
    upper = np.triu_indices(len(x), 1)
    left, right = x[upper].astype(np.float64), y[upper].astype(np.float64)
    rest = []
    for block in np.unique(owners) if len(np.unique(owners)) > 1 else ():
        kept = (owners[upper[0]] != block) & (owners[upper[1]] != block)
        rest.append(_correlation(left[kept], right[kept]))
    return [Value.of("rsa", jackknife(_correlation(left, right), rest), len(x))]


def _prepare_neighbors(layer: Layer) -> tuple[NDArray[np.int64], int]:
    check_rows(layer.rows, fewest=3)
    _, rows = sample_rows(layer.rows, _MOST_ROWS, layer.seed)
    return nearest_rows(unit_rows(rows), min(NEIGHBORS, len(rows) - 1))[0], layer.seed


def _compare_neighbors(a: tuple[NDArray[np.int64], int], b: tuple[NDArray[np.int64], int]) -> list[Value]:
    shares = _shared(a[0], b[0])
    return [Value.of("mutual_neighbors", bootstrap_mean(shares, seed=a[1]), len(shares))]


MEASURES = (
    PairMeasure("rsa", "correlation of the cosines of all pairs", _prepare_cosines, _compare_cosines),
    PairMeasure("mutual-neighbors", "nearest neighbours in common", _prepare_neighbors, _compare_neighbors),
)
