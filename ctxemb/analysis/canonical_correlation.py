"""How alike two sets of vectors of the same things are: canonical correlations (SVCCA, PWCCA).

All that is needed are covariances, which are summed up from blocks of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.blocks import Blocks, Floats, products, scatters
from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import MeasuredLayer, MeasuredValue, PairMeasure
from ctxemb.analysis.rows import Rows, check_rows, check_same_rows
from ctxemb.errors import InputError

KEPT_VARIANCE = 0.99
"""Share of the variance that the axes kept by SVCCA explain (Raghu et al. 2017)."""

_TINY = 1e-10


def canonical_correlations(X: Rows, Y: Rows, kept: float = 1.0) -> NDArray[np.float64]:
    """Return the canonical correlations of two sets of vectors, largest first, (min of the ranks,).

    Parameters
    ----------
    X, Y
        (n, width_x) and (n, width_y), vectors of the same n things.
    kept
        Share of the variance of each that its first principal axes keep; 1 for all axes with variance.

    Raises
    ------
    InputError
        If the two differ in their number of rows, there are no more rows than axes, a value is not finite, or
        all vectors of one are the same.
    """
    check_same_rows(X, Y, 3)
    (x, of_x), (y, of_y) = _whiten(X, kept), _whiten(Y, kept)
    return _correlate(of_x, of_y, next(scatters(x, y, products(x, y))))[1]


def svcca(X: Rows, Y: Rows, kept: float = KEPT_VARIANCE) -> float:
    """Return the mean canonical correlation after cutting each side to its main axes (Raghu et al. 2017).

    It does not change when `X` or `Y` is rotated, scaled or moved. Parameters and errors as of
    `canonical_correlations`.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 3))
    >>> round(svcca(X, X @ np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 2]])), 9)
    1.0
    """
    return float(canonical_correlations(X, Y, kept).mean())


def mean_squared_cca(X: Rows, Y: Rows) -> float:
    """Return the mean squared canonical correlation (R²_CCA of Kornblith et al. 2019).

    The mean is over the dimensions of the side that has fewer; errors as of `canonical_correlations`.
    """
    return float((canonical_correlations(X, Y) ** 2).mean())


def pwcca(X: Rows, Y: Rows, kept: float = 1.0) -> float:
    """Return the mean canonical correlation, weighted by how much of `X` each explains (Morcos et al. 2018).

    The weight of a canonical variate h of `X` is Σⱼ |⟨h, xⱼ⟩| over the (centred) dimensions xⱼ. The two
    sides are not alike: `X` is to be explained. Parameters and errors as of `canonical_correlations`.
    """
    check_same_rows(X, Y, 3)
    (x, of_x), (y, of_y) = _whiten(X, kept), _whiten(Y, kept)
    return _weighted(of_x, of_y, next(scatters(x, y, products(x, y))))[1]


@dataclass(frozen=True, slots=True, eq=False)
class _Whitened:
    """Maps of centred vectors to axes of length one over all rows, that do not correlate.

    Parameters
    ----------
    map
        (width, n_axes)
    loadings
        (n_axes, width) products of the axes with the dimensions of the vectors.
    """

    map: Floats
    loadings: Floats

    @classmethod
    def of(cls, scatter: Floats, n: int, kept: float) -> _Whitened:
        values, axes = np.linalg.eigh(scatter)
        values, axes = values[::-1], axes[:, ::-1]
        if not values[0] > 0:
            raise InputError("all vectors of one side are the same: nothing correlates with them")
        shares = np.cumsum(np.maximum(values, 0)) / np.maximum(values, 0).sum()
        n_axes = min(int(np.searchsorted(shares, kept - 1e-12)) + 1, int((values > _TINY * values[0]).sum()))
        if n_axes >= n - 1:
            raise InputError(
                f"canonical correlations need more rows than axes: {n} rows for {n_axes} axes; "
                "give more rows, or keep less of the variance"
            )
        whitening = axes[:, :n_axes] / np.sqrt(values[:n_axes])
        return cls(whitening, whitening.T @ scatter)


def _whiten(X: Rows, kept: float) -> tuple[Blocks, _Whitened]:
    x = Blocks(X)
    return x, _Whitened.of(next(scatters(x, x, products(x, x))), len(X), kept)


def _correlate(x: _Whitened, y: _Whitened, cross: Floats) -> tuple[Floats, Floats]:
    """Return the canonical directions of the left side, (n_axes, n_found), and the correlations."""
    left, values, _ = np.linalg.svd(x.map.T @ cross @ y.map, full_matrices=False)
    return left, np.clip(values, 0.0, 1.0)


def _weighted(x: _Whitened, y: _Whitened, cross: Floats) -> tuple[float, float]:
    """Return the plain and the weighted mean of the canonical correlations."""
    left, values = _correlate(x, y, cross)
    weights = np.abs(left.T @ x.loadings).sum(axis=1)
    return float(values.mean()), float((weights * values).sum() / weights.sum())


def _prepare(layer: MeasuredLayer) -> tuple[Blocks, list[_Whitened]]:
    """Return a layer cut to its main axes, with all rows and without each block."""
    check_rows(layer.rows, fewest=3)
    x = Blocks(layer.rows, layer.text.large_blocks)
    return x, [_Whitened.of(one, x.n, KEPT_VARIANCE) for one in scatters(x, x, products(x, x))]


def _compare(a: tuple[Blocks, list[_Whitened]], b: tuple[Blocks, list[_Whitened]]) -> list[MeasuredValue]:
    (x, of_x), (y, of_y) = a, b
    crosses = scatters(x, y, products(x, y))
    means = [_weighted(*terms) for terms in zip(of_x, of_y, crosses, strict=True)]
    plain, weighted = zip(*means, strict=True)
    return [
        MeasuredValue.of("svcca", jackknife(plain[0], plain[1:]), x.n),
        MeasuredValue.of("pwcca", jackknife(weighted[0], weighted[1:]), x.n),
    ]


MEASURE = PairMeasure("cca", "canonical correlations: SVCCA, PWCCA", _prepare, _compare, symmetric=False)
