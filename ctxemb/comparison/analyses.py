"""What else is asked of a layer, besides how well a probe reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ctxemb.metrics import accuracy
from ctxemb.probes import (
    Features,
    ProbeRun,
    cluster_labels,
    control_task,
    description_length,
    run_probe,
    scored_labels,
    scored_results,
)
from ctxemb.results import Result
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS

TEST = "test"


def control(task: Task, features: Features, known: ProbeRun | None, *, seed: int) -> list[Result]:
    """Return the accuracy of the logistic probe on the control task, and its selectivity.

    `known` is what this probe said of the task itself, if it was asked.
    """
    labels = control_task(task, seed)
    run = run_probe(labels, "logistic", features, seed=seed).test
    (found,) = scored_results(labels, TEST, run.rows, run.labels, seed=seed, **_NAMED)
    real = (known or run_probe(task, "logistic", features, seed=seed)).test
    selectivity = accuracy(*scored_labels(task, real.rows, real.labels)) - found.value
    return [
        _result(task, "control_accuracy", found.value, found.n, seed, low=found.low, high=found.high),
        _result(task, "selectivity", selectivity, found.n, seed),
    ]


def code(task: Task, features: Features, known: ProbeRun | None, *, seed: int) -> list[Result]:
    """Return bits for an example of the online code, and its compression."""
    del known
    found = description_length(task, features, seed=seed)
    named = {"codelength": found.per_example, "compression": found.compression}
    return [_result(task, metric, value, found.n, seed, split="train") for metric, value in named.items()]


def clusters(task: Task, features: Features, known: ProbeRun | None, *, seed: int) -> list[Result]:
    """Return how well clusters of the test examples agree with their labels."""
    del known
    if task.kind in PAIR_KINDS:
        return []  # a pair is no occurrence of a label
    rows = np.arange(len(task.examples)) if task.folds is not None else task.splits[TEST]
    found = cluster_labels(task, features, rows, seed=seed)
    metrics = ("v_measure", "adjusted_rand", "silhouette")
    return [_result(task, name, getattr(found, name), found.n, seed, probe="k-means") for name in metrics]


ANALYSES: dict[str, Callable[..., list[Result]]] = {
    "control": control,
    "description-length": code,
    "clusters": clusters,
}

_NAMED = {"model": "", "layer": 0, "probe": "logistic", "pool": "mean"}


def _result(
    task: Task,
    metric: str,
    value: float,
    n: int,
    seed: int,
    *,
    low: float | None = None,
    high: float | None = None,
    probe: str = "logistic",
    split: str = TEST,
) -> Result:
    bounds: Sequence[float] = (value if low is None else low, value if high is None else high)
    low, high = (round(float(bound), 6) for bound in bounds)
    return Result("", 0, task.name, split, probe, metric, round(float(value), 6), low, high, n, seed)
