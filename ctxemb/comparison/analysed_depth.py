"""At which layer a model solves a task: cumulative probes, and the centre of gravity of their mix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.depth import centre_of_gravity, expected_layer
from ctxemb.analysis.intervals import bootstrap_mean, bootstrap_statistic
from ctxemb.analysis.measure import MeasuredValue
from ctxemb.analysis.measurements import Measurement
from ctxemb.comparison.cache import Cache
from ctxemb.comparison.vectors import task_vectors
from ctxemb.errors import InputError
from ctxemb.models import ContextualModel
from ctxemb.probes import run_mix, scored_labels
from ctxemb.tasks import Task


def depth_rows(
    model: ContextualModel, task: Task, cache: Cache, *, seed: int = 0, restarts: int = 1
) -> Iterator[Measurement]:
    """Yield the accuracy of cumulative probes, the expected layer, and the centre of gravity (Tenney 2019).

    A cumulative probe is a logistic regression on a learned mix of the layers 0 to ℓ. Scores are those of the
    test; examples of one cluster are resampled together. An expected layer needs an accuracy that rises from
    layer 0 to the last: it is left out where there is none, and draws without one are.

    Parameters
    ----------
    model, task
        What is probed.
    cache
        Where vectors are kept.
    seed, restarts
        Of the mixes; the restart with the lowest loss is probed.

    Raises
    ------
    InputError
        If the task is one of pairs.
    """
    if task.kind == "pair":
        raise InputError(f"expected-layer needs labels of words or sentences; {task.name} is a task of pairs")
    (vectors,) = task_vectors(model, task, cache)
    rights = []
    for layer in range(len(vectors)):
        run, mixes = run_mix(task, vectors[: layer + 1], seed=seed, restarts=restarts)
        gold, predicted = scored_labels(task, run.test.rows, run.test.labels)
        rights.append(gold == predicted)
        clusters = task.example_clusters[run.test.rows]
    counts, sums = _by_cluster(np.stack(rights), clusters)
    for layer, right in enumerate(sums):
        interval = bootstrap_mean(right / counts, weights=counts, seed=seed)
        value = MeasuredValue.of("cumulative_accuracy", interval, int(counts.sum()))
        yield _row(value, model, layer, task, seed)
    best = min(mixes, key=lambda mix: mix.loss or 0.0)
    yield _row(
        MeasuredValue.bare("centre_of_gravity", centre_of_gravity(best.weights), int(counts.sum())),
        model, "all", task, seed,
    )  # fmt: skip

    def expected(drawn: NDArray[np.int64]) -> float:
        accuracies = sums[:, drawn].sum(axis=1) / counts[drawn].sum()
        rises = len(accuracies) > 1 and accuracies[-1] > accuracies[0]
        return expected_layer(accuracies) if rises else float("nan")

    interval = bootstrap_statistic(expected, len(counts), seed=seed)
    if np.isfinite(interval.value):
        yield _row(MeasuredValue.of("expected_layer", interval, int(counts.sum())), model, "all", task, seed)


def _by_cluster(
    rights: NDArray[np.bool_], clusters: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many examples each cluster has, (n,), and how many are right, (n_layers, n)."""
    own = np.where(clusters == "", np.char.add("\0", np.arange(len(clusters)).astype(np.str_)), clusters)
    names, owners = np.unique(own, return_inverse=True)
    counts = np.bincount(owners, minlength=len(names)).astype(np.float64)
    sums = np.stack([np.bincount(owners, right.astype(np.float64), len(names)) for right in rights])
    return counts, sums.astype(np.float64)


def _row(
    value: MeasuredValue, model: ContextualModel, layer: int | str, task: Task, seed: int
) -> Measurement:
    return Measurement.of(
        value, model=model.name, layer=layer, text=task.name, measure="expected-layer", seed=seed
    )
