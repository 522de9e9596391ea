"""The corrected resampled test: by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ctxemb.errors import InputError
from ctxemb.scoring.folds import compare_folds, corrected_resampled
from ctxemb.scoring.statistics import PairedDifference

NOTHING = PairedDifference(0.0, 0.0, 0.0, 1.0, 0.0)


def test_by_hand() -> None:
    d = np.array([0.03, -0.01, 0.02, 0.05, 0.01])
    p, error = corrected_resampled(d, 0.25)
    assert error == pytest.approx(np.sqrt((1 / 5 + 0.25) * d.var(ddof=1)))
    assert p == pytest.approx(2 * stats.t.sf(d.mean() / error, 4))
    assert p > stats.ttest_1samp(d, 0).pvalue  # which takes folds as independent
    assert corrected_resampled([0.0, 0.0], 1) == (1.0, 0.0)
    assert corrected_resampled([0.1, 0.1], 1) == (0.0, 0.0)
    with pytest.raises(InputError, match="at least two folds"):
        corrected_resampled([0.1], 1)


def nearest_means(X: np.ndarray, y: np.ndarray, folds: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Return the label of the nearest mean, learned from the other folds."""
    found = np.empty(len(y), dtype=int)
    for fold in range(10):
        known, asked = folds != fold, folds == fold
        means = np.stack([X[known][y[known] == label].mean(axis=0) for label in (0, 1)])
        found[asked] = np.square(X[asked, None] - means).sum(axis=2).argmin(axis=1)
    return found.astype(str)


def called_different(repeats: int, edge: float) -> float:
    """Return how often two ways of learning are called different; the second's features lack `edge`."""
    generator = np.random.default_rng(1)
    n, hits = 200, 0
    for _ in range(repeats):
        y = generator.integers(0, 2, n)
        shift = np.repeat([0.4, 0.4 - edge], 5)
        X = generator.normal(size=(n, 10)) + shift * y[:, None]
        folds = generator.permutation(np.arange(n) % 10)
        a, b = nearest_means(X[:, :5], y, folds), nearest_means(X[:, 5:], y, folds)
        hits += compare_folds(NOTHING, "accuracy", y.astype(str), (a, b), np.full(n, ""), folds).p <= 0.05
    return hits / repeats


def test_equal_ways_of_learning_are_seldom_called_different() -> None:
    assert called_different(200, 0.0) <= 0.085
    assert called_different(60, 0.4) > 0.5
