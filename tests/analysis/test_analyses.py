"""Control tasks, description lengths, clusters and projections."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ctxemb.analysis import control
from ctxemb.analysis.analysis import Layer
from ctxemb.analysis.clusters import cluster_labels
from ctxemb.analysis.control import control_task
from ctxemb.analysis.description_length import description_length
from ctxemb.analysis.projection import project
from ctxemb.tasks import Example, Span, Task
from ctxemb.text.sentence import Sentence
from tests.probes.test_probes import problem, toy_task

Floats = NDArray[Any]


def words_task(kind: str, n: int = 400) -> Task:
    generator = np.random.default_rng(0)
    sentences = tuple(
        Sentence((f"w{generator.integers(40)}", f"v{generator.integers(40)}")) for _ in range(n)
    )
    spans = [(Span(i, 1, 2),) for i in range(n)]
    if kind == "sentence-label":
        spans = [(Span(i, 0, 2),) for i in range(n)]
    if kind == "pair":
        spans = [(Span(i, 1, 2), Span((i + 1) % n, 1, 2)) for i in range(n)]
    labels = generator.choice(["x", "y", "z"], n, p=[0.6, 0.3, 0.1])
    examples = tuple(
        Example(span, str(label), also=("q",)) for span, label in zip(spans, labels, strict=True)
    )
    splits = {"train": np.arange(0, n, 2), "test": np.arange(1, n, 2)}
    return Task("t", kind, "", "", "", sentences, examples, splits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "positions"),
    [("token-label", [1]), ("word-sense", [0]), ("sentence-label", [0, 1]), ("pair", [0])],
)
def test_control_labels_are_those_of_types(kind: str, positions: list[int]) -> None:
    task = words_task(kind)
    drawn = control_task(task, seed=1)
    assert drawn.metrics == ("accuracy",)
    assert not any(example.also for example in drawn.examples)
    by_type: dict[tuple[str, ...], set[str]] = {}
    for example in drawn.examples:
        words = [task.sentences[span.sentence].words[i] for span in example.spans for i in positions]
        by_type.setdefault(tuple(words), set()).add(example.label)
    assert all(len(labels) == 1 for labels in by_type.values())
    assert {label for labels in by_type.values() for label in labels} == {"x", "y", "z"}
    assert (drawn.gold == control_task(task, seed=1).gold).all()
    assert (drawn.gold != control_task(task, seed=2).gold).any()


def named_values(task: Task, X: Floats) -> dict[str, float]:
    found = control.measure(Layer(task, lambda rows: X[rows], None, 0))
    return {value.metric.name: value.value for value in found}


def test_selectivity_is_zero_where_vectors_tell_nothing() -> None:
    task = words_task("token-label")
    task = dataclasses.replace(
        task, examples=tuple(dataclasses.replace(example, also=()) for example in task.examples)
    )
    same = np.ones((400, 3), dtype=np.float32)
    found = named_values(task, same)
    assert found["selectivity"] == found["control_gain"] == found["control_spread"] == 0
    assert found["control_accuracy"] > 0.3
    names = [task.sentences[example.spans[0].sentence].words[1] for example in task.examples]
    one_hot = (np.array(names)[:, None] == np.unique(names)).astype(np.float32)
    by_heart = named_values(task, 3 * one_hot)  # the vector is the type, and the labels are random
    assert by_heart["control_gain"] > 0.2
    assert by_heart["selectivity"] < -0.2
    assert 0 < by_heart["control_spread"] < 0.2


def test_control_labels_come_as_often_as_the_labels_of_their_group() -> None:
    task = words_task("token-label", 40_000)
    named = dataclasses.replace(
        task,
        sentences=tuple(Sentence((f"{i}", f"t{i}")) for i in range(40_000)),
        examples=tuple(
            dataclasses.replace(example, group="gh"[i % 2]) for i, example in enumerate(task.examples)
        ),
    )
    found = control_task(named).gold
    for label, share in (("x", 0.6), ("y", 0.3), ("z", 0.1)):
        assert (found == label).mean() == pytest.approx(share, abs=0.015)


def test_description_length_against_scikit_learn() -> None:
    X, y = problem(300, 6, 3, noise=2.0)
    numbers = np.arange(300)
    sentences = tuple(Sentence((str(i),)) for i in numbers)
    examples = tuple(Example((Span(i, 0, 1),), str(label)) for i, label in enumerate(y))
    task = Task(
        "t", "sentence-label", "", "", "", sentences, examples, {"train": numbers, "test": numbers[:1]}
    )
    found = description_length(task, lambda rows: X[rows], seed=4)
    order = np.random.default_rng(4).permutation(300)
    codes = np.unique(y, return_inverse=True)[1][order]
    borders = sorted({max(1, int(np.ceil(300 * s))) for s in
                      (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)})  # fmt: skip
    bits = borders[0] * np.log2(3)
    for start, stop in pairwise(borders):
        seen, counts = X[order[:start]], np.bincount(codes[:start], minlength=3)
        if np.count_nonzero(counts) == 1:
            chances = np.tile((counts + 1) / (start + 3), (stop - start, 1))
        else:
            spare = np.concatenate([np.flatnonzero(codes[:start] == c)[1:] for c in range(3)])
            lost = np.zeros(5)
            for turn in range(min(3, len(spare))):
                held = spare[turn::3]
                kept = np.setdiff1d(np.arange(start), held)
                for i, l2 in enumerate((1e3, 1e2, 1e1, 1.0, 0.1)):
                    shares = fitted_shares(seen[kept], codes[kept], l2, seen[held])
                    lost[i] -= np.log2(0.99 * shares[np.arange(len(held)), codes[held]] + 0.01 / 3).sum()
            l2 = (1e3, 1e2, 1e1, 1.0, 0.1)[int(lost.argmin())]
            chances = fitted_shares(seen, codes[:start], l2, X[order[start:stop]])
        bits -= np.log2(0.99 * chances[np.arange(stop - start), codes[start:stop]] + 0.01 / 3).sum()
    assert found.bits == pytest.approx(bits, rel=2e-3)
    assert found.uniform_bits == pytest.approx(300 * np.log2(3))
    assert found.compression == pytest.approx(found.uniform_bits / found.bits)
    assert found.per_example == found.bits / 300


def fitted_shares(X: Floats, y: NDArray[np.int64], l2: float, asked: Floats) -> Floats:
    """Return scikit-learn's probabilities, (n, 3), for features scaled as ours are."""
    mean, scale = X.mean(axis=0), np.sqrt(np.square(X - X.mean(axis=0)).mean()) + 1e-12
    model = LogisticRegression(C=1 / l2, tol=1e-7, max_iter=5000).fit((X - mean) / scale, y)
    shares = np.zeros((len(asked), 3))
    shares[:, model.classes_] = model.predict_proba((asked - mean) / scale)
    return shares


def test_a_code_that_reads_nothing_is_as_long_as_that_of_the_frequencies() -> None:
    generator = np.random.default_rng(3)
    n = 600
    labels = generator.choice(["x", "y"], n, p=[0.85, 0.15])
    X = generator.normal(size=(n, 40)).astype(np.float32)
    sentences = tuple(Sentence((str(i),)) for i in range(n))
    examples = tuple(Example((Span(i, 0, 1),), str(label)) for i, label in enumerate(labels))
    splits = {"train": np.arange(n), "test": np.arange(1)}
    task = Task("t", "sentence-label", "", "", "", sentences, examples, splits)
    found = description_length(task, lambda rows: X[rows])
    assert found.frequency_bits < 0.75 * found.uniform_bits
    assert found.frequency_compression == pytest.approx(1, abs=0.08)  # with a fixed penalty of 1: 0.73
    assert found.compression > 1.2


def test_vectors_that_tell_make_the_code_shorter() -> None:
    task, X = toy_task()
    noise = np.random.default_rng(0).normal(size=X.shape).astype(np.float32)
    telling = description_length(task, lambda rows: X[rows])
    assert telling.compression > 1.3
    assert description_length(task, lambda rows: noise[rows]).compression < 1.05
    assert telling.n == 32


def test_clusters_find_what_is_apart() -> None:
    task, X = toy_task()
    rows = np.arange(48)
    found = cluster_labels(task, lambda numbers: X[numbers], rows)
    assert (found.v_measure, found.adjusted_rand, found.n) == (1, 1, 48)
    assert found.silhouette > 0.5
    noise = np.random.default_rng(0).normal(size=X.shape).astype(np.float32)
    assert cluster_labels(task, lambda numbers: noise[numbers], rows).adjusted_rand < 0.2
    same = np.ones_like(X)
    assert cluster_labels(task, lambda numbers: same[numbers], rows).v_measure == 0


def test_projection_is_the_first_two_components() -> None:
    X, y = problem(50, 10, 2, noise=0.2)
    points = project(X)
    assert points.shape == (50, 2)
    assert (project(X) == points).all()
    assert points.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert points[:, 0].var() > points[:, 1].var()
    first = points[y == "label 0", 0]
    second = points[y == "label 1", 0]
    assert first.max() < second.min() or second.max() < first.min()
    assert project(X[:1]).tolist() == [[0, 0]]
