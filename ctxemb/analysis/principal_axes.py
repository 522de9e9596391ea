"""How many directions vectors use: the spectrum of their covariance and its participation ratio."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Rows, check_rows
from ctxemb.analysis.sums import sum_rows, total, variances


def spectrum(X: Rows) -> NDArray[np.float64]:
    """Return the shares of variance along the principal axes of `X`, (n, width), largest first, (width,).

    Raises
    ------
    InputError
        If there are fewer than two rows, a value is not finite, or all rows are the same.

    Examples
    --------
    >>> spectrum(np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])).round(3).tolist()
    [0.9, 0.1]
    """
    check_rows(X)
    return _shares(variances(total(sum_rows(X)).covariance))


def participation_ratio(X: Rows) -> float:
    """Return (Σλ)² / Σλ² of the variances λ along the principal axes of `X`, (n, width).

    It is the number of directions that are used: `width` if all variances are equal, 1 if there is one.
    Errors as of `spectrum`.

    Examples
    --------
    >>> participation_ratio(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    2.0
    """
    return _ratio(spectrum(X))


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values / values.sum())


def _ratio(shares: NDArray[np.float64]) -> float:
    return float(1 / (shares**2).sum())


def _first(shares: NDArray[np.float64]) -> float:
    return float(shares[0])


def _axes_90(shares: NDArray[np.float64]) -> float:
    """Return how many principal axes explain 90 % of the variance."""
    return float(np.searchsorted(np.cumsum(shares), 0.9 - 1e-12) + 1)


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    check_rows(layer.rows)
    blocks = sum_rows(layer.rows, layer.text.blocks)
    whole = total(blocks)
    shares = _shares(variances(whole.covariance))
    rest = [_shares(variances((whole - one).covariance)) for one in (blocks if len(blocks) > 1 else [])]
    statistics: dict[str, Callable[[NDArray[np.float64]], float]] = {
        "participation_ratio": _ratio,
        "first_axis": _first,
        "axes_90": _axes_90,
    }
    return [
        MeasuredValue.of(name, jackknife(of(shares), [of(one) for one in rest]), whole.n)
        for name, of in statistics.items()
    ]


MEASURE = LayerMeasure("spectrum", "how many directions the vectors use", _measure)
