"""Intervals and differences over seeds."""

from __future__ import annotations

import numpy as np
import pytest

from ctxemb.scoring.seeds import compare_runs, mean_with_interval
from ctxemb.scoring.statistics import score_with_interval


def runs(
    n_runs: int, n: int, share: float, spread: float, seed: int = 0
) -> tuple[np.ndarray, list[np.ndarray]]:
    generator = np.random.default_rng(seed)
    gold = generator.choice(["a", "b"], n)
    other = np.where(gold == "a", "b", "a")
    shares = share + spread * np.linspace(-1, 1, n_runs)
    return gold, [np.where(generator.random(n) < right, gold, other) for right in shares]


def test_one_run_has_the_interval_of_one_run() -> None:
    gold, (found,) = runs(1, 200, 0.8, 0.0)
    groups = [""] * 200
    assert mean_with_interval("accuracy", gold, [found], groups) == score_with_interval(
        "accuracy", gold, found, groups
    )


def test_what_differs_between_seeds_widens_the_interval() -> None:
    groups = [""] * 400
    gold, alike = runs(5, 400, 0.8, 0.0)
    _, apart = runs(5, 400, 0.8, 0.15)
    narrow, wide = (mean_with_interval("accuracy", gold, found, groups) for found in (alike, apart))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)
    assert wide.value == pytest.approx(np.mean([(found == gold).mean() for found in apart]))


def test_differences() -> None:
    groups = [""] * 400
    gold, good = runs(3, 400, 0.9, 0.02)
    _, bad = runs(3, 400, 0.6, 0.02)
    found = compare_runs("accuracy", gold, good, bad, groups)
    assert found.value == pytest.approx(
        np.mean([(g == gold).mean() for g in good]) - np.mean([(b == gold).mean() for b in bad])
    )
    assert found.low > 0
    assert found.p < 0.01
    assert 0.2 < found.effect <= 0.5
    same = compare_runs("accuracy", gold, good, good, groups)
    assert (same.value, same.effect) == (0, 0)
    assert same.p > 0.5
