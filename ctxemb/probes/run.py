"""A task and vectors to results: one probe per group, trained on one split and scored on another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import InputError
from ctxemb.metrics import score_with_interval
from ctxemb.probes.baselines import BagOfWordsProbe, MajorityProbe, bag_of_words
from ctxemb.probes.cosine import CentroidProbe, NearestNeighborProbe
from ctxemb.probes.logistic import LogisticProbe
from ctxemb.probes.scalar_mix import ScalarMixer
from ctxemb.registry import unknown_name
from ctxemb.results import Result
from ctxemb.tasks import Task

TRAIN, TEST = "train", "test"


class Probe(Protocol):
    """What is trained to read a label off a vector; scikit-learn's contract."""

    def fit(self, X: Any, y: Sequence[str]) -> Any:
        """Learn from rows and their labels."""
        ...

    def predict(self, X: Any) -> NDArray[np.str_]:
        """Return the label of each row."""
        ...


PROBES: dict[str, Callable[[], Probe]] = {
    "logistic": LogisticProbe,
    "1-nn": NearestNeighborProbe,
    "centroid": CentroidProbe,
}


@dataclass(frozen=True, slots=True)
class Mix:
    """A learned scalar mix.

    Parameters
    ----------
    model, task, seed
        Where it comes from.
    weights
        Of the layers; they add up to 1.
    gamma
        The factor of the mix.
    """

    model: str
    task: str
    seed: int
    weights: tuple[float, ...]
    gamma: float


def run_probe(
    task: Task,
    probe: str,
    X: NDArray[np.float32],
    *,
    model: str,
    layer: int | str,
    seed: int = 0,
    split: str = TEST,
) -> list[Result]:
    """Train a probe on each group of a task, and score it.

    Parameters
    ----------
    task
        Labels, groups and splits.
    probe
        Name of a probe.
    X
        (n_examples, width) vectors of the task's examples.
    model, layer
        What made the vectors, for the results.
    seed
        Of the interval.
    split
        What to score on; training is on ``"train"``.

    Returns
    -------
    list of Result
        One for each metric of the task.

    Raises
    ------
    UnknownNameError
        If there is no such probe.
    InputError
        If a group that is scored has no training example.
    """
    if probe not in PROBES:
        raise unknown_name("probe", probe, PROBES)
    predicted = _predict(task, PROBES[probe], X, split)
    return _scored(task, predicted, model=model, layer=layer, probe=probe, seed=seed, split=split)


def run_mix(
    task: Task, X: NDArray[np.float32], *, model: str, seed: int = 0, split: str = TEST
) -> tuple[list[Result], Mix]:
    """Train logistic regression on a learned mix of all layers, and score it.

    Parameters
    ----------
    X
        (n_examples, n_layers, width)
    task, model, seed, split
        As for `run_probe`.
    """
    rows = task.splits[TRAIN]
    examples = [task.examples[i] for i in rows]
    mixer = ScalarMixer(seed=seed).fit(
        X[rows], [example.label for example in examples], [example.group for example in examples]
    )
    predicted = _predict(task, LogisticProbe, mixer.transform(X), split)
    results = _scored(task, predicted, model=model, layer="mix", probe="logistic", seed=seed, split=split)
    weights = tuple(round(float(weight), 6) for weight in mixer.weights_)
    return results, Mix(model, task.name, seed, weights, round(mixer.gamma_, 6))


def run_majority(task: Task, *, seed: int = 0, split: str = TEST) -> list[Result]:
    """Score the most frequent label of each group."""
    X = np.zeros((len(task.examples), 1))
    predicted = _predict(task, MajorityProbe, X, split)
    return _scored(task, predicted, model="majority", layer="-", probe="majority", seed=seed, split=split)


def run_bag_of_words(task: Task, *, seed: int = 0, split: str = TEST) -> list[Result]:
    """Score a bag of words; for a word sense, of the words around the target."""
    word_sense = task.kind == "word-sense"
    bags = np.empty(len(task.examples), dtype=object)
    for i, example in enumerate(task.examples):
        sentence, start, stop = example.spans[0]
        target = (start, stop) if word_sense else None
        bags[i] = bag_of_words(task.sentences[sentence].words, target)
    predicted = _predict(task, BagOfWordsProbe, bags, split)
    name = "bag-of-words"
    return _scored(task, predicted, model=name, layer="-", probe=name, seed=seed, split=split)


def _predict(task: Task, make: Callable[[], Probe], X: NDArray[Any], split: str) -> NDArray[np.str_]:
    """Return the predicted labels of the examples of `split`."""
    groups = np.array([example.group for example in task.examples])
    labels = np.array([example.label for example in task.examples])
    train, test = task.splits[TRAIN], task.splits[split]
    predicted = np.empty(len(test), dtype=labels.dtype)
    for group in np.unique(groups[test]):
        rows = train[groups[train] == group]
        if not len(rows):
            raise InputError(
                f"task '{task.name}': group '{group}' has examples in '{split}' but none in '{TRAIN}'; "
                "a probe needs at least one: add some, or leave the group out"
            )
        places = np.flatnonzero(groups[test] == group)
        one_label = len(np.unique(labels[rows])) == 1
        probe: Probe = MajorityProbe() if one_label else make()
        probe.fit(X[rows], labels[rows].tolist())
        predicted[places] = probe.predict(X[test[places]])
    return predicted


def _scored(
    task: Task,
    predicted: NDArray[np.str_],
    *,
    model: str,
    layer: int | str,
    probe: str,
    seed: int,
    split: str,
) -> list[Result]:
    examples = [task.examples[i] for i in task.splits[split]]
    gold = [example.label for example in examples]
    groups = [example.group for example in examples]
    results = []
    for metric in task.metrics:
        interval = score_with_interval(
            metric, gold, predicted.tolist(), groups, labels=_labels_by_group(task), seed=seed
        )
        results.append(
            Result(
                model=model,
                layer=layer,
                task=task.name,
                split=split,
                probe=probe,
                metric=metric,
                value=round(interval.value, 6),
                low=round(interval.low, 6),
                high=round(interval.high, 6),
                n=len(examples),
                seed=seed,
            )
        )
    return results


def _labels_by_group(task: Task) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for example in task.examples:
        found.setdefault(example.group, set()).add(example.label)
    return {group: sorted(labels) for group, labels in found.items()}
