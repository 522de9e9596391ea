"""Files with a word a line and an empty line after each sentence: CoNLL's columns, and CoNLL-U."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.scoring.chunks import are_chunk_tags
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import splits_of
from ctxemb.text.reader import numbered_lines
from ctxemb.text.sentence import Sentence

_DOCUMENT = "# newdoc id = "
_CONLLU = 10


@dataclass(frozen=True, slots=True)
class Tagged:
    """A sentence with a tag for each word, and the document that it is from."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    document: str


def read_columns(
    path: Path, column: int, *, word: int = 0, separator: str | None = None, faults: list[str] | None = None
) -> Iterator[Tagged]:
    """Yield the sentences of a file of columns, separated by white space or by `separator`.

    Parameters
    ----------
    path
        The file.
    column, word
        Where tag and word stand; negative numbers count from the end.
    separator
        What is between columns; white space unless given.
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
        if line.startswith("# "):
            document = line.removeprefix(_DOCUMENT) if line.startswith(_DOCUMENT) else document
            if separator:
                continue
        parts = line.split(separator)
        if separator and len(parts) == _CONLLU and not parts[0].isdecimal():
            continue  # CoNLL-U: the range of a multi-word token, or an empty node
        fault = _fault(parts, column, word, separator)
        if not fault:
            words.append(parts[word])
            tags.append(parts[column])
            continue
        if faults is None:
            raise FormatError(f"{path}:{number}: {fault}")
        faults.append(f"{path}:{number}: {fault}")
        whole = False
    if words and whole:
        yield Tagged(tuple(words), tuple(tags), document)


def _fault(parts: list[str], column: int, word: int, separator: str | None) -> str:
    """Return what is wrong with a line, or nothing."""
    if separator and not parts[0].isdecimal():
        return f"expected {_CONLLU} columns separated by TAB, found {len(parts)}"
    if not -len(parts) <= column < len(parts) or word >= len(parts):
        return f"expected a tag in column {column + 1}, found {len(parts)} columns"
    return "" if parts[word] and parts[column] else "the word or its tag is empty"


def tagged_task(
    files: Mapping[str, Path],
    column: int,
    *,
    counts: Mapping[str, tuple[int, int]] | None = None,
    word: int = 0,
    separator: str | None = None,
    faults: list[str] | None = None,
    **named: str,
) -> Task:
    """Return the task of the tags of all words; words of a document (or of a sentence) are a cluster.

    Tags that mark chunks (``B-NP``) are scored by chunks first.

    Parameters
    ----------
    files
        A file for each split.
    column, word, separator, faults
        As of `read_columns`.
    counts
        Sentences and words that each split should have.
    **named
        Name, description, licence and source.

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
        for found in read_columns(path, column, word=word, separator=separator, faults=faults):
            number = len(sentences)
            sentences.append(Sentence(found.words))
            cluster = found.document or f"{split} {number}"
            examples += [
                Example((Span(number, i, i + 1),), tag, cluster=cluster) for i, tag in enumerate(found.tags)
            ]
            splits += [split] * len(found.tags)
        sizes = (len(sentences) - before, splits.count(split))
        if counts is not None and sizes != counts[split]:
            raise FormatError(
                f"{path}: expected {counts[split][0]:,} sentences of {counts[split][1]:,} words in all, "
                f"found {sizes[0]:,} of {sizes[1]:,}; is the file complete?"
            )
    chunks = are_chunk_tags(example.label for example in examples)
    return Task(
        kind="token-label",
        sentences=tuple(sentences),
        examples=tuple(examples),
        splits=splits_of(splits),
        metrics=("chunk_f1", "accuracy") if chunks else ("accuracy", "macro_f1"),
        **named,  # type: ignore[arg-type]
    )
