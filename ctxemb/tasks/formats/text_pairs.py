"""Pairs of texts in files of ``label<TAB>text<TAB>text``, one file per split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ctxemb.errors import FormatError
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import check_count, read_rows, splits_of
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words


def read_text_pairs(data_set: DataSet, data: Path, *, names: Mapping[str, str] | None = None) -> Content:
    """Read ``SPLIT.tsv`` for each split that the data set counts; texts are split into words as raw text is.

    Parameters
    ----------
    data_set, data
        The data set, and the folder of all data sets.
    names
        What to call a split, where not as its file.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or another number of rows than the data set counts.
    """
    pairs: list[tuple[str, Sentence, Sentence]] = []
    splits: list[str] = []
    for split, count in data_set.counts.items():
        path = data / data_set.folder / f"{split}.tsv"
        rows = read_rows(path, 3)
        check_count(path, count, len(rows))
        for line, (label, *texts) in enumerate(rows, start=1):
            first, second = (_words(text, f"{path}:{line}") for text in texts)
            pairs.append((label, first, second))
        splits += [(names or {}).get(split, split)] * count
    return Content(*paired(pairs), splits_of(splits))


def paired(
    pairs: Sequence[tuple[str, Sentence, Sentence]],
) -> tuple[tuple[Sentence, ...], tuple[Example, ...]]:
    """Return the sentences and examples of labelled pairs."""
    sentences = tuple(text for _, *texts in pairs for text in texts)
    examples = tuple(
        Example((Span(2 * i, 0, len(first)), Span(2 * i + 1, 0, len(second))), label)
        for i, (label, first, second) in enumerate(pairs)
    )
    return sentences, examples


def _words(text: str, where: str) -> Sentence:
    words = tuple(split_words(text))
    if not words:
        raise FormatError(f"{where}: a text has no words")
    return Sentence(words)
