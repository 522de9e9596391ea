"""How many dimensions the surface has that vectors lie on (TwoNN: Facco et al. 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.intervals import bootstrap_statistic
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.nearest_rows import nearest_rows
from ctxemb.analysis.rows import Rows, check_rows, sample_rows
from ctxemb.errors import InputError

DISCARDED = 0.1
"""Share of the largest ratios that is left out of the fit, as in the paper."""

_MOST_ROWS = 10_000


def intrinsic_dimension(X: Rows, discarded: float = DISCARDED) -> float:
    """Return the intrinsic dimension of `X`, (n, width), from the ratio of the two nearest distances.

    With μ = r₂ / r₁ of each row and F its empirical distribution, -log(1 - F) = d log μ; d is the slope of
    the line through the origin. Rows that are there twice are used once.
    Near copies (one word at one place, in a model that hardly looks at its context) have a neighbour that
    says nothing of the surface, and make the dimension too small. It takes O(n²) time and little memory.

    Parameters
    ----------
    X
        (n, width)
    discarded
        Share of the largest ratios that is left out of the fit.

    Raises
    ------
    InputError
        If there are fewer than three distinct rows, or a value is not finite.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(1000, 3)) @ np.ones((3, 7)).cumsum(axis=1)
    >>> round(intrinsic_dimension(X))
    1
    """
    if not 0 <= discarded < 1:
        raise InputError(f"the discarded share should lie in [0, 1), found {discarded}")
    check_rows(X, fewest=3)
    return _slope(_log_ratios(np.asarray(X[:]))[1], discarded)


def _log_ratios(rows: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the numbers of the distinct rows, and log r₂ / r₁ of each."""
    distinct, first = np.unique(rows, axis=0, return_index=True)
    if len(distinct) < 3:
        raise InputError(f"an intrinsic dimension needs at least 3 distinct rows, found {len(distinct)}")
    _, distances = nearest_rows(distinct, 2)
    return first, np.asarray(np.log(distances[:, 1] / np.maximum(distances[:, 0], 1e-300)))


def _slope(logs: NDArray[np.float64], discarded: float = DISCARDED) -> float:
    n = len(logs)
    x = np.sort(logs)[: max(1, min(int(n * (1 - discarded)), n - 1))]  # of the largest, F is 1
    y = -np.log1p(-np.arange(1, len(x) + 1) / n)
    scale = float(x @ x)
    return float(x @ y) / scale if scale else float("inf")


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    check_rows(layer.rows, fewest=3)
    numbers, rows = sample_rows(layer.rows, _MOST_ROWS, layer.seed)
    first, logs = _log_ratios(rows)
    owners = np.searchsorted(layer.text.offsets, numbers[first], side="right") - 1
    order = np.argsort(owners, kind="stable")
    sentences = np.split(logs[order], np.flatnonzero(np.diff(owners[order])) + 1)

    def dimension(drawn: NDArray[np.int64]) -> float:
        return _slope(np.concatenate([sentences[i] for i in drawn.tolist()]))

    interval = bootstrap_statistic(dimension, len(sentences), seed=layer.seed, n_bootstrap=200)
    return [MeasuredValue.of("intrinsic_dimension", interval, len(logs))]


MEASURE = LayerMeasure("intrinsic-dimension", "dimension of the surface that vectors lie on", _measure)
