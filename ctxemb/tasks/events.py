"""*Events*: what became of the event that a sentence is about, in sentences written for ctxemb."""

from __future__ import annotations

from ctxemb.shipped import shipped_path
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import read_rows, splits_of, tokenized

HEADER = ("label", "split", "sentence")


def load() -> Task:
    """Load the task; see its README for how it was written."""
    path = shipped_path("events", "events.tsv")
    rows = read_rows(path, 3, HEADER)
    sentences = [tokenized(text, path, line) for line, (_, _, text) in enumerate(rows, start=2)]
    return Task(
        name="events",
        kind="sentence-label",
        description=(
            "What became of the event of a sentence: it occurred, was prevented, habitual, planned, "
            "hypothetical or requested."
        ),
        licence="CC0-1.0",
        source="ships with ctxemb, written for it",
        sentences=tuple(sentences),
        examples=tuple(
            Example((Span(i, 0, len(sentences[i])),), label) for i, (label, _, _) in enumerate(rows)
        ),
        splits=splits_of([split for _, split, _ in rows]),
        metrics=("accuracy", "macro_f1"),
        shareable=True,
    )
