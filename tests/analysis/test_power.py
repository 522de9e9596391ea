from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ctxemb.analysis.power import (
    found_difference,
    rank_stability,
    smallest_difference,
    smallest_found,
    superiority,
)
from ctxemb.errors import InputError
from ctxemb.scoring.statistics import compare_paired, holm

GENERATOR = np.random.default_rng(8)


def test_a_difference_of_that_size_is_found_in_80_percent() -> None:
    sample = GENERATOR.normal(size=50)
    size = smallest_difference(sample) / sample.std(ddof=1)
    hits = [stats.ttest_1samp(GENERATOR.normal(size, 1, size=50), 0).pvalue < 0.05 for _ in range(3000)]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.03)
    with pytest.raises(InputError, match="at least 2 finite values"):
        smallest_difference([1.0])


def test_the_interval_says_the_same() -> None:
    values = GENERATOR.normal(size=2000)
    error = values.std(ddof=1) / np.sqrt(2000)
    assert found_difference(-1.96 * error, 1.96 * error) == pytest.approx(
        smallest_difference(values), rel=0.01
    )


def test_superiority() -> None:
    assert superiority([1, 1], [1, 0]) == 0.75
    with pytest.raises(InputError, match="the same units, found 1 and 2"):
        superiority([1], [1, 2])


def test_ranks() -> None:
    scores = np.array([[1.0] * 20, [0.0] * 20, [1.0] * 20])
    assert rank_stability(scores).tolist() == [[0.5, 0.5, 0], [0, 0, 1], [0.5, 0.5, 0]]
    close = GENERATOR.normal(size=(2, 100)) + np.array([[0.1], [0.0]])
    shares = rank_stability(close)
    assert shares.sum(axis=0) == pytest.approx([1, 1])
    assert 0 < shares[0, 0] < 1


def test_a_difference_of_that_size_is_found_by_the_permutation_test_after_correction() -> None:
    """Two systems whose true difference is the smallest that is found, among five tests: found in 80 %."""
    n, n_tests = 400, 5
    gold, groups = np.full(n, "1"), np.full(n, "")

    def draw(share: float) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        return (GENERATOR.random(n) < share).astype(int).astype(str)

    known = compare_paired("accuracy", gold, draw(0.75), draw(0.6), groups, n_permutations=10)
    size = smallest_found(known.error, known.n_units, n_tests)
    assert size > smallest_found(known.error, known.n_units)
    hits = 0
    for number in range(150):
        found = compare_paired(
            "accuracy", gold, draw(0.6 + size), draw(0.6), groups,
            seed=number, n_permutations=999, n_bootstrap=2,
        )  # fmt: skip
        hits += holm([found.p, *[1.0] * (n_tests - 1)])[0] < 0.05
    assert hits / 150 == pytest.approx(0.8, abs=0.1)
