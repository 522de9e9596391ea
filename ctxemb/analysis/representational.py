"""How alike the similarities among things are in two sets of vectors: RSA (Kriegeskorte 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import MeasuredLayer, MeasuredValue, PairMeasure
from ctxemb.analysis.rows import Rows, check_rows, check_same_rows, sample_rows, unit_rows
from ctxemb.errors import InputError

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


@dataclass(frozen=True, slots=True, eq=False)
class _Ranks:
    """The ranks of the cosines of a sample of rows, and their sums between the blocks of the text.

    Parameters
    ----------
    matrix
        (n, n) symmetric, with zeros on the diagonal, where no pair is.
    starts
        (n_blocks,) the first row of each block.
    counts, sums, squares
        (n_blocks, n_blocks) number of pairs, and sums of their ranks and of the squares.
    """

    matrix: NDArray[np.float32]
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]


def _prepare(layer: MeasuredLayer) -> _Ranks:
    check_rows(layer.rows, fewest=3)
    numbers, rows = sample_rows(layer.rows, _MOST_ROWS, layer.seed)
    cosines = _cosines(rows)
    upper = np.triu_indices(len(cosines), 1)
    ranks = np.zeros_like(cosines)
    ranks[upper] = stats.rankdata(cosines[upper]) / len(upper[0])
    ranks += ranks.T
    owners = np.searchsorted(layer.text.blocks, numbers, side="right")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(owners)) + 1])
    pairs = 1.0 - np.eye(len(ranks))
    between = [_between(table, starts) for table in (pairs, ranks, ranks**2)]
    return _Ranks(ranks.astype(np.float32), starts, *between)


def _between(table: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sums of a table of pairs between blocks, (n_blocks, n_blocks)."""
    by_row = np.add.reduceat(table, starts, axis=0, dtype=np.float64)
    return np.asarray(np.add.reduceat(by_row, starts, axis=1))


def _compare(a: _Ranks, b: _Ranks) -> list[MeasuredValue]:
    """Return the RSA; without a block, ranks stay those among all pairs."""
    products = _between(a.matrix * b.matrix, a.starts)
    n, x, y, xx, yy, xy = map(_without, (a.counts, a.sums, b.sums, a.squares, b.squares, products))
    scale = np.sqrt((xx - x**2 / n) * (yy - y**2 / n))
    whole, *rest = ((xy - x * y / n) / scale).tolist()
    return [MeasuredValue.of("rsa", jackknife(whole, rest), len(a.matrix))]


def _without(between: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over all pairs, and over those without each block, (1 + n_blocks,) or (1,)."""
    total = between.sum()
    if len(between) < 2:
        return np.array([total])
    rest = total - 2 * between.sum(axis=1) + np.diag(between)
    return np.concatenate([[total], rest])


MEASURE = PairMeasure("rsa", "correlation of the cosines of all pairs", _prepare, _compare)
