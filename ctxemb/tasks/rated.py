"""Words in context whose similarity people have rated: SCWS, CoSimLex and RAW-C."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.suggest import unknown_name
from ctxemb.tasks.base import Span
from ctxemb.tasks.formats.columns import packed
from ctxemb.tasks.formats.files import check_count
from ctxemb.tasks.storage import data_folder
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words


@dataclass(frozen=True, slots=True, eq=False)
class RatedPairs:
    """Pairs of words in context, each with the mean rating of its similarity.

    Parameters
    ----------
    name
        What results call it.
    licence, source
        As its authors state them; whom to cite.
    sentences
        The contexts, each read as one sentence.
    pairs
        The two words of each pair; they stand in one context or in two.
    ratings
        (n_pairs,) higher is more similar.
    clusters
        (n_pairs,) pairs of one cluster are not independent, and are resampled together.
    changes
        (n_changes, 2) numbers of two pairs of the same words in different contexts; people's ratings change
        from the first to the second.
    parts
        Named sets of pairs that get values of their own.
    """

    name: str
    licence: str
    source: str
    sentences: tuple[Sentence, ...]
    pairs: tuple[tuple[Span, Span], ...]
    ratings: NDArray[np.float64]
    clusters: NDArray[np.str_]
    changes: NDArray[np.int64]
    parts: dict[str, NDArray[np.int64]]


def rated_names() -> list[str]:
    """Return the names of the sets of rated pairs."""
    return list(_LOADERS)


def load_rated(name: str, data: Path | None = None) -> RatedPairs:
    """Load a set of rated pairs from the folder ``similarity`` of the data folder.

    Parameters
    ----------
    name
        ``"scws"``, ``"cosimlex"`` or ``"rawc"``.
    data
        Folder of the data sets; see `ctxemb.tasks.load_task`.

    Raises
    ------
    UnknownNameError
        If there is no such set.
    MissingFileError
        If its file is not there.
    FormatError
        If a row is wrong, or they are not as many as published; the message names the line.
    """
    if name not in _LOADERS:
        raise unknown_name("set of rated pairs", name, _LOADERS)
    file, load = _LOADERS[name]
    path = packed(data_folder(data) / "similarity" / file)
    if not path.is_file():
        raise MissingFileError(f"no ratings at {path}; name the folder of your data sets with --data")
    return load(path)


def _scws(path: Path) -> RatedPairs:
    rows = [line.split("\t") for line in read_lines(str(path)) if line]
    check_count(path, 2003, len(rows))
    made = _Maker(path)
    for line, row in enumerate(rows, start=1):
        if len(row) != 18:
            raise FormatError(f"{path}:{line}: expected 18 columns separated by TAB, found {len(row)}")
        spans = [made.context(text, "b", 1, line, str.split)[0] for text in row[5:7]]
        made.pair(spans[0], spans[1], row[7], line)
    same = np.array([row[1].lower() == row[3].lower() for row in rows])
    return made.done(
        "scws",
        "none stated",
        "E. Huang, R. Socher, C. Manning, A. Ng. Improving word representations via global context and "
        "multiple word prototypes. ACL 2012",
        parts={"same word": np.flatnonzero(same), "two words": np.flatnonzero(~same)},
    )


def _cosimlex(path: Path) -> RatedPairs:
    rows = [line.split("\t") for line in read_lines(str(path)) if line][1:]
    check_count(path, 340, len(rows))
    made = _Maker(path)
    for line, row in enumerate(rows, start=2):
        if len(row) != 13:
            raise FormatError(f"{path}:{line}: expected 13 columns separated by TAB, found {len(row)}")
        for text, rating in zip(row[2:4], row[4:6], strict=True):
            spans = made.context(text, "strong", 2, line)
            made.pair(spans[0], spans[1], rating, line, cluster=str(line))
    return made.done(
        "cosimlex",
        "none stated",
        "C. Armendariz et al. CoSimLex: a resource for evaluating graded word similarity in context. "
        "LREC 2020",
        changes=np.arange(2 * len(rows)).reshape(-1, 2),
    )


def _rawc(path: Path) -> RatedPairs:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    check_count(path, 672, len(rows))
    made = _Maker(path)
    for line, row in enumerate(rows, start=2):
        spans = []
        for text in (row["sentence1"], row["sentence2"]):
            marked = re.sub(rf"(?<!\w){re.escape(row['string'])}(?!\w)", r"<b>\g<0></b>", text, count=1)
            spans += made.context(marked, "b", 1, line)
        made.pair(spans[0], spans[1], row["mean_relatedness"], line, cluster=row["word"])
    kinds = np.array([row["ambiguity_type"].lower() for row in rows])
    return made.done(
        "rawc",
        "none stated",
        "S. Trott, B. Bergen. RAW-C: relatedness of ambiguous words in context. ACL 2021",
        parts={str(kind): np.flatnonzero(kinds == kind) for kind in np.unique(kinds)},
    )


_LOADERS: dict[str, tuple[str, Callable[[Path], RatedPairs]]] = {
    "scws": ("scws/ratings.txt", _scws),
    "cosimlex": ("cosimlex/cosimlex_en.csv", _cosimlex),
    "rawc": ("rawc/raw-c.csv", _rawc),
}


class _Maker:
    """Collects contexts and pairs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sentences: list[Sentence] = []
        self.pairs: list[tuple[Span, Span]] = []
        self.ratings: list[float] = []
        self.clusters: list[str] = []

    def context(
        self, text: str, tag: str, n: int, line: int, split: Callable[[str], list[str]] = split_words
    ) -> list[Span]:
        """Add a context, and return its `n` words between tags."""
        words: list[str] = []
        spans = []
        for place, part in enumerate(re.split(rf"<{tag}>(.*?)</{tag}>", text)):
            found = split(part)
            if place % 2:
                spans.append(Span(len(self.sentences), len(words), len(words) + len(found)))
            words += found
        if len(spans) != n or any(span.start == span.stop for span in spans):
            raise FormatError(f"{self.path}:{line}: expected {n} words between <{tag}> and </{tag}>")
        self.sentences.append(Sentence(tuple(words)))
        return spans

    def pair(self, a: Span, b: Span, rating: str, line: int, cluster: str = "") -> None:
        """Add a pair."""
        try:
            self.ratings.append(float(rating))
        except ValueError as error:
            raise FormatError(f"{self.path}:{line}: expected a rating, found {rating!r}") from error
        self.pairs.append((a, b))
        self.clusters.append(cluster or str(line))

    def done(
        self,
        name: str,
        licence: str,
        source: str,
        *,
        changes: NDArray[np.int64] | None = None,
        parts: dict[str, NDArray[np.int64]] | None = None,
    ) -> RatedPairs:
        """Return all of them."""
        return RatedPairs(
            name,
            licence,
            source,
            tuple(self.sentences),
            tuple(self.pairs),
            np.array(self.ratings),
            np.array(self.clusters),
            np.empty((0, 2), dtype=np.int64) if changes is None else changes,
            parts or {},
        )
