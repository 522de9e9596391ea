"""Predictions of several seeds to scores, and to a difference from one frozen probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes import Prediction, scored_labels
from ctxemb.scoring.seeds import compare_runs, mean_with_interval
from ctxemb.scoring.statistics import Interval, PairedDifference
from ctxemb.tasks import Task

Rows = NDArray[np.int64]


def sorted_labels(prediction: Prediction) -> NDArray[np.str_]:
    """Return the labels of a prediction in rising order of their rows."""
    return prediction.labels[np.argsort(prediction.rows, kind="stable")]


def mean_score(task: Task, rows: Rows, runs: Sequence[NDArray[np.str_]], seed: int = 0) -> Interval:
    """Return the mean of the task's leading score over runs.

    Parameters
    ----------
    task
        What was predicted.
    rows
        (n,) numbers of examples, rising.
    runs
        For each run, (n,) labels.
    seed
        Of the interval.
    """
    gold, found = _scored(task, rows, runs)
    return mean_with_interval(
        task.metrics[0], gold, found, task.example_groups[rows], **_about(task, rows, seed)
    )


def less_frozen(
    task: Task, rows: Rows, runs: Sequence[NDArray[np.str_]], frozen: NDArray[np.str_], seed: int = 0
) -> PairedDifference:
    """Return the mean of tuned runs less the frozen probe, whose labels are (n,); see `mean_score`."""
    gold, found = _scored(task, rows, [*runs, frozen])
    groups, about = task.example_groups[rows], _about(task, rows, seed)
    return compare_runs(task.metrics[0], gold, found[:-1], found[-1:], groups, **about)


def _scored(
    task: Task, rows: Rows, runs: Sequence[NDArray[np.str_]]
) -> tuple[NDArray[np.str_], list[NDArray[np.str_]]]:
    """Return gold labels, and those of the runs; one that is right, too, is the gold label."""
    found = [scored_labels(task, rows, labels) for labels in runs]
    return found[0][0], [labels for _, labels in found]


def _about(task: Task, rows: Rows, seed: int) -> dict[str, Any]:
    return {
        "labels": task.tested_labels,
        "clusters": task.example_clusters[rows],
        "positions": task.example_positions[rows],
        "seed": seed,
    }
