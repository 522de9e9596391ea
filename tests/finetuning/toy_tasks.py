"""Toy material: labelled toy sentences of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctxemb.finetuning.items import items_of, targets_of
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tune import Material, Source
from ctxemb.tasks.base import Example, Kind, Span, Task
from tests.toys import sentences

KINDS: tuple[Kind, ...] = ("sentence-label", "sentence-pair", "token-label", "word-sense", "pair")
COLOURS = ("blue", "green", "red")


def toy_task(kind: Kind, n_texts: int = 24, *, symmetric: bool = False) -> Task:
    """Return a task of this kind over short toy sentences; the labels follow the first word's length."""
    texts = sentences(*(3 + number % 3 for number in range(n_texts)))
    examples: list[Example] = []
    for number, text in enumerate(texts):
        label = COLOURS[len(text.words[0]) % 3]
        whole = Span(number, 0, len(text))
        if kind == "sentence-label":
            examples.append(Example((whole,), label))
        elif kind in ("sentence-pair", "pair") and number % 2:
            before = Span(number - 1, 0, len(texts[number - 1]))
            words = (Span(number - 1, 1, 2), Span(number, 0, 1))
            examples.append(Example((before, whole) if kind == "sentence-pair" else words, label))
        elif kind == "token-label":
            examples += [
                Example((Span(number, i, i + 1),), COLOURS[len(word) % 3])
                for i, word in enumerate(text.words)
            ]
        elif kind == "word-sense":
            examples.append(Example((Span(number, 1, 2),), f"{label}-{number % 2}", f"word{number % 2}"))
    rows = np.arange(len(examples))
    splits = {"train": rows[: len(rows) // 2], "dev": rows[len(rows) // 2 :], "test": rows[len(rows) // 2 :]}
    return Task(
        "toy", kind, "Toy.", "CC0", "here", tuple(texts), tuple(examples), splits, symmetric=symmetric
    )


def toy_material(task: Task) -> Material:
    """Return the items of a toy task, scored by accuracy."""
    train, dev = (items_of(task, task.splits[split]) for split in ("train", "dev"))
    labels = Labels.of(targets_of(train), task.fallback, task.name)
    shape = Shape(task.kind, task.symmetric, labels)
    score = lambda rows, found: float((task.gold[rows] == found).mean())  # noqa: E731
    return Material(task.name, task.fingerprint, shape, train, dev, score)


def toy_source(folder: Path) -> Source:
    """Return a toy model to tune."""
    return Source(folder.name, folder)
