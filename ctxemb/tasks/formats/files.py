"""Reading the rows of data files, with errors that name file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.tasks.base import Example
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence


def read_rows(path: Path, n_columns: int, header: Sequence[str] | None = None) -> list[list[str]]:
    """Return the rows of a file of columns separated by TAB.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If a row has another number of columns, or the header is another one; the message names the line.
    """
    if not path.is_file():
        raise MissingFileError(f"no file {path}")
    rows = []
    for number, line in enumerate(read_lines(str(path)), start=1):
        row = line.split("\t")
        if len(row) != n_columns:
            raise FormatError(
                f"{path}:{number}: expected {n_columns} columns separated by TAB, found {len(row)}"
            )
        rows.append(row)
    if header is not None:
        if not rows or rows[0] != list(header):
            raise FormatError(f"{path}:1: expected the header {' '.join(header)}")
        del rows[0]
    return rows


def check_count(path: Path, expected: int, found: int) -> None:
    """Raise FormatError if a file has another number of rows than the published data."""
    if expected != found:
        raise FormatError(f"{path}: expected {expected:,} rows, found {found:,}; is the file complete?")


def tokenized(text: str, path: Path, line: int) -> Sentence:
    """Return a sentence of words separated by single spaces.

    Raises
    ------
    FormatError
        If there is none, or there are two spaces in a row.
    """
    words = tuple(text.split(" "))
    if "" in words:
        raise FormatError(f"{path}:{line}: expected words separated by one space, found {text!r}")
    return Sentence(words)


def splits_of(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the numbers of the examples of each split, from the split of each example."""
    array = np.array(names)
    return {str(name): np.flatnonzero(array == name) for name in np.unique(array)}


def parts_by_group(examples: Sequence[Example], splits: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the numbers of the test examples of each group."""
    groups = np.array([example.group for example in examples])
    tested = np.array(splits) == "test"
    return {str(group): np.flatnonzero(tested & (groups == group)) for group in np.unique(groups[tested])}
