"""Whether vectors point in all directions alike: mean cosine, partition function, IsoScore."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Rows, check_rows, chunks
from ctxemb.analysis.sums import Sums, sum_rows, total, variances
from ctxemb.analysis.unit_sums import sum_units
from ctxemb.errors import InputError

SHRINKAGE = 0.75
"""Weight of the shrinkage target in IsoScore*, as in the analyses of its paper."""


def mean_cosine(X: Rows) -> float:
    """Return the mean cosine of all pairs of different rows of `X`, (n, width).

    It is exact: the cosines of n unit vectors u add up to ‖Σu‖² - n. Papers sample pairs (Ethayarajh 2019,
    Timkey and van Schijndel 2021).

    Raises
    ------
    InputError
        If there are fewer than two rows, or one of them is zero or not finite.

    Examples
    --------
    >>> mean_cosine(np.array([[1.0, 0], [0, 2], [-3, 0]]))
    -0.3333333333333333
    """
    check_rows(X)
    return sum_units(X)[0].mean_cosine


def partition_isotropy(X: Rows) -> float:
    """Return min Z / max Z over the eigenvectors c of XᵀX, with Z(c) = Σᵢ exp(c·xᵢ) (Mu and Viswanath 2018).

    Eigenvectors are the columns of the matrix that `numpy.linalg.eigh` returns; since their sign is free,
    both signs are tried. `X` is (n, width), not centred; 1 is isotropic.

    Raises
    ------
    InputError
        If there are fewer than two rows, or one of them is not finite.
    """
    check_rows(X)
    logs = _log_partitions(X, np.array([0, len(X)]))[0]
    return float(np.exp(logs.min() - logs.max()))


def iso_score(X: Rows) -> float:
    """Return the IsoScore of `X`, (n, width): 0 if one dimension is used, 1 if all are alike (Rudman 2022).

    If k of `width` variances are equal and the others are 0, it is (k - 1) / (width - 1).

    Raises
    ------
    InputError
        If there are fewer than two rows, a width below 2, a value that is not finite, or no variance.

    Examples
    --------
    >>> X = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    >>> round(iso_score(X), 12)
    0.5
    """
    check_rows(X)
    return score_variances(variances(total(sum_rows(X)).covariance))


def iso_score_star(X: Rows, reference: NDArray[Any] | None = None, shrinkage: float = SHRINKAGE) -> float:
    """Return the IsoScore* of `X`, (n, width): stable where rows are few (Rudman and Eickhoff 2024).

    The covariance is mixed with that of a larger sample: (1 - ζ) C + ζ C₀.

    Parameters
    ----------
    X
        (n, width)
    reference
        (width, width) covariance C₀ of a larger sample; None for that of `X`, which makes it the IsoScore.
    shrinkage
        ζ, in [0, 1].

    Raises
    ------
    InputError
        As `iso_score`; or if the reference has another shape, or ζ lies outside.
    """
    check_rows(X)
    if not 0 <= shrinkage <= 1:
        raise InputError(f"the shrinkage should lie in [0, 1], found {shrinkage}")
    covariance = total(sum_rows(X)).covariance
    if reference is not None:
        if reference.shape != covariance.shape:
            raise InputError(f"the reference should be {covariance.shape}, found {reference.shape}")
        covariance = (1 - shrinkage) * covariance + shrinkage * reference
    return score_variances(variances(covariance))


def score_variances(values: NDArray[np.float64]) -> float:
    """Return the IsoScore of variances along principal axes, (width,).

    Examples
    --------
    >>> round(score_variances(np.array([1.0, 1.0, 1.0, 0.0, 0.0])), 12)
    0.5
    """
    n = len(values)
    if n < 2:
        raise InputError("IsoScore needs vectors of at least two dimensions")
    scaled = values * np.sqrt(n) / np.linalg.norm(values)
    defect = np.linalg.norm(scaled - 1) / np.sqrt(2 * (n - np.sqrt(n)))
    used = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n  # how many dimensions are used alike
    return float((used - 1) / (n - 1))


def _log_partitions(X: Rows, borders: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Return log Z of each eigenvector and sign, (2 * width,), for each block of rows."""
    second = np.zeros((X.shape[1], X.shape[1]))
    for _, block in chunks(X):
        second += block.T @ block
    directions = np.linalg.eigh(second)[1]  # columns
    logs = []
    for start, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        sums = np.full(2 * X.shape[1], -np.inf)
        for _, block in chunks(X, start, stop):
            along = (block @ directions.astype(block.dtype)).astype(np.float64)  # (n, width)
            both = np.concatenate([along, -along], axis=1)
            top = both.max(axis=0)
            sums = np.logaddexp(sums, top + np.log(np.exp(both - top).sum(axis=0)))
        logs.append(sums)
    return logs


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    borders, n = layer.text.blocks, len(layer.rows)
    check_rows(layer.rows)
    several = len(borders) > 2
    units = sum_units(layer.rows, borders)
    every_unit = total(units)
    less = [(every_unit - one).mean_cosine for one in units] if several else []
    logs = np.stack(_log_partitions(layer.rows, borders))  # (n_blocks, 2 * width)
    leave = [np.logaddexp.reduce(np.delete(logs, i, axis=0)) for i in range(len(logs))] if several else []
    every = np.logaddexp.reduce(logs)
    sums = sum_rows(layer.rows, borders)
    whole = total(sums)
    scores = [_score(whole - one) for one in sums] if several else []
    return [
        MeasuredValue.of("mean_cosine", jackknife(every_unit.mean_cosine, less), n),
        MeasuredValue.of("partition", jackknife(_ratio(every), [_ratio(one) for one in leave]), n),
        MeasuredValue.of("iso_score", jackknife(_score(whole), scores), n),
    ]


def _ratio(logs: NDArray[np.float64]) -> float:
    return float(np.exp(logs.min() - logs.max()))


def _score(sums: Sums) -> float:
    return score_variances(variances(sums.covariance))


MEASURE = LayerMeasure("isotropy", "mean cosine of all pairs, partition function and IsoScore", _measure)
