"""Rows of a label and a text, or two texts, from TSV, CSV, JSON Lines or a JSON list."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctxemb.errors import FormatError
from ctxemb.tasks.base import Span
from ctxemb.text.marks import count_marks, split_marked
from ctxemb.text.reader import numbered_lines
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

SPLITS = ("train", "dev", "test")
NAMES = ("label", "text", "second", "position", "word", "split")
_PAIR = ["label", "text", "second"]


@dataclass(slots=True)
class SkippedRows:
    """Collects the rows that were skipped, each as ``file:line: what is wrong``."""

    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its file and line, and its values by their names.

    The label has no white space around it.
    """

    where: str
    values: dict[str, str]

    @property
    def is_marked(self) -> bool:
        """Whether one word of the text, or several beside each other, are *marked*."""
        return count_marks(self.values["text"]) == 1

    def sentence(self, *, senses: bool) -> tuple[Sentence, Span | None]:
        """Return the words, and the target in the sentence numbered 0."""
        text = self.values["text"]
        if not senses:
            return Sentence(tuple(split_words(text))), None
        if self.values.get("position", "").strip():
            words, place = tuple(text.split()), self.values["position"]
            if not place.isdecimal() or int(place) >= len(words):
                raise FormatError(f"{self.where}: no word at position {place!r}; there are {len(words)}")
            return Sentence(words), Span(0, int(place), int(place) + 1)
        parts = split_marked(text, split_words)
        if parts is None:
            n_marks = count_marks(text)
            raise FormatError(f"{self.where}: no position, and {n_marks} *marked* targets, expected one")
        before, target, after = parts
        return Sentence((*before, *target, *after)), Span(0, len(before), len(before) + len(target))


def read_labelled_rows(path: Path, split: str, skipped: SkippedRows | None) -> Iterator[Row]:
    """Yield the rows of a file, all of one `split` if that is not empty; bad ones go to `skipped`, if given.

    Raises
    ------
    FormatError, InputError
        If a row is wrong and `skipped` is not given; the message names file and line.
    """
    faults = None if skipped is None else skipped.faults
    kind = path.suffix.lower()
    read = {".json": _read_array, ".jsonl": _read_objects, ".csv": _read_commas}.get(kind, _read_tabs)
    for where, values in read(path, faults):
        try:
            if isinstance(values, FormatError):
                raise values
            if split:
                values["split"] = split
            yield _checked(Row(where, values))
        except FormatError as error:
            if faults is None:
                raise
            faults.append(str(error))


_Read = Iterator[tuple[str, "dict[str, str] | FormatError"]]
"""Where a row stands, and its values or what is wrong with it."""

_OTHER_NAMES = {
    **dict.fromkeys(("labels", "class", "category", "sentiment", "gold"), "label"),
    **dict.fromkeys(("texts", "sentence", "review", "content", "document"), "text"),
}
"""What headers call columns besides `NAMES`."""


def header_names(cells: Sequence[str]) -> list[str] | None:
    """Return the names of columns that a first row gives; None if it is a row as others are.

    Case, quotes and a ``#`` before the first name do not matter.

    Examples
    --------
    >>> header_names(["#Text", '"Label"']), header_names(["good", "A text ."])
    (['text', 'label'], None)
    """
    bare = [cell.strip().lstrip("#").strip(" \"'").lower() for cell in cells]
    names = [_OTHER_NAMES.get(name, name) for name in bare]
    is_header = ("label" in names and "text" in names) or "label" in cells
    return (names if "label" in names and "text" in names else list(cells)) if is_header else None


def _named_cells(cells: Sequence[str], names: Sequence[str], where: str, kind: str) -> dict[str, str]:
    if len(cells) != len(names):
        raise FormatError(f"{where}: expected {len(names)} columns separated by {kind}, found {len(cells)}")
    return dict(zip(names, cells, strict=True))


def _known_names(names: Sequence[str], where: str) -> list[str]:
    if odd := set(names) - set(NAMES):
        raise FormatError(f"{where}: unknown columns {', '.join(sorted(odd))}; known: {', '.join(NAMES)}")
    if len(set(names)) < len(names):
        raise FormatError(f"{where}: a column is named twice: {', '.join(names)}")
    return list(names)


def _read_tabs(path: Path, faults: list[str] | None) -> _Read:
    names, quoted, is_first = ["label", "text"], False, True
    for number, line in numbered_lines(str(path), faults=faults):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        if "\r" in line:
            raise FormatError(f"{where}: lines end with CR alone; convert the file first: tr '\\r' '\\n'")
        cells = line.split("\t")
        if is_first and (found := header_names(cells)) is not None:
            names, quoted = _known_names(found, where), all(map(_is_quoted, cells))
        else:
            if is_first and len(cells) == len(_PAIR):
                names = _PAIR
            try:
                yield (
                    where,
                    _named_cells(list(map(_unquoted, cells)) if quoted else cells, names, where, "TAB"),
                )
            except FormatError as error:
                yield where, error
        is_first = False


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == '"'


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _is_quoted(cell) else cell


def _read_commas(path: Path, faults: list[str] | None) -> _Read:
    """Yield the rows of a table with commas (or semicolons), quoted where need be, and with a header."""
    lines = [f"{line}\n" for _, line in numbered_lines(str(path), faults=faults)]
    if lines and "\r" in lines[0]:
        lines = [f"{part}\n" for line in lines for part in line.split("\r")]
    comma = ";" if lines and ";" in lines[0] and "," not in lines[0] else ","
    reader = csv.reader(lines, delimiter=comma, strict=True)
    names: list[str] | None = None
    before = 0
    try:
        for cells in reader:
            where = f"{path}:{before + 1}"
            before = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                found = header_names(cells)
                if found is None:
                    raise FormatError(f"{where}: expected a header with the columns label and text")
                names = _known_names(found, where)
                continue
            try:
                yield where, _named_cells(cells, names, where, f"'{comma}'")
            except FormatError as error:
                yield where, error
    except csv.Error as error:
        raise FormatError(f"{path}:{reader.line_num}: not a row of CSV: {error}") from error


def _read_objects(path: Path, faults: list[str] | None) -> _Read:
    for number, line in numbered_lines(str(path), faults=faults):
        where = f"{path}:{number}"
        if line.strip():
            try:
                yield where, _object(_json(line, where), where)
            except FormatError as error:
                yield where, error


def _read_array(path: Path, faults: list[str] | None) -> _Read:
    """Yield the objects of one JSON list."""
    text = "\n".join(line for _, line in numbered_lines(str(path), faults=faults))
    values = _json(text, str(path))
    if not isinstance(values, list):
        raise FormatError(f"{path}: expected a list of objects; an object a line is .jsonl")
    for number, value in enumerate(values, start=1):
        where = f"{path}: object {number}"
        try:
            yield where, _object(value, where)
        except FormatError as error:
            yield where, error


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: not JSON: {error}") from error


def _object(values: Any, where: str) -> dict[str, str]:
    if not isinstance(values, dict) or (odd := set(values) - set(NAMES)):
        shown = ", ".join(sorted(odd)) if isinstance(values, dict) else "no object"
        raise FormatError(f"{where}: unknown keys: {shown}; known: {', '.join(NAMES)}")
    for key, value in values.items():
        if not isinstance(value, str | int):
            raise FormatError(f"{where}: {key} should be a string or a whole number, found {value!r:.80}")
    return {key: str(value) for key, value in values.items()}


def _checked(row: Row) -> Row:
    for key in _PAIR if "second" in row.values else _PAIR[:2]:
        if not row.values.get(key, "").strip():
            raise FormatError(f"{row.where}: no {key}")
    for key, value in row.values.items():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise FormatError(
                f"{row.where}: {key} holds half a character (a lone surrogate): {value!r:.80}"
            ) from None
    row.values["label"] = row.values["label"].strip()
    split = row.values.get("split")
    if split is not None and split not in SPLITS:
        raise FormatError(f"{row.where}: the split should be train, dev or test, found {split!r}")
    return row
