"""Control tasks: what a probe can learn by heart (Hewitt and Liang 2019).

A control task gives every *type* a random label, the same in training and in test, drawn as often as the
task's own labels occur. Selectivity is the accuracy on the task less that on its control: a probe that
reads the vectors, and does not learn types by heart, is selective. Types are

- of token labels, the word itself, as in the paper;
- of word senses, the word before the target, or after it where there is none: the target itself is one type;
- of sentence labels, the first word of the sentence;
- of pairs, the two words before the targets.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from ctxemb.tasks import Span, Task


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
