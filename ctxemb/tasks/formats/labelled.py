"""Sentence labels in files of ``label<TAB>text``, one file per split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import check_count, read_rows, splits_of
from ctxemb.tasks.formats.folds import make_folds
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words


def read_labelled(
    data_set: DataSet, data: Path, *, names: Mapping[str, str] | None = None, raw: bool = False
) -> Content:
    """Read ``SPLIT.tsv`` for each split that the data set counts; ``all.tsv`` is divided into ten folds.

    Parameters
    ----------
    data_set, data
        The data set, and the folder of all data sets.
    names
        What to call a split, where not as its file.
    raw
        Whether texts are not tokenised yet.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or another number of rows than the data set counts.
    """
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for split, count in data_set.counts.items():
        path = data / data_set.folder / f"{split}.tsv"
        rows = read_rows(path, 2)
        check_count(path, count, len(rows))
        for label, text in rows:
            sentence = Sentence(tuple(split_words(text) if raw else text.split()))
            examples.append(Example((Span(len(sentences), 0, len(sentence)),), label))
            sentences.append(sentence)
            splits.append((names or {}).get(split, split))
    if list(data_set.counts) != ["all"]:
        return Content(tuple(sentences), tuple(examples), splits_of(splits))
    labels = [example.label for example in examples]
    folds = make_folds([str(sentence) for sentence in sentences], labels)
    return Content(tuple(sentences), tuple(examples), folds=folds)
