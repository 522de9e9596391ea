"""Sentence labels in files of ``label<TAB>text``, one file a split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import check_count, read_rows, splits_of
from ctxemb.text.sentence import Sentence


def load_labelled(
    folder: Path, counts: Mapping[str, int], *, name: str, description: str, licence: str, source: str
) -> Task:
    """Load ``SPLIT.tsv`` for each split of `counts` from `folder`; texts are tokenised.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or another number of rows than `counts` says.
    """
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for split, count in counts.items():
        path = folder / f"{split}.tsv"
        rows = read_rows(path, 2)
        check_count(path, count, len(rows))
        for label, text in rows:
            sentence = Sentence(tuple(text.split()))
            examples.append(Example((Span(len(sentences), 0, len(sentence)),), label))
            sentences.append(sentence)
            splits.append(split)
    return Task(
        name=name,
        kind="sentence-label",
        description=description,
        licence=licence,
        source=source,
        sentences=tuple(sentences),
        examples=tuple(examples),
        splits=splits_of(splits),
    )
