from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ctxemb.probes import ProbeRun, baselines_for, probes_for, run_baseline, run_mix, run_probe
from ctxemb.probes.baselines import WordMajorityProbe, bag_of_words
from ctxemb.probes.centroid import CentroidProbe
from ctxemb.probes.k_nearest import KNearestProbe
from ctxemb.probes.logistic import LogisticProbe
from ctxemb.probes.probe import Group
from ctxemb.probes.scalar_mix import ScalarMixer
from ctxemb.scoring.metrics import accuracy
from ctxemb.tasks import Example, Span, Task
from ctxemb.text.sentence import Sentence

Problem = tuple[NDArray[np.float32], NDArray[np.str_]]


def problem(n: int, width: int, n_classes: int, seed: int = 0, noise: float = 3.0) -> Problem:
    """Return noisy rows around a centre for each class, with directions of very different size."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(n_classes, width))
    classes = np.concatenate([np.arange(n_classes), generator.integers(n_classes, size=n - n_classes)])
    stretch = np.exp(-np.linspace(0, 3, width)) * 7
    X = (centres[classes] + noise * generator.normal(size=(n, width))) * stretch + 5
    return X.astype(np.float32), np.array([f"label {c}" for c in classes])


@pytest.mark.parametrize(
    ("n", "width", "n_classes", "l2"),
    [(40, 100, 2, 1.0), (60, 100, 3, 0.1), (500, 20, 2, 1.0), (500, 20, 6, 10.0), (300, 300, 4, 1.0)],
)
def test_logistic_equals_scikit_learn(n: int, width: int, n_classes: int, l2: float) -> None:
    X, y = problem(n, width, n_classes)
    probe = LogisticProbe(l2=l2).fit(X, y.tolist())
    scaled = X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)
    scaled /= np.sqrt(np.square(scaled).mean())
    reference = LogisticRegression(C=1 / l2, tol=1e-8, max_iter=10_000).fit(scaled, y)
    chances = reference.predict_proba(scaled)[np.arange(n), np.searchsorted(reference.classes_, y)]
    loss = -np.log(chances).sum() + l2 / 2 * np.square(reference.coef_).sum()
    assert probe.loss_ == pytest.approx(loss, rel=1e-4)
    fresh, _ = problem(1000, width, n_classes, seed=1)
    there = (fresh - X.mean(axis=0)) / np.sqrt(np.square(X - X.mean(axis=0)).mean())
    assert (probe.predict(fresh) == reference.predict(there)).mean() >= 0.995


def test_logistic_does_not_mind_the_scale_of_features() -> None:
    X, y = problem(100, 30, 3)
    fresh, _ = problem(200, 30, 3, seed=1)
    small = LogisticProbe().fit(X, y.tolist()).predict(fresh)
    large = LogisticProbe().fit(1000 * X, y.tolist()).predict(1000 * fresh)
    assert (small == large).mean() > 0.99


def test_logistic_on_equal_rows_predicts_the_majority() -> None:
    X = np.ones((5, 3), dtype=np.float32)
    probe = LogisticProbe().fit(X, ["a", "b", "b", "b", "a"])
    assert probe.predict(X).tolist() == ["b"] * 5


@pytest.mark.parametrize("name", sorted(probes_for("word-sense")))
def test_every_probe_separates_what_is_apart(name: str) -> None:
    X, y = problem(60, 20, 3, noise=0.1)
    fresh, gold = problem(30, 20, 3, seed=0, noise=0.1)
    rows, asked = np.arange(60), np.arange(60, 90)
    probe = probes_for("word-sense")[name]
    vectors, labels = np.concatenate([X, fresh]), np.concatenate([y, gold])
    group = Group(lambda chosen: vectors[chosen], labels, [(rows, asked)])
    ((found,),) = probe.predict([group], probe.settings, 0)
    assert len(found) == len(probe.settings)
    assert (found[-1] == gold).all()


def test_nearest_neighbor_is_by_cosine_and_ties_go_to_the_first() -> None:
    X = np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32)
    probe = KNearestProbe()
    probe.fit(X, ["first", "other", "second"])
    assert probe.predict(np.array([[9, 1], [0.1, 5]], dtype=np.float32)).tolist() == ["first", "other"]


def test_centroid_gives_every_row_the_same_weight() -> None:
    X = np.array([[100, 0], [0, 1], [0, 1], [1, -1]], dtype=np.float32)
    probe = CentroidProbe()
    probe.fit(X, ["a", "a", "a", "b"])
    assert probe.predict(np.array([[1, 1.9], [1, -0.8]], dtype=np.float32)).tolist() == ["a", "b"]


def test_the_mix_finds_the_layer_that_tells() -> None:
    generator = np.random.default_rng(0)
    telling, y = problem(200, 10, 2, noise=0.5)
    noise = generator.normal(size=telling.shape).astype(np.float32)
    X = np.stack([noise, telling, noise[::-1]])
    mixer = ScalarMixer().fit(X, y.tolist(), [""] * 200)
    assert mixer.weights_.sum() == pytest.approx(1)
    assert mixer.weights_.argmax() == 1
    assert mixer.transform(X).shape == (200, 10)
    assert mixer.transform(X, np.array([3, 1])) == pytest.approx(mixer.transform(X)[[3, 1]])
    again = ScalarMixer().fit(X, y.tolist(), [""] * 200)
    assert (again.weights_ == mixer.weights_).all()
    other = ScalarMixer(restart=1).fit(X, y.tolist(), [""] * 200)
    assert other.weights_.argmax() == 1
    assert other.loss_ == pytest.approx(mixer.loss_, rel=0.05)


def toy_task(kind: str = "word-sense") -> tuple[Task, NDArray[np.float32]]:
    """Return a task of two words with two senses each, and vectors that separate them."""
    generator = np.random.default_rng(0)
    examples, sentences, rows = [], [], []
    for word in ("bank", "bow"):
        for sense in ("one", "two"):
            for _ in range(12):
                sentences.append(Sentence(("a", word, "here", sense)))
                examples.append(Example((Span(len(examples), 1, 2),), sense, word))
                sign = 1 if (word == "bank") == (sense == "one") else -1
                rows.append(sign * np.array([3.0, 0, 0, 1]) + generator.normal(size=4))
    numbers = np.arange(48)
    task = Task(
        "toy", kind, "", "CC0-1.0", "", tuple(sentences), tuple(examples),
        {"train": numbers[numbers % 3 > 0], "test": numbers[numbers % 3 == 0]}, ("accuracy", "macro_f1"),
    )  # type: ignore[arg-type]  # fmt: skip
    return task, np.array(rows, dtype=np.float32)


def accuracy_of(task: Task, run: ProbeRun) -> float:
    return accuracy(task.gold[run.test.rows], run.test.labels)


@pytest.mark.parametrize("probe", sorted(probes_for("word-sense")))
def test_a_group_has_a_classifier_of_its_own(probe: str) -> None:
    task, X = toy_task()
    run = run_probe(task, probe, lambda rows: X[rows], seed=0)
    assert sorted(run.test.rows) == task.splits["test"].tolist()
    assert accuracy_of(task, run) > 0.9  # with one classifier for both words it would be near 0.5
    again = run_probe(task, probe, lambda rows: X[rows], seed=0)
    assert (run.test.labels == again.test.labels).all()


def test_mix_of_a_task() -> None:
    task, X = toy_task()
    noise = np.random.default_rng(1).normal(size=X.shape).astype(np.float32)
    run, mixes = run_mix(task, np.stack([noise, X]), restarts=2)
    assert [mix.seed for mix in mixes] == [0, 1]
    assert all(mix.weights[1] > mix.weights[0] for mix in mixes)
    assert accuracy_of(task, run) > 0.9


def test_baselines() -> None:
    task, _ = toy_task()
    assert baselines_for(task) == ["majority", "bag-of-words", "bag-of-10-words"]
    majority = run_baseline(task, "majority")
    assert accuracy_of(task, majority) == pytest.approx(0.5)
    assert accuracy_of(task, run_baseline(task, "bag-of-words")) > 0.9  # the last word tells the sense
    assert len(run_baseline(toy_task("sentence-label")[0], "bag-of-words").test.labels) == 16
    tokens = toy_task("token-label")[0]
    assert baselines_for(tokens) == ["majority", "word-majority"]
    assert len(run_baseline(tokens, "word-majority").test.labels) == 16
    senses = dataclasses.replace(task, fallback={"bank": "one", "bow": "two"})
    assert baselines_for(senses) == ["majority", "first-sense"]
    first = run_baseline(senses, "first-sense").test
    assert set(zip(task.example_groups[first.rows], first.labels, strict=True)) == {
        ("bank", "one"),
        ("bow", "two"),
    }


def test_a_new_word_has_the_most_frequent_label() -> None:
    probe = WordMajorityProbe().fit(["run", "run", "run", "dog", "cat"], ["V", "V", "N", "N", "N"])
    assert probe.predict(["run", "dog", "new"]).tolist() == ["V", "N", "N"]


def test_a_bag_leaves_the_target_out() -> None:
    bag = bag_of_words(["The", "bank", "of", "the", "river", "Ouse"], (1, 2))
    assert bag == ["the", "of", "the", "river", "ouse", "near:the", "near:of", "near:the", "near:river"]


def test_a_label_seen_alone_in_training_is_predicted() -> None:
    task, X = toy_task()
    train = np.array([i for i in task.splits["train"] if task.examples[i].label == "one"])
    alone = dataclasses.replace(task, splits={"train": train, "test": task.splits["test"]})
    assert accuracy_of(task, run_probe(alone, "logistic", lambda rows: X[rows])) == pytest.approx(0.5)


def test_the_penalty_of_a_bag_is_chosen_on_dev() -> None:
    task, _ = toy_task()
    run = run_baseline(task, "bag-of-words")
    assert run.setting in (0.1, 1.0, 10.0, 100.0, 1000.0)
    long = [Sentence((f"far{i % 2}", *["pad"] * 12, "bank", "end")) for i in range(48)]
    examples = tuple(Example((Span(i, 13, 14),), f"label {i % 2}") for i in range(48))
    rows = {"train": np.arange(32), "test": np.arange(32, 48)}
    told = Task("far", "word-sense", "", "", "", tuple(long), examples, rows)
    assert accuracy_of(told, run_baseline(told, "bag-of-words")) == 1  # the word that tells is far away
    assert accuracy_of(told, run_baseline(told, "bag-of-10-words")) == 0.5
