from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ctxemb.analysis.rated_similarity import pair_cosines, rated_values, spearman, uncentred_correlation
from ctxemb.analysis.structural_probe import StructuralProbe
from ctxemb.analysis.tree_scores import (
    depth_correlation,
    distance_correlation,
    edge_hits,
    score_depths,
    score_distances,
)
from ctxemb.errors import InputError

GENERATOR = np.random.default_rng(6)
PARENTS = np.array([1, -1, 3, 1, 3])
DEPTHS = np.array([1, 0, 2, 1, 2])
DISTANCES = np.array([[0, 1, 3, 2, 3], [1, 0, 2, 1, 2], [3, 2, 0, 1, 2], [2, 1, 1, 0, 1], [3, 2, 2, 1, 0]])
WORDS = np.ones(5, dtype=bool)


def random_tree(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return parents, depths, distances, and vectors whose squared distances are those of the tree."""
    parents = np.array([-1, *(int(GENERATOR.integers(i)) for i in range(1, n))])
    vectors = np.zeros((n, 10))
    depths = np.zeros(n, dtype=np.int64)
    for word in range(1, n):
        vectors[word] = vectors[parents[word]]
        vectors[word, word] += 1
        depths[word] = depths[parents[word]] + 1
    distances = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2).astype(np.int64)
    return parents, depths, distances, vectors


def test_edges_by_hand() -> None:
    assert edge_hits(DISTANCES, PARENTS, WORDS) == (4, 4)
    line = np.abs(np.arange(5)[:, None] - np.arange(5)[None])
    assert edge_hits(line, PARENTS, WORDS) == (3, 4)  # 0-1, 2-3, 3-4, but not 1-3
    assert edge_hits(line, PARENTS, np.array([True, True, False, True, False])) == (2, 2)
    assert edge_hits(line[:1, :1], [-1], [True]) == (0, 0)


def test_correlations_by_scipy() -> None:
    guess = GENERATOR.uniform(size=(5, 5))
    rows = [stats.spearmanr(np.delete(guess[i], i), np.delete(DISTANCES[i], i)).statistic for i in range(5)]
    assert distance_correlation(guess, DISTANCES) == pytest.approx(np.mean(rows))
    assert depth_correlation(guess[0], DEPTHS) == pytest.approx(stats.spearmanr(guess[0], DEPTHS).statistic)
    assert distance_correlation(DISTANCES, DISTANCES) == pytest.approx(1)


def test_a_probe_finds_trees_in_a_subspace() -> None:
    trees = [random_tree(int(n)) for n in GENERATOR.integers(5, 10, size=80)]
    hidden = np.linalg.qr(GENERATOR.normal(size=(16, 16)))[0][:10]
    noise = [
        GENERATOR.normal(size=(len(one[0]), 6)) @ np.linalg.qr(GENERATOR.normal(size=(16, 6)))[0].T
        for one in trees
    ]
    vectors = [3 * one[3] @ hidden + 0.1 * extra for one, extra in zip(trees, noise, strict=True)]
    distance = StructuralProbe(rank=10, n_epochs=60, step_size=0.02).fit(
        vectors[:60], [t[2] for t in trees[:60]]
    )
    kept = [np.ones(len(t[0]), dtype=bool) for t in trees[60:]]
    uuas, dspr = score_distances(
        distance.predict(vectors[60:]), [t[2] for t in trees[60:]], [t[0] for t in trees[60:]], kept
    )
    assert uuas.value > 0.9
    assert dspr.value > 0.9
    assert uuas.low <= uuas.value <= uuas.high
    depth = StructuralProbe("depth", rank=10, n_epochs=60, step_size=0.02).fit(
        vectors[:60], [t[1] for t in trees[:60]]
    )
    root, nspr = score_depths(depth.predict(vectors[60:]), [t[1] for t in trees[60:]], kept)
    assert root.value > 0.9
    assert nspr.value > 0.8


def test_a_probe_is_the_same_with_the_same_seed() -> None:
    trees = [random_tree(6) for _ in range(5)]
    maps = [
        StructuralProbe(rank=4, n_epochs=2).fit([t[3] for t in trees], [t[2] for t in trees]).map_
        for _ in "ab"
    ]
    assert (maps[0] == maps[1]).all()
    with pytest.raises(InputError, match="a sentence of at least two words"):
        StructuralProbe().fit([np.ones((1, 3))], [np.zeros((1, 1), dtype=np.int64)])
    with pytest.raises(InputError, match="the targets are not those"):
        StructuralProbe().fit([np.ones((2, 3))], [np.zeros((1, 1), dtype=np.int64)])


def test_rank_correlation() -> None:
    x, y = GENERATOR.integers(5, size=40), GENERATOR.integers(5, size=40)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert uncentred_correlation([1, 2], [2, 4]) == pytest.approx(1)
    assert np.isnan(spearman([1, 1], [1, 2]))
    with pytest.raises(InputError, match="two lists of the same length"):
        spearman([1, 2], [1, 2, 3])


def test_rated_pairs() -> None:
    rows = np.array([[1.0, 0], [0, 1], [1, 1], [2, 0]])
    spans = [((0, 1), (3, 4)), ((0, 1), (1, 2)), ((0, 1), (2, 3)), ((0, 2), (2, 3))]
    cosines = pair_cosines(rows, spans)
    assert cosines == pytest.approx([1, 0, 0.5**0.5, 1])
    ratings = np.array([9.0, 1, 5, 8])
    values = rated_values(
        cosines,
        ratings,
        np.array(["a", "a", "b", "b"]),
        changes=np.array([[0, 1], [2, 3]]),
        parts={"some": np.array([0, 1, 2])},
    )
    by_name = {(v.statistic, v.group): v for v in values}
    assert by_name["spearman", "some"].value == pytest.approx(1)
    assert by_name["spearman", ""].value == pytest.approx(stats.spearmanr(cosines, ratings).statistic)
    expected = (
        np.dot([-1, 1 - 0.5**0.5], [-8, 3]) / np.linalg.norm([-1, 1 - 0.5**0.5]) / np.linalg.norm([-8, 3])
    )
    assert by_name["change", ""].value == pytest.approx(expected)
