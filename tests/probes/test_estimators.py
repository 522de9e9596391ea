"""Neighbours, pairs, perceptrons, control tasks, description lengths and clusters."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctxemb.probes.cosine_threshold import CosineThresholdProbe
from ctxemb.probes.k_nearest import KNearestProbe
from ctxemb.probes.mlp import MlpProbe
from ctxemb.probes.pairs import cosines_of, pair_features
from tests.probes.test_probes import problem


def test_most_neighbours_win_and_ties_go_to_the_nearest() -> None:
    angles = np.deg2rad([0, 10, 20, 90, 180])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    y = ["a", "b", "b", "c", "c"]
    query = np.array([[5, 0]], dtype=np.float32)
    for k, expected in ((1, "a"), (2, "a"), (3, "b"), (5, "b"), (9, "b")):
        assert KNearestProbe(k).fit(X, y).predict(query).tolist() == [expected]
    assert len(KNearestProbe(3).fit(X, y).predict(X[:0])) == 0


@pytest.mark.parametrize("k", [1, 4])
def test_blocks_of_queries_do_not_matter(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = problem(90, 12, 3)
    fresh, _ = problem(40, 12, 3, seed=1)
    whole = KNearestProbe(k).fit(X, y.tolist()).predict(fresh)
    monkeypatch.setattr("ctxemb.probes.k_nearest._ROWS_AT_ONCE", 7)
    assert (KNearestProbe(k).fit(X, y.tolist()).predict(fresh) == whole).all()
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    nearest = np.argsort(-(fresh @ unit.T), axis=1, kind="stable")[:, :k]
    found = KNearestProbe(k).fit(X, y.tolist())._nearest(torch.from_numpy(fresh))
    assert (found.numpy() == nearest).all()


@pytest.mark.parametrize("k", [1, 2, 5])
def test_of_equally_near_rows_the_first_are_taken(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    distinct = generator.normal(size=(4, 8)).astype(np.float32)
    X = distinct[generator.integers(0, 4, 600)]  # context-free vectors of four words
    queries = distinct[generator.integers(0, 4, 50)]
    same = (queries[:, None] == X[None]).all(axis=2)
    expected = np.stack([np.flatnonzero(row)[:k] for row in same])
    probe = KNearestProbe(k).fit(X, ["a"] * 600)
    assert (probe._nearest(torch.from_numpy(queries)).numpy() == expected).all()
    monkeypatch.setattr("ctxemb.probes.k_nearest._ROWS_AT_ONCE", 32)
    assert (probe._nearest(torch.from_numpy(queries)).numpy() == expected).all()


@pytest.mark.parametrize("seed", range(6))
def test_threshold_against_all_of_them(seed: int) -> None:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(25, 8)).round(1).astype(np.float32)
    X[5:9] = X[4]  # equal cosines
    y = np.where(cosines_of(X) * (1 if seed % 2 else -1) + generator.normal(size=25) > 0, "T", "F")
    cosines = cosines_of(X)
    probe = CosineThresholdProbe().fit(X, y.tolist())
    best = max(
        np.mean(np.where(cosines > border, above, below) == y)
        for border in [-2, *cosines]
        for above, below in (("T", "F"), ("F", "T"))
    )
    assert np.mean(probe.predict(X) == y) == pytest.approx(best)


def test_a_threshold_needs_two_labels_and_pairs_have_features() -> None:
    X = np.array([[1, 2, 3, 5]], dtype=np.float32)
    with pytest.raises(ValueError, match="two labels apart, found 1"):
        CosineThresholdProbe().fit(X, ["T"])
    assert pair_features(X).tolist() == [[2, 3, 3, 10]]


@pytest.mark.parametrize("n", [60, 400])
def test_a_perceptron_learns_what_is_not_linear(n: int) -> None:
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, size=(n, 2)).astype(np.float32)
    y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    probe = MlpProbe(seed=1).fit(np.tile(X, (8, 1)), np.tile(y, 8).tolist())
    assert (probe.predict(X) == y).mean() > 0.9
    again = MlpProbe(seed=1).fit(np.tile(X, (8, 1)), np.tile(y, 8).tolist())
    assert (again.predict(X) == probe.predict(X)).all()
    assert len(MlpProbe().fit(X[:5], y[:5].tolist()).predict(X)) == n
