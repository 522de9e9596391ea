"""Scores of several runs that differ by their seed: means, intervals and differences.

Seeds are resampled beside examples: a draw takes as many runs as there are, with replacement, and scores all
of them on the same resampled examples. What differs from seed to seed is then part of every interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctxemb.scoring.metrics import LabelCodes, MetricFunction, count, encode_labels, metric_function
from ctxemb.scoring.statistics import Interval, PairedDifference, bounds_of, units_of

Floats = NDArray[np.float64]


def mean_with_interval(
    metric: str,
    gold: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    clusters: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> Interval:
    """Return the mean score of several runs with its 95 % interval.

    Parameters
    ----------
    predictions
        For each run, (n_examples,) predicted labels.
    metric, gold, groups, labels, clusters, positions, seed, n_bootstrap
        As for `ctxemb.scoring.statistics.score_with_interval`.

    Examples
    --------
    >>> mean_with_interval("accuracy", ["a", "b"], [["a", "b"], ["a", "b"]], ["", ""])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    function = metric_function(metric)
    codes = encode_labels(metric, gold, list(predictions), groups, labels, positions)
    generator = np.random.default_rng(seed)
    values, draws, n = _scores(function, codes, clusters, n_bootstrap, generator)
    low, high = bounds_of(_resampled(draws, generator), n)
    value = float(values.mean())
    return Interval(value, min(value, low), max(value, high))


def compare_runs(
    metric: str,
    gold: ArrayLike,
    a: Sequence[ArrayLike],
    b: Sequence[ArrayLike],
    groups: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    clusters: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    seed: int = 0,
    n_bootstrap: int = 2000,
) -> PairedDifference:
    """Compare the mean scores of two sets of runs on the same examples: that of `a` less that of `b`.

    The test is that of the bootstrap: p is twice the smaller share of draws on one side of zero, what was
    found counted in. The effect is Cohen's g over all pairs of runs.

    Parameters
    ----------
    a, b
        For each run, (n_examples,) predicted labels; a single one where nothing is random.
    metric, gold, groups, labels, clusters, positions, seed, n_bootstrap
        As for `ctxemb.scoring.statistics.compare_paired`.
    """
    function = metric_function(metric)
    codes = encode_labels(metric, gold, [*a, *b], groups, labels, positions)
    generator = np.random.default_rng(seed)
    values, draws, n = _scores(function, codes, clusters, n_bootstrap, generator)
    value = float(values[: len(a)].mean() - values[len(a) :].mean())
    found = _resampled(draws[: len(a)], generator) - _resampled(draws[len(a) :], generator)
    low, high = bounds_of(found, n)
    tail = min((found <= 0).sum(), (found >= 0).sum())
    p = min(1.0, 2 * float(tail + 1) / (len(found) + 1))
    error = float(found.std() * np.sqrt(n / max(1, n - 1)))
    return PairedDifference(value, min(value, low), max(value, high), p, _effect(codes, len(a)), error, n)


def resampled_scores(
    metric: str,
    gold: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    clusters: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> Floats:
    """Return the scores of several predictions on the same resampled examples, (n_predictions, n_draws).

    Parameters
    ----------
    metric, gold, predictions, groups, labels, clusters, positions, seed, n_bootstrap
        As for `mean_with_interval`.
    """
    codes = encode_labels(metric, gold, list(predictions), groups, labels, positions)
    generator = np.random.default_rng(seed)
    return _scores(metric_function(metric), codes, clusters, n_bootstrap, generator)[1]


def _scores(
    function: MetricFunction,
    codes: LabelCodes,
    clusters: ArrayLike | None,
    n_bootstrap: int,
    generator: np.random.Generator,
) -> tuple[Floats, Floats, int]:
    """Return each run's score, (n_runs,), those of each draw, (n_runs, n_draws), and what is drawn."""
    units = units_of(codes, clusters)
    runs = range(len(codes.predicted))
    even = np.ones(codes.n_groups)
    values = np.array([float(function(count(codes, run), codes.owners, even)) for run in runs])
    draws = [
        [function(units.counts(drawn, run), codes.owners, units.group_weights(drawn)) for run in runs]
        for drawn in units.bootstrap(n_bootstrap, generator)
    ]
    return values, np.concatenate([np.stack(part) for part in draws], axis=1), units.n_independent


def _resampled(draws: Floats, generator: np.random.Generator) -> Floats:
    """Return (n_draws,) the mean over runs drawn with replacement, anew in each draw."""
    n_runs, n_draws = draws.shape
    weights = generator.multinomial(n_runs, np.full(n_runs, 1 / n_runs), size=n_draws) / n_runs
    mean: Floats = (draws * weights.T).sum(axis=0)
    return mean


def _effect(codes: LabelCodes, n_a: int) -> float:
    """Return Cohen's g: of examples that one run of a pair has right and the other not, the first's share."""
    right = np.stack([predicted == codes.gold for predicted in codes.predicted]).astype(float)
    of_a, of_b = right[:n_a].mean(axis=0), right[n_a:].mean(axis=0)
    first, second = float((of_a * (1 - of_b)).sum()), float((of_b * (1 - of_a)).sum())
    return first / (first + second) - 0.5 if first + second else 0.0
