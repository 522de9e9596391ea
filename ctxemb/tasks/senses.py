"""*Senses*: ambiguous English words in sentences written for ctxemb."""

from __future__ import annotations

from ctxemb.errors import FormatError
from ctxemb.shipped import shipped_path
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import parts_by_group, read_rows, splits_of, tokenized
from ctxemb.text.sentence import Sentence

HEADER = ("word", "pos", "sense", "split", "position", "sentence")


def load() -> Task:
    """Load the task; see its README for how it was written."""
    path = shipped_path("senses", "senses.tsv")
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
    return Task(
        name="senses",
        kind="word-sense",
        description="Which sense an ambiguous noun, verb or adjective has; one classifier per word.",
        licence="CC0-1.0",
        source="ships with ctxemb, written for it",
        sentences=tuple(sentences),
        examples=tuple(examples),
        splits=splits_of(splits),
        parts=parts_by_group(examples, splits),
        metrics=("accuracy", "macro_f1"),
        shareable=True,
    )


def glosses() -> dict[tuple[str, str], str]:
    """Return the gloss of each word and sense."""
    rows = read_rows(shipped_path("senses", "glosses.tsv"), 4, ("word", "pos", "sense", "gloss"))
    return {(word, sense): gloss for word, _, sense, gloss in rows}
