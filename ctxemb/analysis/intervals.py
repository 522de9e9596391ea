"""How sure a measure is: a bootstrap of units' values, and a jackknife over blocks of the text.

A mean over words or sentences is bootstrapped by drawing words or sentences with replacement. What is no
mean (a spectrum, a similarity of layers, a dimension) cannot be: a row that is drawn twice has a neighbour at
distance zero, and makes layers look alike. Its interval is that of the delete-a-group jackknife (Kott 2001),
where a block of consecutive sentences is left out in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ctxemb.scoring.statistics import Interval

N_BLOCKS = 20
_CELLS_AT_ONCE = 4_000_000


def bootstrap_mean(
    values: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> Interval:
    """Return the (weighted) mean of the values of units, with a 95 % bootstrap interval.

    Parameters
    ----------
    values
        (n_units,) a value for each unit, such as a word or a sentence.
    weights
        (n_units,) what each unit counts; None for one each.
    seed, n_bootstrap
        Of the resampling.

    Returns
    -------
    Interval
        Bounds are expanded percentiles (Hesterberg 2015); with fewer than two units they are NaN.

    Examples
    --------
    >>> bootstrap_mean([0.5, 0.5, 0.5])
    Interval(value=0.5, low=0.5, high=0.5)
    """
    x = np.asarray(values, dtype=np.float64)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(x):
        return Interval(float("nan"), float("nan"), float("nan"))
    value = float(np.average(x, weights=w))
    if len(x) < 2:
        return Interval(value, float("nan"), float("nan"))
    draws = _ratio_draws(x * w, w, n_bootstrap, np.random.default_rng(seed))
    low, high = np.quantile(draws, percentiles(len(x)))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def bootstrap_means(
    values: NDArray[np.floating], weights: ArrayLike, *, seed: int = 0, n_bootstrap: int = 1000
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighted means of several columns, and their bounds, as `bootstrap_mean`.

    Units are drawn once for all columns.

    Parameters
    ----------
    values
        (n_units, n_columns)
    weights
        (n_units,) what each unit counts.
    seed, n_bootstrap
        Of the resampling.

    Returns
    -------
    array, array, array
        Means, lower and upper bounds, each (n_columns,).
    """
    x, w = values.astype(np.float64), np.asarray(weights, dtype=np.float64)
    means = w @ x / w.sum()
    if len(x) < 2:
        return means, np.full_like(means, np.nan), np.full_like(means, np.nan)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(x), np.full(len(x), 1 / len(x)), size=n_bootstrap) * w
    low, high = np.quantile(drawn @ x / drawn.sum(axis=1, keepdims=True), percentiles(len(x)), axis=0)
    return means, np.minimum(low, means), np.maximum(high, means)


def _ratio_draws(
    above: NDArray[np.float64], below: NDArray[np.float64], n: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    step = max(1, _CELLS_AT_ONCE // len(above))
    draws = np.empty(n)
    for start in range(0, n, step):
        stop = min(n, start + step)
        drawn = generator.integers(len(above), size=(stop - start, len(above)))
        draws[start:stop] = above[drawn].sum(axis=1) / np.maximum(below[drawn].sum(axis=1), 1e-300)
    return draws


def bootstrap_statistic(
    statistic: Callable[[NDArray[np.int64]], float], n_units: int, *, seed: int = 0, n_bootstrap: int = 1000
) -> Interval:
    """Return a statistic of all units, with the 95 % bootstrap interval of its values on drawn units.

    Parameters
    ----------
    statistic
        Called with the numbers of some units, each as often as it was drawn.
    n_units
        How many units there are.
    seed, n_bootstrap
        Of the resampling.
    """
    value = statistic(np.arange(n_units))
    if n_units < 2:
        return Interval(value, float("nan"), float("nan"))
    generator = np.random.default_rng(seed)
    draws = np.array([statistic(generator.integers(n_units, size=n_units)) for _ in range(n_bootstrap)])
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(draws, percentiles(n_units))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def percentiles(n: int) -> tuple[float, float]:
    """Return the shares of draws below the bounds: those of Student's t for `n` units, times √(n/(n-1))."""
    tail = float(stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)))
    return tail, 1 - tail


def jackknife(value: float, without: Sequence[float]) -> Interval:
    """Return a statistic with the 95 % interval of the delete-a-group jackknife.

    Parameters
    ----------
    value
        The statistic of all rows.
    without
        The statistic without each block; with fewer than two, the bounds are NaN.

    Examples
    --------
    >>> jackknife(1.0, [1.0, 1.0])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    g = len(without)
    if g < 2:
        return Interval(value, float("nan"), float("nan"))
    values = np.asarray(without, dtype=np.float64)
    error = float(np.sqrt((g - 1) / g * ((values - values.mean()) ** 2).sum()))
    margin = float(stats.t.ppf(0.975, g - 1)) * error
    return Interval(value, value - margin, value + margin)


def block_borders(offsets: NDArray[np.int64], n_blocks: int = N_BLOCKS) -> NDArray[np.int64]:
    """Return where blocks of consecutive whole sentences start and end in the rows, (n_blocks + 1,).

    There are fewer blocks where there are fewer sentences with words.

    Examples
    --------
    >>> block_borders(np.array([0, 3, 4, 9, 11]), 2).tolist()
    [0, 4, 11]
    """
    ends = np.unique(offsets)
    wanted = np.linspace(0, offsets[-1], min(n_blocks, len(ends) - 1) + 1)
    after = np.clip(np.searchsorted(ends, wanted), 1, len(ends) - 1)
    nearest = np.where(wanted - ends[after - 1] <= ends[after] - wanted, ends[after - 1], ends[after])
    return np.unique(nearest)
