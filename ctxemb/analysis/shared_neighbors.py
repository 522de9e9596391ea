"""How many nearest neighbours things have in common in two sets of vectors (Huh et al. 2024)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.intervals import bootstrap_mean
from ctxemb.analysis.measure import MeasuredLayer, MeasuredValue, PairMeasure
from ctxemb.analysis.nearest_rows import nearest_rows
from ctxemb.analysis.rows import Rows, check_rows, check_same_rows, sample_rows, unit_rows
from ctxemb.errors import InputError

NEIGHBORS = 10
_MOST_ROWS = 2000


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


def _shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the numbers in each row of `a` that are in the same row of `b`, (n,)."""
    common = (a[:, :, None] == b[:, None]).any(axis=2)  # (n, k)
    return np.asarray(common.mean(axis=1), dtype=np.float64)


def _prepare(layer: MeasuredLayer) -> tuple[NDArray[np.int64], int]:
    check_rows(layer.rows, fewest=3)
    _, rows = sample_rows(layer.rows, _MOST_ROWS, layer.seed)
    return nearest_rows(unit_rows(rows), min(NEIGHBORS, len(rows) - 1))[0], layer.seed


def _compare(a: tuple[NDArray[np.int64], int], b: tuple[NDArray[np.int64], int]) -> list[MeasuredValue]:
    shares = _shared(a[0], b[0])
    return [MeasuredValue.of("mutual_neighbors", bootstrap_mean(shares, seed=a[1]), len(shares))]


MEASURE = PairMeasure("mutual-neighbors", "nearest neighbours in common", _prepare, _compare)
