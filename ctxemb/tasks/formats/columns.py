"""Files with a word per line and an empty line after each sentence: CoNLL's columns, and CoNLL-U."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content
from ctxemb.tasks.formats.files import splits_of
from ctxemb.text.conllu import read_document, read_word
from ctxemb.text.reader import numbered_lines
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a file of columns are read.

    Parameters
    ----------
    word
        The column of the word, from 0.
    universal
        Whether the file is CoNLL-U; otherwise columns are separated by white space.
    """

    word: int = 0
    universal: bool = False


COLUMNS = Layout()
CONLLU = Layout(word=1, universal=True)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A sentence with a tag for each word, and the document that it is from."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    document: str


def packed(path: Path) -> Path:
    """Return the file, or its compressed form where only that is there."""
    compressed = path.with_name(f"{path.name}.xz")
    return compressed if compressed.is_file() else path


def read_columns(
    path: Path, column: int, layout: Layout = COLUMNS, *, faults: list[str] | None = None
) -> Iterator[Tagged]:
    """Yield the sentences of a file of columns.

    Parameters
    ----------
    path
        The file.
    column
        The column of the tag, from 0; negative numbers count from the end.
    layout
        How lines are read.
    faults
        Takes what is wrong in bad lines, which then are errors no more: the sentence of one is left out.

    Raises
    ------
    MissingFileError, FormatError
        If there is no such file, or a line has not enough columns; the message names file and line.
    """
    if not path.is_file():
        raise MissingFileError(f"no file {path}")
    words: list[str] = []
    tags: list[str] = []
    document, whole = "", True
    before = 0
    for number, line in numbered_lines(str(path), faults=faults):
        whole, before = whole and number == before + 1, number
        if not line.strip():
            if words and whole:
                yield Tagged(tuple(words), tuple(tags), document)
            words, tags, whole = [], [], True
            continue
        document = read_document(line) or document
        try:
            cells = _cells(line, column, layout)
        except ValueError as error:
            if faults is None:
                raise FormatError(f"{path}:{number}: {error}") from error
            faults.append(f"{path}:{number}: {error}")
            whole = False
            continue
        if cells is not None:
            words.append(cells[layout.word])
            tags.append(cells[column])
    if words and whole:
        yield Tagged(tuple(words), tuple(tags), document)


def _cells(line: str, column: int, layout: Layout) -> list[str] | None:
    """Return the columns of a line, or None if it holds no word; ValueError says what is wrong with it."""
    cells = read_word(line) if layout.universal else line.split()
    if cells is None:
        return None
    if not -len(cells) <= column < len(cells) or layout.word >= len(cells):
        raise ValueError(f"expected a tag in column {column + 1}, found {len(cells)} columns")
    if not cells[layout.word] or not cells[column]:
        raise ValueError("the word or its tag is empty")
    return cells


def read_tagged(
    files: Mapping[str, Path],
    column: int,
    layout: Layout = COLUMNS,
    *,
    counts: Mapping[str, tuple[int, int]] | None = None,
    faults: list[str] | None = None,
) -> Content:
    """Read the tags of all words; words of a document (or of a sentence) are a cluster.

    Parameters
    ----------
    files
        A file for each split.
    column, layout, faults
        As for `read_columns`.
    counts
        Sentences and words that each split should have.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad line, or another number of sentences or words.
    """
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for split, path in files.items():
        before = len(sentences)
        for tagged in read_columns(path, column, layout, faults=faults):
            number = len(sentences)
            sentences.append(Sentence(tagged.words))
            cluster = tagged.document or f"{split} {number}"
            examples += [
                Example((Span(number, i, i + 1),), tag, cluster=cluster) for i, tag in enumerate(tagged.tags)
            ]
            splits += [split] * len(tagged.tags)
        sizes = (len(sentences) - before, splits.count(split))
        if counts is not None and sizes != counts[split]:
            raise FormatError(
                f"{path}: expected {counts[split][0]:,} sentences of {counts[split][1]:,} words in all, "
                f"found {sizes[0]:,} of {sizes[1]:,}; is the file complete?"
            )
    return Content(tuple(sentences), tuple(examples), splits_of(splits))
