"""Sentences with their dependency trees: the English Web Treebank of Universal Dependencies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.suggest import unknown_name
from ctxemb.tasks.data_sets.ewt_pos import FOLDER, SENTENCES
from ctxemb.tasks.formats.columns import packed
from ctxemb.tasks.storage import data_folder
from ctxemb.text.conllu import read_word
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
    if split not in SENTENCES:
        raise unknown_name("split", split, SENTENCES)
    path = packed(data_folder(data) / FOLDER / f"en_ewt-ud-{split}.conllu")
    if not path.is_file():
        raise MissingFileError(f"no trees at {path}: fetch them by `ctxemb data get ewt-pos`, or name --data")
    trees = read_trees(path)
    if len(trees) != SENTENCES[split]:
        raise FormatError(f"{path}: expected {SENTENCES[split]:,} sentences, found {len(trees):,}")
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
        if line.strip():
            try:
                columns = read_word(line)
            except ValueError as error:
                raise FormatError(f"{path}:{number}: {error}") from error
            if columns is not None:
                rows.append(columns)
        elif rows:
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
