"""*Events*: what became of the event that a sentence is about, in sentences written for ctxemb."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import read_rows, splits_of, tokenized

HEADER = ("label", "split", "sentence")


def read(data_set: DataSet, data: Path) -> Content:
    """Read the task; see its README for how it was written."""
    path = data / data_set.name / "events.tsv"
    rows = read_rows(path, 3, HEADER)
    sentences = [tokenized(text, path, line) for line, (_, _, text) in enumerate(rows, start=2)]
    examples = tuple(Example((Span(i, 0, len(sentences[i])),), label) for i, (label, _, _) in enumerate(rows))
    return Content(tuple(sentences), examples, splits_of([split for _, split, _ in rows]))


DATA_SET = DataSet(
    name="events",
    kind="sentence-label",
    description=(
        "What became of the event of a sentence: it occurred, was prevented, habitual, planned, "
        "hypothetical or requested."
    ),
    licence="CC0-1.0",
    paper="ships with ctxemb, written for it",
    metrics=("accuracy", "macro_f1"),
    shareable=True,
    read=read,
)
