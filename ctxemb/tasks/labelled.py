"""Sentence labels in files of ``label<TAB>text``, one file a split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import check_count, read_rows, splits_of
from ctxemb.tasks.folds import make_folds
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words


def load_labelled(
    folder: Path,
    counts: Mapping[str, int],
    *,
    name: str,
    description: str,
    licence: str,
    source: str,
    names: Mapping[str, str] | None = None,
    metrics: tuple[str, ...] = ("accuracy",),
    raw: bool = False,
) -> Task:
    """Load ``SPLIT.tsv`` for each split of `counts` from `folder`.

    Parameters
    ----------
    folder, counts
        Where the files are, and how many rows each has. A single file ``all.tsv`` is divided into ten folds.
    name, description, licence, source, metrics
        Of the task.
    names
        What to call a split, where not as its file.
    raw
        Whether texts are not tokenised yet.

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
            sentence = Sentence(tuple(split_words(text) if raw else text.split()))
            examples.append(Example((Span(len(sentences), 0, len(sentence)),), label))
            sentences.append(sentence)
            splits.append((names or {}).get(split, split))
    folded = list(counts) == ["all"]
    labels = [example.label for example in examples]
    return Task(
        name=name,
        kind="sentence-label",
        description=description,
        licence=licence,
        source=source,
        sentences=tuple(sentences),
        examples=tuple(examples),
        splits={} if folded else splits_of(splits),
        metrics=metrics,
        folds=make_folds([str(sentence) for sentence in sentences], labels) if folded else None,
    )
