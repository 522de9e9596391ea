"""Whether the nearest other occurrence of a word has its sense: senses by neighbours, without training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctxemb.analysis.intervals import bootstrap_mean
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Chosen, Rows, check_rows, unit_rows, working
from ctxemb.errors import InputError

_BLOCK = 512
_TIE = 1e-12
"""Cosines that lie closer than this are equal."""


@dataclass(frozen=True, slots=True)
class SameLabel:
    """How often the nearest other row of a group has a row's label.

    Parameters
    ----------
    share
        The share of the group's rows.
    chance
        Its expectation where the other row is drawn at random from the group.
    n
        Number of rows.
    n_labels
        Number of labels.
    """

    share: float
    chance: float
    n: int
    n_labels: int


def same_label_by_group(X: Rows, groups: ArrayLike, labels: ArrayLike) -> dict[str, SameLabel]:
    """Return how often a row's nearest other row of its group, by cosine, has the row's label.

    Each row is left out in turn. Rows that are equally near share the hit, so that context-free vectors,
    which are all the same, are at chance. Some rows of one group are in memory at once.

    Parameters
    ----------
    X
        (n, width)
    groups, labels
        (n,) each; rows alone in their group do not count.

    Raises
    ------
    InputError
        If a row is zero or not finite.

    Examples
    --------
    >>> X = np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    >>> same_label_by_group(X, ["bank"] * 4, ["money", "money", "river", "river"])["bank"].share
    1.0
    """
    check_rows(X)
    names, codes = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    label_of = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)[1].ravel()
    if codes.shape != (len(X),) or label_of.shape != codes.shape:
        raise InputError(f"expected a group and a label for each of the {len(X)} rows")
    order = np.argsort(codes, kind="stable")
    borders = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return {
        str(name): _same_label(X, order[start:stop], label_of)
        for name, start, stop in zip(names, borders, borders[1:], strict=False)
        if stop - start >= 2
    }


def same_label_share(
    vectors: NDArray[np.float32], groups: Sequence[str], labels: Sequence[str]
) -> tuple[float, float]:
    """Return how often a row's nearest other row of its group has the row's label, and chance, of all rows.

    See `same_label_by_group`; both are 0 if no group has two rows.
    """
    by_group = same_label_by_group(vectors, groups, labels).values()
    n_rows = max(1, sum(group.n for group in by_group))
    share = sum(group.share * group.n for group in by_group) / n_rows
    return share, sum(group.chance * group.n for group in by_group) / n_rows


def _same_label(X: Rows, numbers: NDArray[np.int64], labels: NDArray[np.int64]) -> SameLabel:
    units = unit_rows(working(X[numbers]), int(numbers[0]))
    mine = labels[numbers]
    n, hits = len(numbers), 0.0
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        cosines = units[block] @ units.T  # (n_block, n)
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -np.inf
        nearest = cosines >= cosines.max(axis=1, keepdims=True) - _TIE
        same = mine[block, None] == mine
        hits += float(((nearest & same).sum(axis=1) / nearest.sum(axis=1)).sum())
    counts = np.unique(mine, return_counts=True)[1]
    return SameLabel(hits / n, float((counts * (counts - 1)).sum()) / (n * (n - 1)), n, len(counts))


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    text = layer.text
    if text.labels is None or text.groups is None:
        raise InputError("same-sense needs labelled occurrences: give --task with the name of a task")
    rows = np.flatnonzero(text.labels != "")
    names = np.where(text.groups[rows] != "", text.groups[rows], text.words[rows])
    by_word = same_label_by_group(Chosen(layer.rows, rows), names, text.labels[rows]).values()
    ambiguous = [word for word in by_word if word.n_labels > 1]
    if not ambiguous:
        raise InputError("same-sense needs words in two senses: each word has one label here")
    weights = np.array([word.n for word in ambiguous])
    shares, chances = (np.array([getattr(word, name) for word in ambiguous]) for name in ("share", "chance"))
    columns = {
        "same_sense": shares,
        "same_sense_chance": chances,
        "same_sense_above_chance": shares - chances,
    }
    return [
        MeasuredValue.of(name, bootstrap_mean(column, weights=weights, seed=layer.seed), int(weights.sum()))
        for name, column in columns.items()
    ]


MEASURE = LayerMeasure(
    "same-sense", "how often the nearest other occurrence of a word has its sense", _measure
)
