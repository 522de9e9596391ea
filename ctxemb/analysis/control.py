"""Control tasks: what a probe can learn by heart (Hewitt and Liang 2019).

A control task gives every *type* a random label, the same in training and in test, drawn as often as the
task's own labels occur. Selectivity is the accuracy on the task less that on its control: a probe that
reads the vectors, and does not learn types by heart, is selective. Types are

- for token labels, the word itself, as in the paper;
- for word senses, the word before the target, or after it where there is none: the target itself is one type;
- for sentence labels, the first word of the sentence;
- for pairs, the two words before the targets.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from ctxemb.analysis.analysis import Analysis, Layer, Value
from ctxemb.probes import LOGISTIC, run_probe, scored_labels, scored_results
from ctxemb.probes.probe import SINGLE
from ctxemb.results.names import TEST
from ctxemb.scoring.metric import Metric
from ctxemb.scoring.metrics import accuracy
from ctxemb.tasks import Span, Task
from ctxemb.tasks.base import PAIR_KINDS

CONTROL_ACCURACY = Metric("control_accuracy", "control task", has_interval=True)
SELECTIVITY = Metric("selectivity", "selectivity")


def control_task(task: Task, seed: int = 0) -> Task:
    """Return the control of a task: the same examples and splits, with labels by type.

    Labels are drawn within groups, where each has labels of its own. The only metric is accuracy.
    """
    types = [
        "\x1f".join([example.group, *(_type(task, span) for span in example.spans)])
        for example in task.examples
    ]
    labels = np.empty(len(types), dtype=object)
    gold, groups = task.gold, task.example_groups
    for group in task.groups:
        rows = np.flatnonzero(groups == group)
        names, counts = np.unique(gold[rows], return_counts=True)
        borders = np.cumsum(counts) / len(rows)
        drawn = np.array([_uniform(types[row], seed) for row in rows])
        labels[rows] = names[np.searchsorted(borders, drawn, side="right")]
    examples = tuple(
        dataclasses.replace(example, label=str(label), also=())
        for example, label in zip(task.examples, labels, strict=True)
    )
    return dataclasses.replace(task, examples=examples, metrics=("accuracy",), parts={})


def _type(task: Task, span: Span) -> str:
    words = task.sentences[span.sentence].words
    if task.kind == "token-label":
        return " ".join(words[span.start : span.stop])
    if task.kind == "sentence-label":
        return words[0]
    if span.start:
        return words[span.start - 1]
    return words[span.stop] if span.stop < len(words) else ""


def _uniform(text: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on the text and the seed alone."""
    digest = hashlib.sha256(f"{seed}\x1f{text}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def measure(layer: Layer) -> list[Value]:
    """Return the accuracy of the logistic probe on the control task, and its selectivity."""
    task, features, seed = layer.task, layer.features, layer.seed
    labels = control_task(task, seed)
    run = run_probe(labels, LOGISTIC, features, seed=seed).test
    named = {"model": "", "layer": 0, "probe": LOGISTIC.name, "pool": "mean"}
    (control,) = scored_results(labels, TEST, run.rows, run.labels, seed=seed, **named)
    real = (layer.known or run_probe(task, LOGISTIC, features, seed=seed)).test
    selectivity = accuracy(*scored_labels(task, real.rows, real.labels)) - control.value
    return [
        Value(CONTROL_ACCURACY, control.value, control.n, control.low, control.high),
        Value(SELECTIVITY, selectivity, control.n),
    ]


ANALYSIS = Analysis(
    name="control",
    summary="selectivity against a control task (Hewitt and Liang 2019)",
    kinds=(*SINGLE, *PAIR_KINDS),
    metrics=(CONTROL_ACCURACY, SELECTIVITY),
    measure=measure,
    probe=LOGISTIC.name,
)
