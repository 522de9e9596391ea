from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ctxemb.errors import InputError
from ctxemb.probes import run_probe
from ctxemb.probes.probe import FitPredictProbe
from ctxemb.probes.splits import splits_of_task
from ctxemb.tasks import Span
from tests.probes.test_probes import toy_task


class Spy:
    """Remembers which rows it learns from; predicts whether the setting is 2."""

    learned: list[tuple[float, tuple[int, ...]]] = []  # noqa: RUF012

    def __init__(self, setting: float) -> None:
        self.setting = setting

    def fit(self, X: NDArray[np.float32], y: Any) -> Spy:
        self.y = sorted(set(y))
        Spy.learned.append((self.setting, tuple(X[:, 0].astype(int).tolist())))
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        return np.array([("one" if int(row[1]) else "two") if self.setting == 2 else "none" for row in X])


def spied(task: Any) -> tuple[Any, list[tuple[float, tuple[int, ...]]]]:
    Spy.learned = []
    X = np.stack([np.arange(48), task.gold == "one"], axis=1).astype(np.float32)
    run = run_probe(
        task,
        FitPredictProbe("spy", lambda setting, _: Spy(setting), settings=(1, 2, 3)),
        lambda rows: X[rows],
    )
    return run, Spy.learned


def test_a_published_dev_chooses_and_is_never_learned_from() -> None:
    task = toy_task()[0]
    train = task.splits["train"]
    task = dataclasses.replace(task, splits={**task.splits, "train": train[::2], "dev": train[1::2]})
    run, learned = spied(task)
    assert run.setting == 2
    assert sorted(run.dev.rows) == sorted(train[1::2])
    assert {row for _, rows in learned for row in rows} == set(train[::2].tolist())
    assert len(learned) == 6  # three settings, two groups; no need to learn again


def test_without_one_dev_is_part_of_train_and_learned_from_at_last() -> None:
    task = toy_task()[0]
    run, learned = spied(task)
    (turn,) = splits_of_task(task)
    test = set(task.splits["test"].tolist())
    assert not {row for _, rows in learned for row in rows} & test
    chosen = {row for setting, rows in learned[6:] for row in rows if setting == 2}
    assert chosen == set(task.splits["train"].tolist())
    assert set(turn.train) | set(turn.dev) == chosen
    assert not set(turn.train) & set(turn.dev)
    labels = {(task.examples[i].group, task.examples[i].label) for i in turn.dev}
    assert len(labels) == 4  # every label of every group is chosen by
    assert len(run.test.rows) == 16


def test_with_folds_every_example_is_tested_once_by_others() -> None:
    task = dataclasses.replace(toy_task()[0], splits={}, folds=np.arange(48) % 4)
    run, learned = spied(task)
    assert sorted(run.test.rows) == sorted(run.dev.rows) == list(range(48))
    assert (run.test.labels == task.gold[run.test.rows]).all()
    for setting, rows in learned:
        folds = set((np.array(rows) % 4).tolist())
        assert len(folds) <= (3 if setting == 2 else 2)
    for turn in splits_of_task(task):
        assert not set(turn.final) & set(turn.test)
        assert not set(turn.train) & (set(turn.test) | set(turn.dev))


def test_few_examples_leave_folds_empty() -> None:
    task = toy_task()[0]
    folds = np.array([2, 5, 9])[np.arange(48) % 3]
    run, _ = spied(dataclasses.replace(task, splits={}, folds=folds))
    assert sorted(run.test.rows) == list(range(48))
    with pytest.raises(InputError, match="examples in 2 folds"):
        spied(dataclasses.replace(task, splits={}, folds=np.arange(48) % 2))


def test_a_single_example_of_a_label_stays_in_training() -> None:
    task = toy_task()[0]
    ones = [i for i in task.splits["train"] if task.gold[i] == "one"]
    twos = [i for i in task.splits["train"] if task.gold[i] == "two"]
    few = np.sort(np.array([*ones, *twos[:1], *twos[-1:]]))
    (turn,) = splits_of_task(dataclasses.replace(task, splits={"train": few, "test": task.splits["test"]}))
    assert set(task.gold[turn.dev]) == {"one"}
    assert len(turn.dev) == pytest.approx(len(ones) * 0.2, abs=1)


def test_words_of_a_sentence_stay_together() -> None:
    task = dataclasses.replace(toy_task()[0], kind="token-label")
    examples = tuple(
        dataclasses.replace(example, spans=(Span(number // 3, number % 3, number % 3 + 1),))
        for number, example in enumerate(task.examples)
    )
    task = dataclasses.replace(
        task, examples=examples, splits={"train": np.arange(36), "test": np.arange(36, 48)}
    )
    (turn,) = splits_of_task(task)
    assert sorted([*turn.train, *turn.dev]) == list(range(36))
    assert len(turn.dev) == 6  # two of twelve sentences
    assert not set(turn.train // 3) & set(turn.dev // 3)
    (turn,) = splits_of_task(
        dataclasses.replace(task, splits={"train": np.arange(3), "test": np.arange(36, 48)})
    )
    assert len(turn.train) > 0  # of a single sentence, words are held out


def test_rounds_solved_apart_for_want_of_memory_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from ctxemb.probes import logistic

    task, X = toy_task()
    task = dataclasses.replace(task, splits={}, folds=np.arange(48) % 4)
    together = run_probe(task, "logistic", lambda rows: X[rows])
    monkeypatch.setattr(logistic, "_WEIGHTS_AT_ONCE", 1)
    solved: list[int] = []

    def counted(groups: list[Any], settings: Any) -> Any:
        solved.extend(len(group.folds) for group in groups)
        return fit(groups, settings)

    fit = logistic.fit_groups
    monkeypatch.setattr(logistic, "fit_groups", counted)
    apart = run_probe(task, "logistic", lambda rows: X[rows])
    assert (apart.test.labels == together.test.labels).all()
    assert set(solved) == {1}
