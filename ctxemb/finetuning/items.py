"""What is read together, and what is labelled in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.tasks.base import Kind, Span, Task
from ctxemb.text.sentence import Sentence

Rows = NDArray[np.int64]

ONE_EACH: tuple[Kind, ...] = ("sentence-label", "sentence-pair", "pair")
"""Kinds of tasks whose examples are texts of their own; in the others, a sentence may hold several."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to label in an item.

    Parameters
    ----------
    row
        Number of the example in its task.
    spans
        The labelled words; a span's `sentence` is the number of the text in the item.
    label, group
        As in `ctxemb.tasks.Example`.
    """

    row: int
    spans: tuple[Span, ...]
    label: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One text, or two that belong together, with all that is labelled in them."""

    texts: tuple[Sentence, ...]
    targets: tuple[Target, ...]


def items_of(task: Task, rows: Iterable[int]) -> list[Item]:
    """Return the examples numbered `rows` as items, in order of their first example.

    The labelled words of one sentence share an item, so that the sentence is read once.
    """
    targets: dict[tuple[int, ...], list[Target]] = {}
    for row in map(int, rows):
        example = task.examples[row]
        sentences = tuple(span.sentence for span in example.spans)
        key = (*sentences, row) if task.kind in ONE_EACH else sentences
        spans = tuple(span._replace(sentence=place) for place, span in enumerate(example.spans))
        targets.setdefault(key, []).append(Target(row, spans, example.label, example.group))
    items = []
    for found in targets.values():
        sentences = tuple(span.sentence for span in task.examples[found[0].row].spans)
        items.append(Item(tuple(task.sentences[number] for number in sentences), tuple(found)))
    return items


def whole_texts(row: int, *texts: Sentence, label: str = "") -> Item:
    """Return an item whose one target is all of its texts."""
    spans = tuple(Span(place, 0, len(text)) for place, text in enumerate(texts))
    return Item(texts, (Target(row, spans, label),))


def targets_of(items: Iterable[Item]) -> list[Target]:
    """Return the targets of all items, in order."""
    return [target for item in items for target in item.targets]
