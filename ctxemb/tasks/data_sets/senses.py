"""*Senses*: ambiguous English words in sentences written for ctxemb."""

from __future__ import annotations

from pathlib import Path

from ctxemb.errors import FormatError
from ctxemb.shipped import shipped_path
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import parts_by_group, read_rows, splits_of, tokenized
from ctxemb.text.sentence import Sentence

HEADER = ("word", "pos", "sense", "split", "position", "sentence")


def read(data_set: DataSet, data: Path) -> Content:
    """Read the task; see its README for how it was written."""
    path = data / data_set.name / "senses.tsv"
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for line, (word, _, sense, split, position, text) in enumerate(read_rows(path, 6, HEADER), start=2):
        sentence = tokenized(text, path, line)
        if not position.isdecimal() or int(position) >= len(sentence):
            raise FormatError(f"{path}:{line}: position {position!r} is not that of a word")
        span = Span(len(sentences), int(position), int(position) + 1)
        examples.append(Example((span,), sense, word, cluster=word))
        sentences.append(sentence)
        splits.append(split)
    return Content(
        tuple(sentences), tuple(examples), splits_of(splits), parts=parts_by_group(examples, splits)
    )


def glosses() -> dict[tuple[str, str], str]:
    """Return the gloss of each word and sense."""
    rows = read_rows(shipped_path("senses", "glosses.tsv"), 4, ("word", "pos", "sense", "gloss"))
    return {(word, sense): gloss for word, _, sense, gloss in rows}


DATA_SET = DataSet(
    name="senses",
    kind="word-sense",
    description="Which sense an ambiguous noun, verb or adjective has; one classifier per word.",
    licence="CC0-1.0",
    paper="ships with ctxemb, written for it",
    metrics=("accuracy", "macro_f1"),
    shareable=True,
    read=read,
)
