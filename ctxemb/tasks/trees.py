"""Sentences with their dependency trees: the English Web Treebank of Universal Dependencies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.registry import unknown_name
from ctxemb.tasks.sources import data_folder
from ctxemb.tasks.tokens import EWT_COUNTS
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence

ROOT = -1
"""The parent of the word that has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A sentence, and the word that each of its words depends on.

    Parameters
    ----------
    sentence
        The words.
    parents
        (n_words,) the parent of each word, counted from 0; `ROOT` for none.
    relations
        How each word depends on its parent, without subtypes: ``"nsubj"``, ``"obj"``, ...
    tags
        The part of speech of each word.

    Raises
    ------
    InputError
        If the parents are not those of a tree with one root.
    """

    sentence: Sentence
    parents: NDArray[np.int64]
    relations: tuple[str, ...]
    tags: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.sentence)
        if self.parents.shape != (n,) or (self.parents < ROOT).any() or (self.parents >= n).any():
            raise InputError(f"expected the parent of each of {n} words, found {self.parents.tolist()}")
        if np.count_nonzero(self.parents == ROOT) != 1 or (self.depths < 0).any():
            raise InputError(f"no tree with one root: {self.parents.tolist()}")

    @property
    def depths(self) -> NDArray[np.int64]:
        """(n_words,) how many edges lie between a word and the root; -1 for a word that it cannot reach."""
        depths = np.where(self.parents == ROOT, 0, -1)
        for _ in range(len(depths)):
            above = depths[self.parents]
            new = np.where((depths < 0) & (above >= 0), above + 1, depths)
            if (new == depths).all():
                break
            depths = new
        return depths

    @property
    def distances(self) -> NDArray[np.int64]:
        """(n_words, n_words) how many edges lie between two words."""
        n = len(self.parents)
        distances = np.zeros((n, n), dtype=np.int64)
        order = np.argsort(self.depths, kind="stable")
        for place, word in enumerate(order[1:].tolist(), start=1):
            earlier = order[:place]
            distances[word, earlier] = distances[earlier, word] = distances[self.parents[word], earlier] + 1
        return distances


def load_trees(split: str, data: Path | None = None) -> list[Tree]:
    """Load the trees of a split of the English Web Treebank from ``tokens/ud_ewt`` in the data folder.

    Parameters
    ----------
    split
        ``"train"``, ``"dev"`` or ``"test"``.
    data
        Folder of the data sets; see `ctxemb.tasks.load_task`.

    Raises
    ------
    UnknownNameError
        If there is no such split.
    MissingFileError
        If the file is not there.
    FormatError
        If it is not as CoNLL-U says, or has another number of sentences than were published.
    """
    if split not in EWT_COUNTS:
        raise unknown_name("split", split, EWT_COUNTS)
    path = data_folder(data) / "tokens" / "ud_ewt" / f"en_ewt-ud-{split}.conllu"
    packed = path.with_name(f"{path.name}.xz")
    if not (path.is_file() or packed.is_file()):
        raise MissingFileError(f"no trees at {path}: fetch them by `ctxemb data get ewt-pos`, or name --data")
    trees = read_trees(packed if packed.is_file() else path)
    if len(trees) != EWT_COUNTS[split][0]:
        raise FormatError(f"{path}: expected {EWT_COUNTS[split][0]:,} sentences, found {len(trees):,}")
    return trees


def read_trees(path: Path) -> list[Tree]:
    """Read the trees of a CoNLL-U file, plain or ``.xz``; multi-word tokens and empty nodes are passed over.

    Raises
    ------
    FormatError
        If a line has no ten columns or a sentence no tree; the message names the line.
    """
    trees: list[Tree] = []
    rows: list[list[str]] = []
    for number, line in enumerate(chain(read_lines(str(path)), [""]), start=1):
        if line.strip() and not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != 10:
                raise FormatError(
                    f"{path}:{number}: expected 10 columns separated by TAB, found {len(columns)}"
                )
            if columns[0].isdecimal():
                rows.append(columns)
        elif not line.strip() and rows:
            try:
                trees.append(_tree(rows))
            except (InputError, ValueError) as error:
                raise FormatError(f"{path}: the sentence that ends before line {number}: {error}") from error
            rows = []
    return trees


def _tree(rows: list[list[str]]) -> Tree:
    return Tree(
        sentence=Sentence(tuple(row[1] for row in rows)),
        parents=np.array([int(row[6]) - 1 for row in rows], dtype=np.int64),
        relations=tuple(row[7].partition(":")[0] for row in rows),
        tags=tuple(row[3] for row in rows),
    )
