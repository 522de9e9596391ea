"""Scores and their uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import UnknownNameError

Confusion = NDArray[np.float64]
"""(..., n_labels, n_labels) counts, gold by predicted; leading axes are resamples."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def score_with_interval(
    metric: str,
    gold: Sequence[str],
    predicted: Sequence[str],
    groups: Sequence[str],
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> Interval:
    """Score predictions, with a percentile bootstrap interval (Efron 1979) over the examples of each group.

    Examples of a group are drawn again with replacement, as many as there are. How often each pair of gold
    and predicted label is drawn follows a multinomial distribution, so confusion counts are drawn directly.

    Parameters
    ----------
    metric
        ``"accuracy"``: share of all examples that are right. ``"macro_f1"``: mean F1 of a group's labels,
        averaged over groups.
    gold, predicted, groups
        Of each example.
    labels
        All labels of each group, for F1; those that occur in gold or in predictions unless given.
    seed, n_bootstrap
        Of the resampling.

    Raises
    ------
    UnknownNameError
        If there is no such metric.

    Examples
    --------
    >>> score_with_interval("accuracy", ["a", "b"], ["a", "b"], ["", ""])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    if metric not in METRICS:
        raise UnknownNameError(f"unknown metric '{metric}'. Known: {', '.join(METRICS)}")
    tables = _confusions(gold, predicted, groups, labels or {})
    score = METRICS[metric]
    generator = np.random.default_rng(seed)
    draws = [_resampled(table, n_bootstrap, generator) for table in tables]
    low, high = np.percentile(score(draws), [2.5, 97.5])
    value = float(score(tables))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the share of examples whose prediction is right."""
    return float(np.mean(np.asarray(gold) == np.asarray(predicted)))


def macro_f1(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] | None = None) -> float:
    """Return the mean F1 of the labels; of one that neither occurs nor is predicted, it is 0."""
    groups = [""] * len(gold)
    return float(_macro_f1(_confusions(gold, predicted, groups, {"": labels} if labels else {})))


def _confusions(
    gold: Sequence[str], predicted: Sequence[str], groups: Sequence[str], labels: Mapping[str, Sequence[str]]
) -> list[Confusion]:
    """Return the confusion counts of each group."""
    gold_array, predicted_array, group_array = map(np.asarray, (gold, predicted, groups))
    tables = []
    for group in np.unique(group_array):
        chosen = group_array == group
        known = {*gold_array[chosen], *predicted_array[chosen], *labels.get(str(group), ())}
        names = np.array(sorted(known))
        rows = np.searchsorted(names, gold_array[chosen])
        columns = np.searchsorted(names, predicted_array[chosen])
        table = np.zeros((len(names), len(names)))
        np.add.at(table, (rows, columns), 1)
        tables.append(table)
    return tables


def _resampled(table: Confusion, n_bootstrap: int, generator: np.random.Generator) -> Confusion:
    total = int(table.sum())
    drawn = generator.multinomial(total, table.ravel() / total, size=n_bootstrap)
    return drawn.reshape(n_bootstrap, *table.shape).astype(np.float64)


def _accuracy(tables: Sequence[Confusion]) -> NDArray[np.float64]:
    right = sum(np.trace(table, axis1=-2, axis2=-1) for table in tables)
    return np.asarray(right / sum(table.sum(axis=(-2, -1)) for table in tables))


def _macro_f1(tables: Sequence[Confusion]) -> NDArray[np.float64]:
    means = []
    for table in tables:
        right = np.diagonal(table, axis1=-2, axis2=-1)
        known = table.sum(axis=-1) + table.sum(axis=-2)  # of gold and of predictions
        means.append((2 * right / np.maximum(known, 1)).mean(axis=-1))
    return np.asarray(np.mean(means, axis=0))


METRICS: dict[str, Callable[[Sequence[Confusion]], NDArray[np.float64]]] = {
    "accuracy": _accuracy,
    "macro_f1": _macro_f1,
}
