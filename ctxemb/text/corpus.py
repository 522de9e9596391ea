"""Text files of several formats to sentences, one after the other, in little memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from ctxemb.errors import InputError, MissingFileError
from ctxemb.suggest import unknown_name
from ctxemb.text.conllu import read_word
from ctxemb.text.reader import (
    LONGEST_LINE,
    STDIN,
    EmptyLines,
    numbered_lines,
    numbered_sentences,
    shown_name,
)
from ctxemb.text.sentence import Sentence

FORMATS = ("text", "conllu", "tsv", "jsonl", "parquet")
_SUFFIXES = {
    ".conllu": "conllu",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_OTHER = (
    ".json", ".csv", ".conll", ".col", ".xml", ".html", ".htm", ".pdf", ".docx", ".xlsx", ".npy", ".npz",
    ".pkl", ".arrow", ".feather", ".hdf5", ".h5", ".zip", ".tar", ".safetensors", ".bin",
)  # fmt: skip
"""Endings of files that are surely no plain text of a sentence a line."""
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_LONGEST_SENTENCE = 200_000
_ROWS = 1024

T = TypeVar("T")
Text = str | list[str]
"""Raw text, or words."""
Numbered = Iterator[tuple[int, T]]
"""With the number of the line, from 1."""


def read_corpus(
    path: str,
    *,
    read_as: str | None = None,
    column: str | None = None,
    field: str | None = None,
    tokenized: bool = False,
    skip_empty: bool = False,
    split_long: bool = False,
    empty: EmptyLines | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of a file; "-" is standard input.

    ``text``
        A sentence a line.
    ``conllu``
        Sentences of words as in Universal Dependencies: FORM of the lines whose ID is a number. Lines of
        several words ("1-2") and empty nodes ("1.1") are left out.
    ``tsv``
        A sentence a line, in one of the columns that tabs separate; nothing is quoted.
    ``jsonl``
        A JSON object a line, with the text or a list of words in one of its fields.
    ``parquet``
        A sentence a row, with the text or a list of words in one of its columns.

    All but ``parquet`` may be compressed (``.gz``, ``.bz2``, ``.xz``, ``.zst``).

    Parameters
    ----------
    path
        The file.
    read_as
        Its format; None goes by the name's ending: ``.conllu``, ``.tsv``, ``.jsonl`` or ``.ndjson``,
        ``.parquet``; tables and other formats are refused, and anything else is text.
    column
        Of ``tsv``: a number, from 1, if the file has no header; else its name in the first line. Of
        ``parquet``: its name; "text" if not given.
    field
        Of ``jsonl``: its name; "text" if not given.
    tokenized, skip_empty, empty
        As for `ctxemb.text.reader.numbered_sentences`.
    split_long
        Read a line of text of more than 1 MiB in pieces, as several sentences, instead of refusing it.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is not what its format promises; the message names file and line.
    UnknownNameError
        If there is no such column.
    """
    style = read_as or _format_of(path)
    shown = shown_name(path)
    if style not in FORMATS:
        raise unknown_name("format", style, FORMATS)
    if column is not None and style not in ("tsv", "parquet"):
        raise InputError(f"--column is for TSV and Parquet; {shown} is read as {style}")
    if field is not None and style != "jsonl":
        raise InputError(f"--field is for JSON Lines; {shown} is read as {style}")
    if split_long and style != "text":
        raise InputError(f"--split-long is for plain text; {shown} is read as {style}")
    texts: Numbered[Any]
    if style == "parquet":
        texts = _parquet(path, column or "text")
    else:
        lines = numbered_lines(path, longest=LONGEST_LINE, split_long=split_long)
        if style == "conllu":
            texts = _conllu(lines, shown)
        elif style == "tsv":
            texts = _tsv(lines, shown, column)
        else:
            texts = _json_lines(lines, shown, field or "text") if style == "jsonl" else lines
    return numbered_sentences(texts, tokenized=tokenized, skip_empty=skip_empty, source=shown, empty=empty)


def _format_of(path: str) -> str:
    name = Path(path.lower())
    suffix = name.with_suffix("").suffix if name.suffix in _COMPRESSED else name.suffix
    if suffix in _OTHER:
        raise InputError(
            f"{shown_name(path)}: {suffix} is no format that text is read from; --read-as "
            f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]} says what it is (text: a sentence a line)"
        )
    return _SUFFIXES.get(suffix, "text")


def _conllu(lines: Numbered[str], shown: str) -> Numbered[list[str]]:
    words: list[str] = []
    number = 0
    for number, line in lines:
        if not line.strip():
            if words:
                yield number, words
            words = []
            continue
        try:
            cells = read_word(line)
        except ValueError as error:
            raise InputError(f"{shown}:{number}: {error}") from error
        if cells is None:
            continue
        identity, form = cells[:2]
        if identity != str(len(words) + 1):
            raise InputError(f"{shown}:{number}: word {identity!r}, expected {len(words) + 1}")
        if not form:
            raise InputError(f"{shown}:{number}: word {identity} is empty")
        words.append(form)
        if len(words) > _LONGEST_SENTENCE:
            raise InputError(
                f"{shown}:{number}: a sentence of more than {_LONGEST_SENTENCE:,} words; "
                "is the empty line after it missing?"
            )
    if words:
        yield number, words


def _tsv(lines: Numbered[str], shown: str, column: str | None) -> Numbered[str]:
    if column is None:
        raise InputError(f"{shown}: say which column holds the text, as --column NAME or --column 2")
    place = int(column) - 1 if column.isdecimal() else None
    if place == -1:
        raise InputError("columns are counted from 1, found --column 0")
    for number, line in lines:
        cells = line.split("\t")
        if place is None:  # the header
            if column not in cells:
                raise unknown_name(f"column of {shown}", column, cells)
            place = cells.index(column)
        elif place < len(cells):
            yield number, cells[place]
        else:
            raise InputError(f"{shown}:{number}: {len(cells)} columns, expected at least {place + 1}")


def _json_lines(lines: Numbered[str], shown: str, field: str) -> Numbered[Text]:
    for number, line in lines:
        if not line.strip():
            yield number, ""
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{shown}:{number}: not JSON: {error}") from error
        if not isinstance(values, dict):
            raise InputError(f"{shown}:{number}: expected a JSON object, found {type(values).__name__}")
        if field not in values:
            raise InputError(
                f"{shown}:{number}: no field '{field}'; there are {', '.join(map(repr, values))}: "
                "choose one with --field"
            )
        yield number, _checked(values[field], f"{shown}:{number}: field '{field}'")


def _parquet(path: str, column: str) -> Numbered[Text]:
    if path == STDIN or not Path(path).is_file():
        raise MissingFileError(
            f"no file '{path}'" if path != STDIN else "Parquet is read from a file, not from standard input"
        )
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            if column not in file.schema_arrow.names:
                raise unknown_name(f"column of {path}", column, file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS, columns=[column]):
                for value in batch.column(0).to_pylist():
                    number += 1
                    place = f"{path}: row {number}, column '{column}'"
                    yield number, _checked("" if value is None else value, place)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: not Parquet, or damaged: {error}") from error


def _checked(value: Any, place: str) -> Text:
    """Return text or words as they are.

    Raises
    ------
    InputError
        If it is neither, or longer than a line may be; the message names `place`.
    """
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        if "" in value:
            raise InputError(f"{place}: word {value.index('') + 1} is empty")
        if sum(map(len, value)) <= LONGEST_LINE:
            return value
    elif not isinstance(value, str):
        raise InputError(f"{place}: expected text or a list of words, found {type(value).__name__}")
    elif len(value) <= LONGEST_LINE:
        return value
    raise InputError(f"{place}: more than {LONGEST_LINE:,} characters; it should be a sentence")
