"""A task and vectors to predictions: settings are chosen on dev, and the test is left for the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import InputError
from ctxemb.probes.catalogue import probe_for
from ctxemb.probes.probe import Features, Group, Probe, prepared
from ctxemb.probes.scoring import score_of
from ctxemb.probes.splits import Rows, Split, splits_of_task
from ctxemb.results.names import DEV, TEST
from ctxemb.tasks import Task

Labels = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What was predicted for the examples of one split.

    Parameters
    ----------
    split
        ``"dev"`` or ``"test"``.
    rows
        (n,) numbers of examples.
    labels
        (n,) the label predicted for each.
    """

    split: str
    rows: Rows
    labels: Labels


@dataclass(frozen=True, slots=True, eq=False)
class ProbeRun:
    """A probe on a task.

    Parameters
    ----------
    dev, test
        What it predicted.
    setting
        What dev chose: the strength of a penalty, or a number of neighbours.
    """

    dev: Prediction
    test: Prediction
    setting: float


def run_probe(
    task: Task,
    probe: str | Probe,
    features: Features | Sequence[Features],
    *,
    seed: int = 0,
    learn_dev: bool = True,
) -> ProbeRun:
    """Train a probe on each group of a task, choose its setting on dev, and predict dev and test.

    There is one setting for the whole task. Dev is predicted by a probe that has not seen it; the test by one
    that has learned from dev, too, unless the data set was published with a dev split of its own.

    Parameters
    ----------
    task
        Labels, groups and splits.
    probe
        Name of a probe, or one of the caller's own.
    features
        The vectors of examples; or one such function for each split, where they depend on what was trained
        on.
    seed
        Of probes that start at random.
    learn_dev
        Whether the test is predicted by a probe that has learned from dev, too, where dev was not published.

    Raises
    ------
    UnknownNameError
        If there is no such probe for this kind of task.
    InputError
        If a group that is scored has no training example.
    """
    used = probe_for(probe, task.kind) if isinstance(probe, str) else probe
    splits = splits_of_task(task)
    if used.learns_from_dev:
        splits = [Split(split.dev, split.dev, split.test, split.dev) for split in splits]
    each = list(features) if isinstance(features, Sequence) else [features] * len(splits)
    each = [prepared(used, task.kind, read) for read in each]
    shared = not isinstance(features, Sequence)
    plans = [(split.train, np.concatenate([split.dev, split.test])) for split in splits]
    tried = _predict(task, used, each, plans, used.settings, seed, shared=shared)
    tried_dev = [_joined(labels, splits, dev=True) for labels in tried]
    dev_rows = np.concatenate([split.dev for split in splits])
    scores = [score_of(task, dev_rows, labels) for labels in tried_dev]
    best = int(np.argmax(scores))
    if not learn_dev or all(split.final is split.train for split in splits):
        test = _joined(tried[best], splits, dev=False)
    else:
        plans = [(split.final, split.test) for split in splits]
        again = _predict(task, used, each, plans, used.settings[best : best + 1], seed, shared=shared)
        test = np.concatenate(again[0])
    return ProbeRun(
        Prediction(DEV, dev_rows, tried_dev[best]),
        Prediction(TEST, np.concatenate([split.test for split in splits]), test),
        used.settings[best],
    )


def _joined(labels: Sequence[Labels], splits: Sequence[Split], *, dev: bool) -> Labels:
    """Return the part of each split's labels that are those of dev, or of the test."""
    return np.concatenate(
        [
            part[: len(split.dev)] if dev else part[len(split.dev) :]
            for part, split in zip(labels, splits, strict=True)
        ]
    )


def _predict(
    task: Task,
    probe: Probe,
    features: Sequence[Features],
    plans: Sequence[tuple[Rows, Rows]],
    settings: Sequence[float],
    seed: int,
    *,
    shared: bool,
) -> list[list[Labels]]:
    """Return, for each setting and split, the labels of the rows that are asked for."""
    labels, groups = task.gold, task.example_groups
    predicted = [[np.empty(len(asked), dtype=object) for _, asked in plans] for _ in settings]
    learned_by = [_by_group(groups[learned]) for learned, _ in plans]
    asked_by = [_by_group(groups[asked]) for _, asked in plans]
    nothing = np.empty(0, dtype=np.int64)
    works: list[Group] = []
    places: list[list[tuple[int, Rows]]] = []  # of each work's splits: the round, and where its answers go
    for group in sorted({name for names in asked_by for name in names}):
        jobs: list[tuple[int, Rows, Rows]] = []
        for number, (learned, _) in enumerate(plans):
            rows, answered = (
                learned[learned_by[number].get(group, nothing)],
                asked_by[number].get(group, nothing),
            )
            constant = _constant(task, group, labels[rows]) if len(answered) else ""
            if constant is None:
                jobs.append((number, rows, answered))
                continue
            for answers in predicted:
                answers[number][answered] = constant
        for together in [jobs] if shared and jobs else [[job] for job in jobs]:
            parts = [(rows, plans[number][1][answered]) for number, rows, answered in together]
            works.append(Group(features[together[0][0]], labels, parts))
            places.append([(number, answered) for number, _, answered in together])
    for of_work, its_places in zip(probe.predict(works, settings, seed), places, strict=True):
        for of_round, (number, answered) in zip(of_work, its_places, strict=True):
            for answers, answer in zip(predicted, of_round, strict=True):
                answers[number][answered] = answer
    return [[part.astype(np.str_) for part in answers] for answers in predicted]


def _by_group(groups: Labels) -> dict[str, Rows]:
    """Return the places of each group."""
    if not len(groups):
        return {}
    order = np.argsort(groups, kind="stable")
    names, starts = np.unique(groups[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))


def _constant(task: Task, group: str, labels: Labels) -> str | None:
    """Return the label that is the answer whatever the vectors are, or None."""
    known = np.unique(labels)
    if len(known) > 1:
        return None
    if len(known) == 1:
        return str(known[0])
    if group in task.fallback:
        return task.fallback[group]
    raise InputError(
        f"task '{task.name}': group '{group}' is tested but has no training example; "
        "a probe needs at least one: add some, or leave the group out"
    )
