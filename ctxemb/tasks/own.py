"""The user's own data: sentence labels, word senses and labels of words, from a file or a folder of splits.

- ``.tsv``: rows ``label<TAB>text``, or a header with the names of the columns `label`, `text`, and perhaps
  `position` (of the target, words counted from 0), `word` (what shares a classifier) and `split`.
- ``.jsonl``: an object a line with the same names.
- ``.conll``, ``.conllu``, ``.col``: a word a line with its tag in the last column, or in the column that
  follows a colon, ``mine.conll:2``; in CoNLL-U, column 4 unless said.

Where a row has a position, or most texts have one ``*marked*`` word, the rows are word senses, and one
without its target is wrong; without `word`, the target in lower case is it. Texts are split into words as
raw text is, unless there are positions: those count words between spaces. A folder holds ``train``, ``test``
and perhaps ``dev`` files of one kind; a file without splits is divided into ten folds.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctxemb.errors import CtxembError, FormatError, InputError, MissingFileError
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.columns import tagged_task
from ctxemb.tasks.files import parts_by_group, splits_of
from ctxemb.tasks.folds import make_folds
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

SPLITS = ("train", "dev", "test")
COLUMNS = (".conll", ".conllu", ".col")
ROWS = (".tsv", ".jsonl")
NAMES = ("label", "text", "position", "word", "split")
_MARKED = re.compile(r"(?<!\S)\*(\S+?)\*(?!\w)")


@dataclass(slots=True)
class SkippedRows:
    """Collects the rows that were skipped, each as ``file:line: what is wrong``."""

    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    values: dict[str, str]

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
        found = list(_MARKED.finditer(text))
        if len(found) != 1:
            raise FormatError(f"{self.where}: no position, and {len(found)} words are *marked*, expected one")
        before = split_words(text[: found[0].start()])
        target, after = split_words(found[0][1]), split_words(text[found[0].end() :])
        return Sentence((*before, *target, *after)), Span(0, len(before), len(before) + len(target))


def is_own(name: str) -> bool:
    """Return whether a name is that of a file or folder of the user's own."""
    path, _ = _parted(name)
    return path.is_dir() or path.suffix in (*ROWS, *COLUMNS)


def load(name: str, skipped: SkippedRows | None = None) -> Task:
    """Load a file or folder of the user's own.

    Parameters
    ----------
    name
        Its path, for columns perhaps with a colon and the number of the column, from 1.
    skipped
        Takes the rows that are wrong, which then are errors no more.

    Raises
    ------
    MissingFileError
        If there is no such file, or a folder lacks a split.
    FormatError, InputError
        If a row is wrong, and `skipped` is not given; the message names file and line.
    """
    path, column = _parted(name)
    files = _files(path)
    suffixes = {file.suffix for file in files.values()}
    if len(suffixes) > 1:
        raise InputError(f"{path}: files of one kind should be together, found {', '.join(sorted(suffixes))}")
    if suffixes <= set(COLUMNS):
        return _columns(path, files, column, skipped)
    rows = [row for split, file in files.items() for row in _rows(file, split, skipped)]
    return _of_rows(path, rows, skipped)


def _parted(name: str) -> tuple[Path, int | None]:
    head, _, tail = name.rpartition(":")
    if head and tail.isdecimal() and not Path(name).exists():
        return Path(head).expanduser(), int(tail)
    return Path(name).expanduser(), None


def _files(path: Path) -> dict[str, Path]:
    """Return the file of each split; of a single file, the split is named ``""``."""
    if path.is_file():
        return {"": path}
    if not path.is_dir():
        raise MissingFileError(f"no file or folder {path}")
    found = {}
    for split in SPLITS:
        there = [
            path / f"{split}{suffix}" for suffix in (*ROWS, *COLUMNS) if (path / f"{split}{suffix}").is_file()
        ]
        if len(there) > 1:
            raise InputError(f"{path}: the split {split} is there twice: {', '.join(p.name for p in there)}")
        if there:
            found[split] = there[0]
    for split in ("train", "test"):
        if split not in found:
            raise MissingFileError(f"{path}: no {split} file; name it {split}.tsv, .jsonl or .conll")
    return found


def _columns(path: Path, files: dict[str, Path], column: int | None, skipped: SkippedRows | None) -> Task:
    if column == 0:
        raise InputError(f"{path}:0: columns are counted from 1")
    universal = next(iter(files.values())).suffix == ".conllu"
    chosen = column - 1 if column is not None else (3 if universal else -1)
    task = tagged_task(
        files,
        chosen,
        word=1 if universal else 0,
        separator="\t" if universal else None,
        faults=None if skipped is None else skipped.faults,
        name=path.stem,
        description=f"The labels of the words in {path.name}.",
        licence="not stated",
        source=path.name,
    )
    if not task.examples:
        raise InputError(f"{path}: there are no examples")
    if "" not in files:
        for split in ("train", "test"):
            if split not in task.splits:
                raise InputError(f"{files[split]}: there are no examples")
        return task
    texts = [str(sentence) for sentence in task.sentences]
    of_sentences = make_folds(texts, [""] * len(texts))
    folds = of_sentences[[example.spans[0].sentence for example in task.examples]]
    return dataclasses.replace(task, splits={}, folds=folds)


def _rows(path: Path, split: str, skipped: SkippedRows | None) -> Iterator[_Row]:
    names: list[str] | None = None
    for number, line in enumerate(read_lines(str(path)), start=1):
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
            yield _checked(_Row(where, values))
        except FormatError as error:
            if skipped is None:
                raise
            skipped.faults.append(str(error))


def _cells(line: str, names: list[str] | None, where: str) -> dict[str, str]:
    cells = line.split("\t")
    expected = names or ["label", "text"]
    if len(cells) != len(expected):
        raise FormatError(f"{where}: expected {len(expected)} columns separated by TAB, found {len(cells)}")
    return dict(zip(expected, cells, strict=True))


def _object(line: str, where: str) -> dict[str, str]:
    try:
        found: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise FormatError(f"{where}: not JSON: {error}") from error
    if not isinstance(found, dict) or (odd := set(found) - set(NAMES)):
        shown = ", ".join(sorted(odd)) if isinstance(found, dict) else "no object"
        raise FormatError(f"{where}: unknown keys: {shown}; known: {', '.join(NAMES)}")
    for key, value in found.items():
        if not isinstance(value, str | int):
            raise FormatError(f"{where}: {key} should be a string or a whole number, found {value!r}")
    return {key: str(value) for key, value in found.items()}


def _checked(row: _Row) -> _Row:
    for key in ("label", "text"):
        if not row.values.get(key, "").strip():
            raise FormatError(f"{row.where}: no {key}")
    split = row.values.get("split")
    if split is not None and split not in SPLITS:
        raise FormatError(f"{row.where}: the split should be train, dev or test, found {split!r}")
    return row


def _of_rows(path: Path, rows: list[_Row], skipped: SkippedRows | None) -> Task:
    marked = sum(len(_MARKED.findall(row.values["text"])) == 1 for row in rows)
    senses = 2 * marked > len(rows) or any(row.values.get("position", "").strip() for row in rows)
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for row in rows:
        try:
            sentence, target = row.sentence(senses=senses)
        except CtxembError as error:
            fault = str(error) if row.where in str(error) else f"{row.where}: {error}"
            if skipped is None:
                raise FormatError(fault) from error
            skipped.faults.append(fault)
            continue
        span = (
            Span(len(sentences), 0, len(sentence))
            if target is None
            else target._replace(sentence=len(sentences))
        )
        word = ""
        if target is not None:
            word = row.values.get("word") or " ".join(sentence.words[target.start : target.stop]).lower()
        examples.append(Example((span,), row.values["label"], word))
        sentences.append(sentence)
        splits.append(row.values.get("split", ""))
    if not examples:
        raise InputError(f"{path}: there are no examples")
    if "" in splits and set(splits) != {""}:
        raise FormatError(f"{path}: some rows have a split and others have none")
    task = Task(
        name=path.stem,
        kind="word-sense" if senses else "sentence-label",
        description=f"The labels in {path.name}.",
        licence="not stated",
        source=path.name,
        sentences=tuple(sentences),
        examples=tuple(examples),
        splits={} if splits[0] == "" else splits_of(splits),
        metrics=("accuracy", "macro_f1"),
        parts=parts_by_group(examples, splits) if senses else {},
    )
    if splits[0]:
        for split in ("train", "test"):
            if split not in task.splits:
                raise MissingFileError(f"{path}: no row has the split {split}")
        return task
    labels = [f"{example.group}\t{example.label}" for example in examples]
    return dataclasses.replace(task, folds=make_folds([str(sentence) for sentence in sentences], labels))
