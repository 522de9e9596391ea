"""Rows of a label and a text, or two texts, from TSV or JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    names: list[str] | None = None
    for number, line in numbered_lines(str(path), faults=None if skipped is None else skipped.faults):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        if path.suffix == ".tsv" and number == 1 and "label" in line.split("\t"):
            names = line.split("\t")
            if odd := set(names) - set(NAMES):
                raise FormatError(
                    f"{where}: unknown columns {', '.join(sorted(odd))}; known: {', '.join(NAMES)}"
                )
            continue
        try:
            values = _object(line, where) if path.suffix == ".jsonl" else _cells(line, names, where)
            if split:
                values["split"] = split
            yield _checked(Row(where, values))
        except FormatError as error:
            if skipped is None:
                raise
            skipped.faults.append(str(error))


def _cells(line: str, names: list[str] | None, where: str) -> dict[str, str]:
    cells = line.split("\t")
    expected = names or (_PAIR if len(cells) == len(_PAIR) else ["label", "text"])
    if len(cells) != len(expected):
        raise FormatError(f"{where}: expected {len(expected)} columns separated by TAB, found {len(cells)}")
    return dict(zip(expected, cells, strict=True))


def _object(line: str, where: str) -> dict[str, str]:
    try:
        values: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise FormatError(f"{where}: not JSON: {error}") from error
    if not isinstance(values, dict) or (odd := set(values) - set(NAMES)):
        shown = ", ".join(sorted(odd)) if isinstance(values, dict) else "no object"
        raise FormatError(f"{where}: unknown keys: {shown}; known: {', '.join(NAMES)}")
    for key, value in values.items():
        if not isinstance(value, str | int):
            raise FormatError(f"{where}: {key} should be a string or a whole number, found {value!r}")
    return {key: str(value) for key, value in values.items()}


def _checked(row: Row) -> Row:
    for key in _PAIR if "second" in row.values else _PAIR[:2]:
        if not row.values.get(key, "").strip():
            raise FormatError(f"{row.where}: no {key}")
    row.values["label"] = row.values["label"].strip()
    split = row.values.get("split")
    if split is not None and split not in SPLITS:
        raise FormatError(f"{row.where}: the split should be train, dev or test, found {split!r}")
    return row
