"""Files with a word per line and an empty line after each sentence: CoNLL's columns, and CoNLL-U."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content
from ctxemb.tasks.formats.files import splits_of
from ctxemb.text.conllu import N_COLUMNS, read_document, read_word
from ctxemb.text.reader import numbered_lines, read_lines
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a file of columns are read.

    Parameters
    ----------
    word
        The column of the word, from 0.
    universal
        Whether the file is CoNLL-U; otherwise columns are separated by TAB where the first row has one, and
        by spaces where it has none.
    """

    word: int = 0
    universal: bool = False


COLUMNS = Layout()
CONLLU = Layout(word=1, universal=True)

DOCUMENT = "-DOCSTART-"
"""The word of a line that stands before a document; it is none of the text."""

_FIRST_NUMBERS = re.compile(r"1(-\d+)?|0\.1")


def layout_of(path: Path) -> Layout:
    """Return how a file is read: as CoNLL-U if its first row is one of a sentence in it, else as columns.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read.
    """
    if path.suffix.lower() == ".conllu":
        return CONLLU
    for line in read_lines(str(path)):
        cells = line.split("\t")
        if line.strip() and not line.startswith("#"):
            is_first = len(cells) == N_COLUMNS and _FIRST_NUMBERS.fullmatch(cells[0])
            return CONLLU if is_first else COLUMNS
    return COLUMNS


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

    Lines that begin a document, and comments (lines before a sentence that begin with ``#`` and are no words
    with a tag that others have) hold no words.

    Raises
    ------
    MissingFileError, FormatError
        If there is no such file, or a line has another number of columns than the first; the message names
        file and line.
    """
    if not path.is_file():
        raise MissingFileError(f"no file {path}")
    words: list[str] = []
    tags: list[str] = []
    document, whole = "", True
    before = n_documents = 0
    lines = list(numbered_lines(str(path), faults=faults))
    plain = None if layout.universal else _Plain.of(path, lines, column, layout)
    for number, line in lines:
        whole, before = whole and number == before + 1, number
        if not line.strip():
            if words and whole:
                yield Tagged(tuple(words), tuple(tags), document)
            words, tags, whole = [], [], True
            continue
        if layout.universal:
            document = read_document(line) or document
        elif _begins_document(line):
            n_documents += 1
            document = f"{path.name} {n_documents}"
            continue
        try:
            cells = _cells(line, column, layout, plain, begins=not words)
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


@dataclass(frozen=True, slots=True)
class _Plain:
    """What a file of plain columns has in all its rows.

    Parameters
    ----------
    tabs
        Whether TAB separates columns; otherwise it is spaces.
    n_columns
        How many there are.
    values
        Of each column but that of the word: what stands there in rows that are surely words.
    """

    tabs: bool
    n_columns: int
    values: tuple[set[str], ...]

    @classmethod
    def of(cls, path: Path, lines: Sequence[tuple[int, str]], column: int, layout: Layout) -> _Plain | None:
        """Return what the first row says of all; None if there is none."""
        rows = list(_rows(lines))
        if not rows:
            return None
        number, first = rows[0]
        if "\r" in first:
            raise FormatError(f"{path}:{number}: lines end with CR alone; {_ONE_LINE_END}")
        found = cls("\t" in first, 0, ())
        n_columns = len(found.split(first))
        if n_columns == 1:
            raise FormatError(
                f"{path}:{number}: expected a word and its tag, separated by TAB or spaces, found {first!r}"
            )
        if column % n_columns == layout.word and -n_columns <= column < n_columns:
            raise FormatError(f"{path}: column {layout.word + 1} holds the words, not their tags")
        cells = [found.split(line) for _, line in rows]
        values = [
            set(column) for column in zip(*(row for row in cells if len(row) == n_columns), strict=True)
        ]
        del values[layout.word]
        return cls(found.tabs, n_columns, tuple(values))

    def split(self, line: str) -> list[str]:
        """Return the columns of a line; white space of other kinds is part of words."""
        return line.split("\t") if self.tabs else [cell for cell in line.split(" ") if cell]

    def is_word(self, cells: list[str], layout: Layout) -> bool:
        """Return whether a row that begins with ``#``, before a sentence, is a word and no comment."""
        others = [cell for place, cell in enumerate(cells) if place != layout.word]
        known = any(cell in values for cell, values in zip(others, self.values, strict=True))
        return known or set(cells) == {"#"}


def _rows(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield lines that surely hold words: those with ``#`` only inside of sentences."""
    begins = True
    for number, line in lines:
        if not line.strip() or _begins_document(line):
            begins = True
        elif not (begins and line.startswith("#")):
            begins = False
            yield number, line


def _begins_document(line: str) -> bool:
    return line.split(None, 1)[0] == DOCUMENT


_ONE_LINE_END = "convert the file first, as with: tr '\\r' '\\n'"


def _cells(line: str, column: int, layout: Layout, plain: _Plain | None, *, begins: bool) -> list[str] | None:
    """Return the columns of a line, or None if it holds no word; ValueError says what is wrong with it."""
    split = read_word if layout.universal else (None if plain is None else plain.split)
    cells = None if split is None else split(line)
    if cells is None:
        return None
    inside = -len(cells) <= column < len(cells)
    if plain is not None:
        as_others = len(cells) == plain.n_columns
        if begins and line.startswith("#") and not (as_others and plain.is_word(cells, layout)):
            return None
        if not as_others:
            shown = "TAB" if plain.tabs else "spaces"
            raise ValueError(
                f"expected {plain.n_columns} columns separated by {shown}, as in the first row, found "
                f"{len(cells)} columns"
            )
    if not inside or layout.word >= len(cells):
        raise ValueError(f"expected a tag in column {column + 1}, found {len(cells)} columns")
    if not cells[layout.word].strip() or not cells[column].strip():
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
