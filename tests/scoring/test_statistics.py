from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import permutation_test

from ctxemb.scoring.metrics import score
from ctxemb.scoring.statistics import compare_paired, holm, score_with_interval

Strings = NDArray[np.str_]


def clustered(n_clusters: int = 25, seed: int = 0) -> tuple[Strings, Strings, Strings, Strings]:
    """Return gold labels, two sets of predictions, and clusters of very different difficulty."""
    generator = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(n_clusters), 20)
    level = generator.uniform(0.3, 1.0, n_clusters)[clusters]
    gold = generator.choice(list("abc"), len(clusters))
    made = [
        np.where(
            generator.random(len(clusters)) < level - down, gold, generator.choice(list("abc"), len(clusters))
        )
        for down in (0.0, 0.1)
    ]
    return gold, made[0], made[1], np.char.add("c", clusters.astype(str))


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "matthews"])
def test_clusters_are_resampled_whole(metric: str) -> None:
    gold, predicted, _, clusters = clustered()
    names = np.unique(clusters)
    generator = np.random.default_rng(1)
    rows_of = {name: np.flatnonzero(clusters == name) for name in names}
    scores = []
    for _ in range(600):
        rows = np.concatenate([rows_of[name] for name in generator.choice(names, len(names))])
        scores.append(score(metric, gold[rows], predicted[rows], [""] * len(rows)))
    found = score_with_interval(metric, gold, predicted, [""] * len(gold), clusters=clusters)
    assert found.value == pytest.approx(score(metric, gold, predicted, [""] * len(gold)))
    assert found.high - found.low == pytest.approx(2 * 2.064 * np.std(scores) * np.sqrt(25 / 24), rel=0.15)
    alone = score_with_interval(metric, gold, predicted, [""] * len(gold))
    assert found.high - found.low > 1.5 * (alone.high - alone.low)


def test_words_as_clusters_weigh_the_words_that_are_drawn() -> None:
    gold, predicted, _, words = clustered()
    by_word = [score("macro_f1", gold[words == w], predicted[words == w], [w] * 20) for w in np.unique(words)]
    found = score_with_interval("macro_f1", gold, predicted, words, clusters=words)
    assert found.value == pytest.approx(np.mean(by_word))
    generator = np.random.default_rng(0)
    means = [np.mean(generator.choice(by_word, 25)) for _ in range(2000)]
    assert found.high - found.low == pytest.approx(2 * 2.064 * np.std(means) * np.sqrt(25 / 24), rel=0.15)


def test_few_clusters_are_no_clusters() -> None:
    gold, predicted, _, clusters = clustered(9)
    found = score_with_interval("accuracy", gold, predicted, [""] * 180, clusters=clusters)
    assert found == score_with_interval("accuracy", gold, predicted, [""] * 180)


def test_permutations_of_accuracy_equal_scipy() -> None:
    gold, a, b, _ = clustered(4)
    found = compare_paired("accuracy", gold, a, b, [""] * 80, n_permutations=20_000)
    right_a, right_b = (a == gold).astype(float), (b == gold).astype(float)
    reference = permutation_test(
        (right_a, right_b), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=20_000, rng=np.random.default_rng(0),
    )  # fmt: skip
    assert found.value == pytest.approx((right_a - right_b).mean())
    beyond = np.abs(reference.null_distribution) - abs(reference.statistic)
    mid_p = (beyond > 1e-9).mean() + (np.abs(beyond) <= 1e-9).mean() / 2
    assert found.p == pytest.approx(mid_p, abs=0.02)
    assert found.p < reference.pvalue  # which counts all exchanges that are equal
    wins, losses = (right_a > right_b).sum(), (right_b > right_a).sum()
    assert found.effect == pytest.approx(wins / (wins + losses) - 0.5)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "matthews"])
def test_few_differences_are_exchanged_in_every_way(metric: str) -> None:
    generator = np.random.default_rng(3)
    gold = generator.choice(list("abc"), 40)
    a = np.where(generator.random(40) < 0.8, gold, "a")
    b = a.copy()
    rows = generator.choice(40, 8, replace=False)
    b[rows] = generator.choice(list("abc"), 8)
    rows = np.flatnonzero(a != b)
    groups = np.array(["x", "y"])[np.arange(40) % 2]
    observed = score(metric, gold, a, groups) - score(metric, gold, b, groups)
    hits = 0
    for swap in product([False, True], repeat=len(rows)):
        one, two = a.copy(), b.copy()
        one[rows[list(swap)]], two[rows[list(swap)]] = b[rows[list(swap)]], a[rows[list(swap)]]
        change = score(metric, gold, one, groups) - score(metric, gold, two, groups)
        hits += abs(change) >= abs(observed) - 1e-12
    found = compare_paired(metric, gold, a, b, groups)
    assert found.p == pytest.approx(hits / 2 ** len(rows))
    assert found.low <= found.value <= found.high


def test_equal_predictions_do_not_differ() -> None:
    gold, a, _, clusters = clustered()
    found = compare_paired("macro_f1", gold, a, a, [""] * 500, clusters=clusters)
    assert (found.value, found.low, found.high, found.p, found.effect) == (0, 0, 0, 1, 0)


def test_clusters_are_exchanged_whole() -> None:
    gold, a, b, clusters = clustered()
    alone = compare_paired("accuracy", gold, a, b, [""] * 500)
    whole = compare_paired("accuracy", gold, a, b, [""] * 500, clusters=clusters)
    assert whole.value == alone.value > 0
    assert whole == compare_paired("accuracy", gold, a, b, [""] * 500, clusters=clusters)
    mixed = compare_paired("accuracy", gold, b, a, [""] * 500, clusters=clusters)
    assert mixed.value == -whole.value
    assert mixed.effect == pytest.approx(-whole.effect)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_one_example_and_one_label() -> None:
    assert score_with_interval("macro_f1", ["a"], ["a"], ["x"]).low == 1
    assert score_with_interval("accuracy", ["a"], ["b"], ["x"]).high == 0
    assert compare_paired("accuracy", ["a"], ["a"], ["b"], ["x"]).p == 1
