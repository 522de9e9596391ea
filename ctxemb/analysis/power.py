"""What a comparison could have found: smallest differences, superiority, and how stable ranks are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ctxemb.errors import InputError

POWER = 0.8
LEVEL = 0.05


def smallest_difference(differences: ArrayLike, power: float = POWER, level: float = LEVEL) -> float:
    """Return the smallest true mean difference that a paired two-sided test finds with a given power.

    It is (t of the level + t of the power) times the standard error of the mean (Cohen 1988, section 2).

    Parameters
    ----------
    differences
        (n_units,) the difference of two systems on each unit that is resampled, such as an example or a
        cluster.
    power, level
        Of the test.

    Raises
    ------
    InputError
        If there are fewer than two units, or one is not finite.

    Examples
    --------
    >>> round(smallest_difference([0.1, -0.1] * 200), 3)
    0.014
    """
    d = _finite(differences, 2)
    return smallest_found(float(d.std(ddof=1) / np.sqrt(len(d))), len(d), 1, power, level)


def smallest_found(
    error: float, n_units: int, n_tests: int = 1, power: float = POWER, level: float = LEVEL
) -> float:
    """Return the smallest true difference that a test finds with a given power, among several tests.

    As `smallest_difference`, from a standard error that is known, such as that of a paired bootstrap. The
    level is that of the strictest step of Holm's correction, `level` divided by the number of tests, so that
    the difference is found whatever the other tests say.

    Parameters
    ----------
    error
        Standard error of the difference.
    n_units, n_tests
        Number of units that are resampled, and of tests that are corrected together.
    power, level
        Of the tests.

    Examples
    --------
    >>> round(smallest_found(0.01, 400), 4), round(smallest_found(0.01, 400, n_tests=10), 4)
    (0.0281, 0.0367)
    """
    degrees = max(1, n_units - 1)
    return float(stats.t.ppf(1 - level / n_tests / 2, degrees) + stats.t.ppf(power, degrees)) * error


def found_difference(low: float, high: float, power: float = POWER, level: float = LEVEL) -> float:
    """Return the smallest difference that a test would find, from the bounds of a 1 - level interval.

    Examples
    --------
    >>> round(found_difference(-0.0196, 0.0196), 4)
    0.028
    """
    z = stats.norm.ppf(1 - level / 2)
    return float((z + stats.norm.ppf(power)) / z * (high - low) / 2)


def superiority(a: ArrayLike, b: ArrayLike) -> float:
    """Return the probability that `a` is above `b` on a unit, ties counting half (McGraw and Wong 1992).

    Parameters
    ----------
    a, b
        (n_units,) scores of two systems on the same units.

    Raises
    ------
    InputError
        If they differ in length, are empty, or one is not finite.

    Examples
    --------
    >>> superiority([1, 2, 3, 4], [0, 2, 2, 5])
    0.625
    """
    x, y = _finite(a, 1), _finite(b, 1)
    if len(x) != len(y):
        raise InputError(f"expected scores on the same units, found {len(x)} and {len(y)}")
    return float(((x > y) + 0.5 * (x == y)).mean())


def rank_stability(scores: NDArray[Any], *, seed: int = 0, n_bootstrap: int = 1000) -> NDArray[np.float64]:
    """Return how often each system takes each rank when units are resampled, (n_systems, n_systems).

    Parameters
    ----------
    scores
        (n_systems, n_units) scores of systems on the same units; higher is better.
    seed, n_bootstrap
        Of the resampling.

    Returns
    -------
    array
        Row i, column r: the share of resamples in which system i has rank r (0 is the best). Equal systems
        share their ranks.

    Raises
    ------
    InputError
        If a score is not finite, or there is no unit.

    Examples
    --------
    >>> rank_stability(np.array([[1.0, 1, 1], [0, 0, 0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise InputError("expected finite scores of systems on units, (n_systems, n_units)")
    n_units = table.shape[1]
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_bootstrap)
    return rank_shares(drawn @ table.T)


def rank_shares(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Return how often each system takes each rank, (n_systems, n_systems), as `rank_stability` does.

    Parameters
    ----------
    scores
        (n_resamples, n_systems) scores of systems in each resample; higher is better.
    """
    n_systems = scores.shape[1]
    shares = np.zeros((n_systems, n_systems))
    for row in scores:
        best = stats.rankdata(-row, method="min").astype(int) - 1
        ties = np.bincount(best, minlength=n_systems)
        for system, rank in enumerate(best.tolist()):
            shares[system, rank : rank + ties[rank]] += 1 / ties[rank]
    return shares / len(scores)


def _finite(values: ArrayLike, fewest: int) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < fewest or not np.isfinite(x).all():
        raise InputError(f"expected at least {fewest} finite values, one for each unit")
    return x
