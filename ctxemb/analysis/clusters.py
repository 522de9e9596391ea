"""Senses without labels: whether clusters of vectors agree with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.analysis import Analysis, Layer, Value
from ctxemb.probes.probe import SINGLE, Features
from ctxemb.results.names import TEST
from ctxemb.scoring.metric import Metric
from ctxemb.tasks import Task

V_MEASURE = Metric("v_measure", "V-measure")
ADJUSTED_RAND = Metric("adjusted_rand", "adjusted Rand")
SILHOUETTE = Metric("silhouette", "silhouette", 1.0, 3, unit="")

_MOST_ROWS = 2000
_STARTS = 5


@dataclass(frozen=True, slots=True)
class Clustering:
    """How well clusters agree with labels, averaged over groups.

    Parameters
    ----------
    v_measure
        Of k-means clusters, as many as there are labels (Rosenberg and Hirschberg 2007).
    adjusted_rand
        Of the same clusters (Hubert and Arabie 1985); 0 for clusters drawn at random.
    silhouette
        Of the gold labels themselves, by cosine (Rousseeuw 1987).
    n
        Number of examples.
    """

    v_measure: float
    adjusted_rand: float
    silhouette: float
    n: int


def cluster_labels(task: Task, features: Features, rows: NDArray[np.int64], *, seed: int = 0) -> Clustering:
    """Cluster the vectors of some examples, each group for itself, and compare with the labels.

    Vectors are divided by their length, so that distances go by cosine. Of a group of more than 2,000
    examples, 2,000 are drawn. Groups with one label, or as many labels as examples, take no part.

    Parameters
    ----------
    task, features, rows
        Labels and groups; the vectors; numbers of examples.
    seed
        Of k-means and of what is drawn.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score, v_measure_score

    generator = np.random.default_rng(seed)
    groups = task.example_groups[rows]
    scores, n = [], 0
    for group in np.unique(groups):
        chosen = rows[groups == group]
        if len(chosen) > _MOST_ROWS:
            chosen = np.sort(generator.choice(chosen, _MOST_ROWS, replace=False))
        gold = task.gold[chosen]
        n_labels = len(np.unique(gold))
        if not 1 < n_labels < len(chosen):
            continue
        X = features(chosen)
        X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-12)
        n_distinct = len(np.unique(X, axis=0))  # of words without context there are few
        clusters = KMeans(min(n_labels, n_distinct), n_init=_STARTS, random_state=seed).fit_predict(X)
        scores.append(
            (
                v_measure_score(gold, clusters),
                adjusted_rand_score(gold, clusters),
                silhouette_score(X, gold, metric="cosine"),
            )
        )
        n += len(chosen)
    means = np.mean(scores, axis=0) if scores else np.full(3, np.nan)
    return Clustering(float(means[0]), float(means[1]), float(means[2]), n)


def measure(layer: Layer) -> list[Value]:
    """Return how well clusters of the test examples agree with their labels."""
    task = layer.task
    rows = np.arange(len(task.examples)) if task.folds is not None else task.splits[TEST]
    clusters = cluster_labels(task, layer.features, rows, seed=layer.seed)
    return [Value(metric, getattr(clusters, metric.name), clusters.n) for metric in ANALYSIS.metrics]


ANALYSIS = Analysis(
    name="clusters",
    summary="senses found without labels, by k-means",
    kinds=SINGLE,
    metrics=(V_MEASURE, ADJUSTED_RAND, SILHOUETTE),
    measure=measure,
    probe="k-means",
)
