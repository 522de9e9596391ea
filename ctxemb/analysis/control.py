"""Control tasks: what a probe can learn by heart (Hewitt and Liang 2019).

A control task gives every *type* a random label, the same in training and in test, drawn as often as the
task's own labels occur. Types are

- for token labels, the word itself, as in the paper;
- for word senses, the word before the target, or after it: the target itself is one type;
- for sentence labels and pairs of texts, the whole text: each has its own label, which nothing in another
  text tells (by first word, the control of a data set of questions would be its question words);
- for pairs of words, the two words before the targets.

A task whose commonest label is frequent has such a control, and a probe that knows nothing reaches both. What
counts is what is above them: *control gain* is the accuracy on a control less that of its own majority, and
*selectivity* the same of the task itself, less the control gain. It is 0 where vectors tell nothing, and
negative where a probe learns types by heart rather than labels. Both are means over several draws of random
labels; their spread is the standard deviation between draws.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from ctxemb.analysis.analysis import Analysis, Layer, Value
from ctxemb.probes import LOGISTIC, ProbeRun, run_baseline, run_probe, scored_labels
from ctxemb.probes.probe import SINGLE
from ctxemb.results.names import MAJORITY
from ctxemb.scoring.metric import Metric
from ctxemb.scoring.metrics import accuracy
from ctxemb.tasks import Span, Task
from ctxemb.tasks.base import PAIR_KINDS

CONTROL_ACCURACY = Metric("control_accuracy", "control task")
CONTROL_GAIN = Metric("control_gain", "control above its majority")
CONTROL_SPREAD = Metric("control_spread", "spread of controls")
SELECTIVITY = Metric("selectivity", "selectivity")

N_DRAWS = 5
"""Draws of random labels."""


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
    if task.kind in ("sentence-label", "sentence-pair"):
        return " ".join(words)
    if span.start:
        return words[span.start - 1]
    return words[span.stop] if span.stop < len(words) else ""


def _uniform(text: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on the text and the seed alone."""
    digest = hashlib.sha256(f"{seed}\x1f{text}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def measure(layer: Layer) -> list[Value]:
    """Return the accuracy of the logistic probe on control tasks, and its selectivity."""
    task, features, seed = layer.task, layer.features, layer.seed
    controls, gains = [], []
    for draw in range(N_DRAWS):
        labels = control_task(task, seed * N_DRAWS + draw)
        found = _accuracy(labels, run_probe(labels, LOGISTIC, features, seed=seed))
        controls.append(found)
        gains.append(found - _accuracy(labels, run_baseline(labels, MAJORITY)))
    real = layer.known or run_probe(task, LOGISTIC, features, seed=seed)
    gain = _accuracy(task, real) - _accuracy(task, run_baseline(task, MAJORITY))
    n = len(real.test.rows)
    return [
        Value(CONTROL_ACCURACY, float(np.mean(controls)), n),
        Value(CONTROL_GAIN, float(np.mean(gains)), n),
        Value(CONTROL_SPREAD, float(np.std(gains, ddof=1)), n),
        Value(SELECTIVITY, gain - float(np.mean(gains)), n),
    ]


def _accuracy(task: Task, run: ProbeRun) -> float:
    return accuracy(*scored_labels(task, run.test.rows, run.test.labels))


ANALYSIS = Analysis(
    name="control",
    summary="selectivity against a control task (Hewitt and Liang 2019)",
    kinds=(*SINGLE, *PAIR_KINDS),
    metrics=(CONTROL_ACCURACY, CONTROL_GAIN, CONTROL_SPREAD, SELECTIVITY),
    measure=measure,
    probe=LOGISTIC.name,
)
