"""Whether intervals cover the truth, and tests call equal models different as often as they say.

Data sets are drawn from models whose true scores are known: `python benchmarks/statistics.py --repeats 2000`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.scoring.folds import compare_folds
from ctxemb.scoring.metrics import Counts, metric_function
from ctxemb.scoring.statistics import compare_paired, score_with_interval

Strings = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Gold labels, the predictions of two equally good models, and perhaps clusters and positions."""

    gold: Strings
    a: Strings
    b: Strings
    clusters: Strings | None = None
    positions: NDArray[np.int64] | None = None


Source = Callable[[np.random.Generator], Data]

N_LABELS = 3
GOLD = np.array([0.5, 0.3, 0.2])
RIGHT = np.array([0.9, 0.75, 0.6])
JOINT = GOLD[:, None] * np.where(np.eye(N_LABELS) > 0, RIGHT[:, None], (1 - RIGHT[:, None]) / (N_LABELS - 1))
"""Probability of each gold and predicted label."""


def truth(metric: str) -> float:
    """Return the score of infinitely many examples."""
    counts = Counts(np.diag(JOINT) * 1e9, JOINT.sum(axis=1) * 1e9, JOINT.sum(axis=0) * 1e9)
    return float(metric_function(metric)(counts, np.zeros(N_LABELS, dtype=np.int64), np.ones(1)))


def answers(gold: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw the predictions of a model that is right as often as `RIGHT` says; its errors are even."""
    wrong = (gold + generator.integers(1, N_LABELS, len(gold))) % N_LABELS
    return np.where(generator.random(len(gold)) < RIGHT[gold], gold, wrong)


def independent(n: int) -> Source:
    """Return a source of `n` independent examples."""

    def draw(generator: np.random.Generator) -> Data:
        gold = generator.choice(N_LABELS, size=n, p=GOLD)
        columns = [gold, answers(gold, generator), answers(gold, generator)]
        return Data(*(column.astype(np.str_) for column in columns))

    return draw


def clustered(n_clusters: int, size: int) -> Source:
    """Return a source of clusters whose accuracy is 0.75 on average, with a standard deviation of 0.15.

    Both models find the same clusters hard, and each also has clusters that only it finds hard.
    """

    def draw(generator: np.random.Generator) -> Data:
        shared = generator.normal(0.0, 0.1, n_clusters)
        columns = []
        for _ in range(2):
            level = 0.75 + shared + generator.uniform(-0.19, 0.19, n_clusters)
            columns.append(generator.random((n_clusters, size)) < np.clip(level, 0, 1)[:, None])
        gold = np.ones(n_clusters * size, dtype=np.bool_)
        made = [column.ravel().astype(np.str_) for column in (gold, *columns)]
        names = np.repeat(np.arange(n_clusters), size).astype(np.str_)
        return Data(*made, clusters=names)

    return draw


def chunked(n_sentences: int, size: int) -> Source:
    """Return a source of sentences of `size` chunks of two words, of which three in four are found.

    Of those that are not, half have the other type, and half are not there. Sentences are of different
    difficulty, as clusters are.
    """
    kinds = np.array([["B-NP", "I-NP"], ["B-VP", "I-VP"], ["O", "O"]])

    def draw(generator: np.random.Generator) -> Data:
        shape = (n_sentences, size)
        gold = generator.integers(0, 2, shape)
        shared = generator.normal(0.0, 0.06, n_sentences)
        columns = [gold]
        for _ in range(2):
            level = 0.75 + shared + generator.uniform(-0.1, 0.1, n_sentences)
            wrong = np.where(generator.random(shape) < 0.5, 1 - gold, 2)
            columns.append(np.where(generator.random(shape) < level[:, None], gold, wrong))
        names = np.repeat(np.arange(n_sentences), 2 * size)
        made = [kinds[column].ravel() for column in columns]
        return Data(*made, clusters=names.astype(np.str_), positions=np.arange(len(names)) + names)

    return draw


FOUND = 0.75
CHUNK_TRUTH = 2 * FOUND / (1 + FOUND + (1 - FOUND) / 2)
"""Chunk F1 of infinitely many sentences: predicted are those found and half of the others."""


N_FOLDS = 10


def by_folds(n: int, generator: np.random.Generator) -> tuple[Data, NDArray[np.int64]]:
    """Return what two equally good *ways of learning* predict in cross-validation, and the folds.

    Both give a row the label of the nearest mean, each by five features of its own. What they learn from
    90 % of the rows differs by chance alone, and one may be luckier with these rows than with others.
    """
    truth_of = generator.integers(0, 2, n)
    X = generator.normal(size=(n, 10)) + 0.4 * truth_of[:, None]
    folds = generator.permutation(np.arange(n) % N_FOLDS)
    found = np.empty((2, n), dtype=np.int64)
    for fold in range(N_FOLDS):
        known, asked = folds != fold, folds == fold
        for which, columns in enumerate((slice(0, 5), slice(5, 10))):
            rows, labels = X[known, columns], truth_of[known]
            means = np.stack([rows[labels == label].mean(axis=0) for label in (0, 1)])
            apart = np.square(X[asked, None, columns] - means).sum(axis=2)
            found[which, asked] = apart.argmin(axis=1)
    gold, a, b = (column.astype(np.str_) for column in (truth_of, *found))
    return Data(gold, a, b), folds


def simulate_folds(repeats: int) -> None:
    """Print how often the two tests call equally good ways of learning different."""
    print("\n| rows in ten folds | permutation | corrected resampled t |\n|---|---:|---:|")
    for n in (200, 1000):
        generator = np.random.default_rng(0)
        called = np.zeros(2)
        for number in range(repeats):
            data, folds = by_folds(n, generator)
            groups = np.full(n, "")
            plain = compare_paired(
                "accuracy", data.gold, data.a, data.b, groups,
                n_permutations=999, n_bootstrap=10, seed=number,
            )  # fmt: skip
            corrected = compare_folds(plain, "accuracy", data.gold, (data.a, data.b), groups, folds)
            called += [plain.p <= 0.05, corrected.p <= 0.05]
        print(f"| {n} | {called[0] / repeats:.1%} | {called[1] / repeats:.1%} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=2000)
    repeats = parser.parse_args().repeats
    sources: list[tuple[str, str, Source, float]] = [
        *((f"{n} independent examples", metric, independent(n), truth(metric))
          for n in (200, 1000) for metric in ("accuracy", "macro_f1", "matthews")),
        *((f"{n} clusters of 30", "accuracy", clustered(n, 30), 0.75) for n in (12, 25)),
        *((f"{n} sentences of 6 chunks", "chunk_f1", chunked(n, 6), CHUNK_TRUTH) for n in (30, 100)),
    ]  # fmt: skip
    print("| examples | metric | coverage of 95 % intervals | false positives at .05 |")
    print("|---|---|---:|---:|")
    for name, metric, source, expected in sources:
        generator = np.random.default_rng(0)
        covered = called = 0
        for number in range(repeats):
            data = source(generator)
            groups = np.full(len(data.gold), "")
            known = {"clusters": data.clusters, "positions": data.positions, "seed": number}
            interval = score_with_interval(metric, data.gold, data.a, groups, **known)
            covered += interval.low <= expected <= interval.high
            found = compare_paired(
                metric, data.gold, data.a, data.b, groups, n_permutations=999, n_bootstrap=10, **known
            )
            called += found.p <= 0.05
        print(f"| {name} | {metric} | {covered / repeats:.1%} | {called / repeats:.1%} |", flush=True)
    simulate_folds(repeats)


if __name__ == "__main__":
    main()
