"""A task: what a sentence says of the weather."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks import Content, DataSet, Example, Span
from ctxemb.tasks.formats.files import splits_of
from ctxemb.text.sentence import Sentence

_WORDS = {"good": ("sunny", "warm", "bright", "mild"), "bad": ("rainy", "cold", "dull", "stormy")}


def read(data_set: DataSet, data: Path) -> Content:
    """Make the sentences; most data sets read them from files in `data`."""
    del data_set, data
    rows = [
        (label, "test" if day >= 8 else "train", f"Day {day} was {word} .")
        for label, words in _WORDS.items()
        for word in words
        for day in range(12)
    ]
    sentences = tuple(Sentence(tuple(text.split())) for _, _, text in rows)
    examples = tuple(
        Example((Span(number, 0, len(sentences[number])),), label)
        for number, (label, _, _) in enumerate(rows)
    )
    return Content(sentences, examples, splits_of([split for _, split, _ in rows]))


DATA_SET = DataSet(
    name="example-weather",
    kind="sentence-label",
    description="Whether a sentence says that the weather was good or bad.",
    licence="CC0-1.0",
    paper="an example",
    read=read,
)
