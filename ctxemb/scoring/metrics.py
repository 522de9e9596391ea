"""Scores of predicted labels.

All of them are functions of three counts for each label of each group: how often it is right, how often it is
gold, and how often it is predicted. Counts of resamples are then sums, and their scores one array operation.
Chunks are counted at the word where they begin, so that they are examples as others are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctxemb.errors import InputError
from ctxemb.scoring.chunks import chunk_labels
from ctxemb.scoring.metric import Metric
from ctxemb.suggest import unknown_name

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CHUNK_F1 = "chunk_f1"


@dataclass(frozen=True, slots=True, eq=False)
class LabelCodes:
    """The labels of all groups, counted through: a label of two groups is two labels.

    Parameters
    ----------
    owners
        (n_labels,) the group of each label.
    gold
        (n_examples,) label of each example.
    predicted
        For each set of predictions, (n_examples,) the label predicted for each example.
    n_groups
        Number of groups.
    counted
        (n_labels,) 1; of an empty label, which is none, 0.
    """

    owners: Codes
    gold: Codes
    predicted: tuple[Codes, ...]
    n_groups: int
    counted: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What scores are made of; leading axes are resamples.

    Parameters
    ----------
    right, gold, predicted
        (..., n_labels) how often each label is predicted rightly, is gold, and is predicted.
    """

    right: Floats
    gold: Floats
    predicted: Floats


def encode_labels(
    metric: str,
    gold: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: ArrayLike,
    labels: Mapping[str, Sequence[str]] | None = None,
    positions: ArrayLike | None = None,
) -> LabelCodes:
    """Count through what a metric scores: the labels of all groups, or the chunks that they mark.

    Parameters
    ----------
    metric, gold, groups, labels, positions
        As for `score`.
    predictions
        Sets of predictions, each (n_examples,).

    Raises
    ------
    InputError
        If there are no examples, or not one prediction for each, or chunks are scored without positions.
    """
    owner_names, owner_of = np.unique(np.asarray(groups), return_inverse=True)
    columns = [np.asarray(gold), *(np.asarray(one) for one in predictions)]
    if not len(owner_of):
        raise InputError("there are no examples to score")
    if any(column.shape != owner_of.shape for column in columns):
        sizes = ", ".join(str(len(column)) for column in columns)
        raise InputError(
            f"gold labels and predictions should be as many as examples, {len(owner_of)}: {sizes}"
        )
    if metric == CHUNK_F1:
        if positions is None:
            raise InputError(f"to score {CHUNK_F1}, it must be known where each word stands in its sentence")
        columns, labels = [chunk_labels(column, positions) for column in columns], None
    more = [
        (code, label) for code, name in enumerate(owner_names) for label in (labels or {}).get(str(name), ())
    ]
    all_owners = np.concatenate([*[owner_of] * len(columns), [code for code, _ in more]]).astype(np.int64)
    names, name_codes = np.unique(
        np.concatenate([*columns, [label for _, label in more]]), return_inverse=True
    )
    pairs, codes = np.unique(all_owners * len(names) + name_codes, return_inverse=True)
    size = len(owner_of)
    parts = [codes[i * size : (i + 1) * size].astype(np.int64) for i in range(len(columns))]
    counted = (names != "")[pairs % len(names)].astype(float)
    return LabelCodes(pairs // len(names), parts[0], tuple(parts[1:]), len(owner_names), counted)


def score(
    metric: str,
    gold: ArrayLike,
    predicted: ArrayLike,
    groups: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    positions: ArrayLike | None = None,
) -> float:
    """Score predictions.

    Parameters
    ----------
    metric
        ``"accuracy"``: share of all examples that are right. ``"macro_f1"``: mean F1 of a group's labels,
        averaged over groups; of a label that neither occurs nor is predicted it is 0. ``"matthews"``:
        correlation of gold and predicted labels, for any number of labels (Gorodkin 2004); 0 where one of
        them does not vary. ``"chunk_f1"``: F1 of all chunks that labels (tags) mark, right where beginning,
        end and type are (Tjong Kim Sang and Buchholz 2000); 0 where there are none.
    gold, predicted, groups
        (n_examples,)
    labels
        All labels of each group, for F1; those that occur in gold or in predictions unless given.
    positions
        (n_examples,) where each word stands, for chunks: those of neighbours in a sentence differ by 1, and
        those of words of different sentences by more.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    InputError
        If there are no examples, or not one prediction for each, or chunks are scored without positions.

    Examples
    --------
    >>> score("accuracy", ["a", "b"], ["a", "a"], ["", ""])
    0.5
    >>> score("chunk_f1", ["B-NP", "I-NP", "B-VP"], ["B-NP", "B-NP", "B-VP"], [""] * 3, positions=[0, 1, 2])
    0.4
    """
    function = metric_function(metric)
    codes = encode_labels(metric, gold, [predicted], groups, labels, positions)
    return float(function(count(codes, 0), codes.owners, np.ones(codes.n_groups)))


def count(codes: LabelCodes, which: int) -> Counts:
    """Return the counts of one set of predictions."""
    n = len(codes.owners)
    predicted = codes.predicted[which]
    right = codes.gold[codes.gold == predicted]
    return Counts(
        *(np.bincount(found, minlength=n) * codes.counted for found in (right, codes.gold, predicted))
    )


def accuracy(gold: ArrayLike, predicted: ArrayLike) -> float:
    """Return the share of examples whose prediction is right."""
    return float(np.mean(np.asarray(gold) == np.asarray(predicted)))


def macro_f1(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] | None = None) -> float:
    """Return the mean F1 of the labels; of one that neither occurs nor is predicted, it is 0."""
    return score("macro_f1", gold, predicted, [""] * len(gold), labels={"": labels} if labels else None)


def metric_function(metric: str) -> MetricFunction:
    """Return the function of a metric.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    """
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    return _FUNCTIONS[METRICS[metric]]


MetricFunction = Callable[[Counts, Codes, Floats], Floats]
"""From counts, the group of each label, and the weight of each group, (..., n_groups), to scores, (...)."""


def _accuracy(counts: Counts, owners: Codes, weights: Floats) -> Floats:
    del owners, weights
    return np.asarray(counts.right.sum(axis=-1) / counts.gold.sum(axis=-1))


def _macro_f1(counts: Counts, owners: Codes, weights: Floats) -> Floats:
    f1 = 2 * counts.right / np.maximum(counts.gold + counts.predicted, 1)
    share = weights / np.bincount(owners, minlength=weights.shape[-1])  # of each label of a group
    each: Any = share[..., owners]
    return np.asarray((f1 * each).sum(axis=-1) / weights.sum(axis=-1))


def _matthews(counts: Counts, owners: Codes, weights: Floats) -> Floats:
    del owners, weights
    n = counts.gold.sum(axis=-1)
    covariance = counts.right.sum(axis=-1) * n - (counts.gold * counts.predicted).sum(axis=-1)
    of_gold = n * n - np.square(counts.gold).sum(axis=-1)
    of_predicted = n * n - np.square(counts.predicted).sum(axis=-1)
    norm = np.sqrt(of_gold * of_predicted)
    return np.asarray(np.where(norm > 0, covariance / np.where(norm > 0, norm, 1), 0.0))


def _micro_f1(counts: Counts, owners: Codes, weights: Floats) -> Floats:
    del owners, weights
    n_marked = (counts.gold + counts.predicted).sum(axis=-1)
    return np.asarray(2 * counts.right.sum(axis=-1) / np.maximum(n_marked, 1))


_FUNCTIONS: dict[Metric, MetricFunction] = {
    Metric("accuracy", "accuracy", has_interval=True): _accuracy,
    Metric("macro_f1", "macro-F1", has_interval=True): _macro_f1,
    Metric("matthews", "Matthews correlation × 100", unit="", has_interval=True): _matthews,
    Metric(CHUNK_F1, "chunk F1", has_interval=True): _micro_f1,
}

METRICS: dict[str, Metric] = {metric.name: metric for metric in _FUNCTIONS}
"""The metrics of predictions, by name."""
