"""Who is trained on, chosen by, and tested: one split if it was published, one per fold otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import InputError
from ctxemb.results.names import DEV, TEST, TRAIN
from ctxemb.tasks import Task

_DEV_SHARE = 0.2
_FEWEST_FOLDS = 3

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Numbers of examples.

    Parameters
    ----------
    train
        Learned from while settings and layers are chosen.
    dev
        What these choices are scored on.
    test
        What the results are scored on.
    final
        Learned from before the test: `train`, and `dev` too where it was not published as such.
    """

    train: Rows
    dev: Rows
    test: Rows
    final: Rows


def splits_of_task(task: Task) -> list[Split]:
    """Return the splits of a task.

    A published dev split takes no part in training. Otherwise dev is a seeded 20 % sample, stratified by
    group and label (whole sentences for token labels, whose neighbours say much about each other); a label
    with two to four examples gives one. With folds, each fold is tested once, and the next one is its dev;
    both learn from the other eight of ten.

    Raises
    ------
    InputError
        If there are fewer than three folds with examples.
    """
    if task.folds is not None:
        return _of_folds(task.folds, task.name)
    train, test = task.splits[TRAIN], task.splits[TEST]
    if DEV in task.splits:
        return [Split(train, task.splits[DEV], test, train)]
    held = _held_out(task, train)
    return [Split(train[~held], train[held], test, train)]


def _of_folds(folds: Rows, task: str) -> list[Split]:
    names = np.unique(folds)
    if len(names) < _FEWEST_FOLDS:
        raise InputError(
            f"task '{task}': to learn, to choose and to test takes at least {_FEWEST_FOLDS} different texts "
            f"(equal ones lie in one fold), found examples in {len(names)} folds"
        )
    splits = []
    for name, following in zip(names, np.roll(names, -1), strict=True):
        test, dev = folds == name, folds == following
        train, final, dev_rows = (np.flatnonzero(chosen) for chosen in (~test & ~dev, ~test, dev))
        splits.append(Split(train, dev_rows, np.flatnonzero(test), final))
    return splits


def _held_out(task: Task, train: Rows) -> NDArray[np.bool_]:
    """Return which of the training examples are held out as dev."""
    if task.kind == "token-label":
        sentences = np.array([task.examples[number].spans[0].sentence for number in train])
        names = np.unique(sentences)
        if len(names) > 1:
            count = max(1, round(_DEV_SHARE * len(names)))
            return np.isin(sentences, np.random.default_rng(0).permutation(names)[:count])
    kinds: dict[tuple[str, str], list[int]] = {}
    for place, number in enumerate(train.tolist()):
        example = task.examples[number]
        kinds.setdefault((example.group, example.label), []).append(place)
    generator = np.random.default_rng(0)
    held = np.zeros(len(train), dtype=np.bool_)
    for _, places in sorted(kinds.items()):
        count = max(1, round(_DEV_SHARE * len(places))) if len(places) > 1 else 0
        held[generator.permutation(places)[:count]] = True
    return held
