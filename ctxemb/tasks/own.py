"""The user's own data: labels of sentences, pairs of texts, word senses and words, from a file or a folder.

- ``.tsv``: rows ``label<TAB>text``, or a header with the names of the columns `label`, `text`, and perhaps
  `position` (of the target, words counted from 0), `word` (what shares a classifier) and `split`.
  Rows ``label<TAB>text<TAB>text``, or a column `second`, are pairs of texts.
- ``.csv``: the same with commas or semicolons, quotes, and always a header.
- ``.jsonl``: an object a line with the same names; ``.json``: a list of such objects.
- ``.conll``, ``.conllu``, ``.col``: a word a line with its tag in the last column, or in the column that
  follows a colon, ``mine.conll:2``; in CoNLL-U, which is told by its rows, column 4 unless said.

Where a row has a position, or most texts have one ``*marked*`` target, of one word or of several as in
``a *credit card*``, the rows are word senses. Rows without a target are errors. `word` defaults to the
lower-cased target. Texts are split into words as raw text is, unless there are positions: those count words
between spaces. Endings may be capitals. A folder holds ``train``, ``test`` and perhaps ``dev`` (or
``valid``, ``validation``, ``val``) files of one kind; a file
without splits is divided into ten folds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ctxemb.errors import CtxembError, FormatError, InputError, MissingFileError
from ctxemb.inside import check_inside
from ctxemb.scoring.chunks import are_chunk_tags
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.data_set import Content
from ctxemb.tasks.formats.columns import layout_of, read_tagged
from ctxemb.tasks.formats.files import parts_by_group, splits_of
from ctxemb.tasks.formats.folds import make_folds
from ctxemb.tasks.formats.rows import SPLITS, Row, SkippedRows, read_labelled_rows
from ctxemb.tasks.formats.text_pairs import paired
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

COLUMN_FILES = (".conll", ".conllu", ".col")
ROW_FILES = (".tsv", ".jsonl", ".csv", ".json")
_CALLED = {"train": ("train",), "dev": ("dev", "valid", "validation", "val", "devel"), "test": ("test",)}
"""What files of splits are called."""
_MANY, _DIFFERENT = 10, 0.9
"""Rows from which on so large a share of different labels is a fault."""
_FEWEST_TEXTS = 3
"""Different texts that a word needs with folds: to learn from, to choose by and to test on."""

_Taken = tuple[Row, Sentence, Example]


def is_own(name: str) -> bool:
    """Return whether a name is that of a file or folder of the user's own."""
    path, _ = _parted(name)
    return path.is_dir() or path.suffix.lower() in (*ROW_FILES, *COLUMN_FILES)


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
    check_inside(path, () if path.is_file() else files.values())
    suffixes = {file.suffix.lower() for file in files.values()}
    if len(suffixes) > 1:
        raise InputError(f"{path}: files of one kind should be together, found {', '.join(sorted(suffixes))}")
    if suffixes <= set(COLUMN_FILES):
        return _columns(path, files, column, skipped)
    rows = [row for split, file in files.items() for row in read_labelled_rows(file, split, skipped)]
    if any("second" in row.values for row in rows):
        return _of_pairs(path, rows, skipped)
    return _of_rows(path, rows, skipped)


def _of_pairs(path: Path, rows: list[Row], skipped: SkippedRows | None) -> Task:
    pairs: list[tuple[str, Sentence, Sentence]] = []
    for row in rows:
        if "second" not in row.values:
            raise FormatError(f"{row.where}: other rows have two texts, and this one has no second")
        first, second = (Sentence(tuple(split_words(row.values[key]))) for key in ("text", "second"))
        pairs.append((row.values["label"], first, second))
    _check_labels(path, [label for label, _, _ in pairs], skipped)
    sentences, examples = paired(pairs)
    task = Content(sentences, examples).as_task(
        name=path.stem,
        kind="sentence-pair",
        description=f"The labels of the pairs in {path.name}.",
        licence="not stated",
        source=path.name,
        metrics=("accuracy", "macro_f1"),
    )
    texts = [f"{first}\t{second}" for _, first, second in pairs]
    return _divided(path, task, [row.values.get("split", "") for row in rows], texts, task.gold.tolist())


def _divided(path: Path, task: Task, splits: list[str], texts: list[str], labels: list[str]) -> Task:
    """Return a task with the splits of its rows, or in folds if no row has one."""
    if "" in splits and set(splits) != {""}:
        raise FormatError(f"{path}: some rows have a split and others have none")
    if not splits[0]:
        return dataclasses.replace(task, folds=make_folds(texts, labels))
    for split in ("train", "test"):
        if split not in splits:
            raise MissingFileError(f"{path}: no row has the split {split}")
    return dataclasses.replace(task, splits=splits_of(splits))


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
    files = {}
    for split in SPLITS:
        there = [
            file
            for file in sorted(path.iterdir())
            if file.stem.lower() in _CALLED[split]
            and file.suffix.lower() in (*ROW_FILES, *COLUMN_FILES)
            and file.is_file()
        ]
        if len(there) > 1:
            raise InputError(f"{path}: the split {split} is there twice: {', '.join(p.name for p in there)}")
        if there:
            files[split] = there[0]
    for split in ("train", "test"):
        if split not in files:
            raise MissingFileError(f"{path}: no {split} file; name it {split}.tsv, .jsonl or .conll")
    return files


def _columns(path: Path, files: dict[str, Path], column: int | None, skipped: SkippedRows | None) -> Task:
    if column == 0:
        raise InputError(f"{path}:0: columns are counted from 1")
    layouts = {layout_of(file) for file in files.values()}
    if len(layouts) > 1:
        raise InputError(f"{path}: some files are CoNLL-U, and others have other columns")
    (layout,) = layouts
    chosen = column - 1 if column is not None else (3 if layout.universal else -1)
    content = read_tagged(
        files,
        chosen,
        layout,
        faults=None if skipped is None else skipped.faults,
    )
    chunks = are_chunk_tags(example.label for example in content.examples)
    task = content.as_task(
        name=path.stem,
        kind="token-label",
        description=f"The labels of the words in {path.name}.",
        licence="not stated",
        source=path.name,
        metrics=("chunk_f1", "accuracy") if chunks else ("accuracy", "macro_f1"),
    )
    _check_labels(path, task.gold.tolist(), skipped)
    if "" not in files:
        for split in ("train", "test"):
            if split not in task.splits:
                raise InputError(f"{files[split]}: there are no examples")
        _check_train(path, task)
        return task
    texts = [str(sentence) for sentence in task.sentences]
    of_sentences = make_folds(texts, [""] * len(texts))
    folds = of_sentences[[example.spans[0].sentence for example in task.examples]]
    return dataclasses.replace(task, splits={}, folds=folds)


def _of_rows(path: Path, rows: list[Row], skipped: SkippedRows | None) -> Task:
    marked = sum(row.is_marked for row in rows)
    senses = 2 * marked > len(rows) or any(row.values.get("position", "").strip() for row in rows)
    taken = [found for row in rows if (found := _taken(row, senses, skipped)) is not None]
    splits = [row.values.get("split", "") for row, _, _ in taken]
    if "" in splits and set(splits) != {""}:
        raise FormatError(f"{path}: some rows have a split and others have none")
    if senses:
        taken = _learnable(taken, skipped)
        splits = [row.values.get("split", "") for row, _, _ in taken]
    sentences = [sentence for _, sentence, _ in taken]
    examples = [
        Example((example.spans[0]._replace(sentence=number),), example.label, example.group)
        for number, (_, _, example) in enumerate(taken)
    ]
    _check_labels(path, [example.label for example in examples], skipped)
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
        if not senses:
            _check_train(path, task)
        return task
    labels = [f"{example.group}\t{example.label}" for example in examples]
    return dataclasses.replace(task, folds=make_folds([str(sentence) for sentence in sentences], labels))


def _taken(row: Row, senses: bool, skipped: SkippedRows | None) -> _Taken | None:
    """Return a row with its sentence and its example, in the sentence numbered 0; None if it is skipped."""
    try:
        sentence, target = row.sentence(senses=senses)
    except CtxembError as error:
        fault = str(error) if row.where in str(error) else f"{row.where}: {error}"
        if skipped is None:
            raise FormatError(fault) from error
        skipped.faults.append(fault)
        return None
    if target is None:
        return row, sentence, Example((Span(0, 0, len(sentence)),), row.values["label"])
    word = row.values.get("word") or " ".join(sentence.words[target.start : target.stop]).lower()
    return row, sentence, Example((target,), row.values["label"], word)


def _learnable(taken: list[_Taken], skipped: SkippedRows | None) -> list[_Taken]:
    """Return the rows of words that can be learned: that have rows to learn from."""
    texts: dict[str, set[str]] = {}
    for row, sentence, example in taken:
        if row.values.get("split", "train") == "train":
            texts.setdefault(example.group, set()).add(str(sentence))
    kept = []
    for row, sentence, example in taken:
        n_texts, needed = len(texts.get(example.group, ())), 1 if row.values.get("split") else _FEWEST_TEXTS
        if n_texts >= needed:
            kept.append((row, sentence, example))
            continue
        fault = (
            f"{row.where}: the word '{example.group}' has {n_texts} different texts to learn from, "
            f"and needs {needed}"
        )
        if skipped is None:
            raise FormatError(fault)
        skipped.faults.append(fault)
    return kept


def _check_labels(path: Path, labels: Sequence[str], skipped: SkippedRows | None) -> None:
    """Raise InputError if there is nothing to tell apart."""
    if not len(labels):
        faults = [] if skipped is None else skipped.faults
        why = f"; {len(faults):,} rows were skipped, the first: {faults[0]}" if faults else ""
        raise InputError(f"{path}: there are no examples{why}")
    n_labels = len(set(labels))
    if len(labels) >= _MANY and n_labels > _DIFFERENT * len(labels):
        raise InputError(
            f"{path}: {n_labels:,} different labels in {len(labels):,} rows, so there is nothing to learn; "
            "are label and text swapped? The label comes first, unless a header names the columns"
        )
    if n_labels == 1:
        raise InputError(f"{path}: all labels are {labels[0]!r}; a probe needs two to tell apart")


def _check_train(path: Path, task: Task) -> None:
    """Raise InputError if all that is learned from has one label."""
    labels = set(task.gold[task.splits["train"]].tolist())
    if len(labels) == 1:
        raise InputError(f"{path}: all labels in train are {labels.pop()!r}; a probe needs two to tell apart")
