"""Predictions to results: scores with their intervals, on a split and on its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.splits import Rows
from ctxemb.results import Result
from ctxemb.scoring.metrics import score
from ctxemb.scoring.statistics import score_with_interval
from ctxemb.tasks import Task


def score_of(task: Task, rows: Rows, labels: NDArray[np.str_]) -> float:
    """Return the task's leading score of labels predicted for some examples."""
    gold, predicted = scored_labels(task, rows, labels)
    return score(
        task.metrics[0],
        gold,
        predicted,
        task.example_groups[rows],
        labels=task.tested_labels,
        positions=task.example_positions[rows],
    )


def scored_results(
    task: Task, split: str, rows: Rows, labels: NDArray[np.str_], *, seed: int, **named: Any
) -> list[Result]:
    """Return a result for each metric of the task.

    Parameters
    ----------
    task, split
        What was predicted.
    rows, labels
        (n,) numbers of examples, and the label predicted for each.
    seed
        Of the intervals.
    **named
        The other fields of `Result`: model, layer, probe, pool.
    """
    gold, predicted = scored_labels(task, rows, labels)
    results = []
    for metric in task.metrics:
        interval = score_with_interval(
            metric,
            gold,
            predicted,
            task.example_groups[rows],
            labels=task.tested_labels,
            clusters=task.example_clusters[rows],
            positions=task.example_positions[rows],
            seed=seed,
        )
        value, low, high = (round(number, 6) for number in (interval.value, interval.low, interval.high))
        about: dict[str, Any] = {"task": task.name, "split": split, "metric": metric, "seed": seed}
        results.append(Result(value=value, low=low, high=high, n=len(rows), **about, **named))
    return results


def scored_labels(
    task: Task, rows: Rows, labels: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return gold and predicted labels; a prediction that is right, too, counts as the gold label."""
    gold, predicted = task.gold[rows], np.asarray(labels, dtype=np.str_)
    several = [place for place, row in enumerate(rows.tolist()) if task.examples[row].also]
    if several:
        predicted = predicted.astype(object)
        for place in several:
            if predicted[place] in task.examples[rows[place]].also:
                predicted[place] = gold[place]
        predicted = predicted.astype(np.str_)
    return gold, predicted
