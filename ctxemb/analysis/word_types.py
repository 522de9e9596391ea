"""Occurrences of the same word: which there are, what they add up to, and groups of words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ctxemb.analysis.intervals import bootstrap_mean
from ctxemb.analysis.measure import MeasuredLayer, MeasuredValue, Occurrences
from ctxemb.analysis.rows import Rows, check_rows, chunks, unit_rows
from ctxemb.errors import InputError

FEWEST_CONTEXTS = 5
"""Measures leave out words with fewer occurrences (Ethayarajh 2019)."""

_BANDS = ((5, 9), (10, 99), (100, None))


def occurring_types(
    X: Rows, words: ArrayLike, fewest: int
) -> tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.float64]]:
    """Return the words that occur often enough, the word of each row (-1 for others), and their counts."""
    check_rows(X)
    array = np.asarray(words, dtype=np.str_)
    if array.shape != (len(X),):
        raise InputError(f"expected a word for each of the {len(X)} rows, found {array.size}")
    names, codes, counts = np.unique(array, return_inverse=True, return_counts=True)
    kept = counts >= fewest
    if not kept.any():
        raise InputError(
            f"no word occurs {fewest} times: there are {len(X)} occurrences of {len(names)} words"
        )
    numbers = np.where(kept, np.cumsum(kept) - 1, -1)
    return names[kept], numbers[codes.ravel()], counts[kept].astype(np.float64)


def sum_units_by_type(
    X: Rows, codes: NDArray[np.int64], n_types: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum of the unit vectors of each type, (n_types, width), and of their squared lengths."""
    sums = np.zeros((n_types, X.shape[1]))
    squares = np.zeros(n_types)
    for first, block in chunks(X):
        own = codes[first : first + len(block)]
        rows = np.flatnonzero(own >= 0)
        present, columns = np.unique(own[rows], return_inverse=True)
        units = unit_rows(block[rows], first)
        table = sparse.csr_matrix((np.ones(len(rows)), (columns, np.arange(len(rows)))))
        if len(rows):
            sums[present] += table @ units
            squares += np.bincount(own[rows], (units**2).sum(axis=1), n_types)
    return sums, squares


def mean_by_group(statistic: str, scores: Mapping[str, float], layer: MeasuredLayer) -> list[MeasuredValue]:
    """Return the mean over all words, and over the words of each group of them."""
    words = list(scores)
    numbers = np.array([scores[word] for word in words])
    values = []
    for group, member in {"": np.ones(len(words), dtype=bool), **word_groups(words, layer.text)}.items():
        if member.any():
            interval = bootstrap_mean(numbers[member], seed=layer.seed)
            values.append(MeasuredValue.of(statistic, interval, int(member.sum()), group))
    return values


def word_groups(words: list[str], text: Occurrences) -> dict[str, NDArray[np.bool_]]:
    """Return which words are in which group: by frequency, most frequent label, and number of senses.

    Examples
    --------
    >>> groups = word_groups(["a", "b"], Occurrences([["a"] * 5, ["b"] * 12], n_senses={"a": 1, "b": 3}))
    >>> {name: member.tolist() for name, member in groups.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'frequency 5-9': [True, False], 'frequency 10-99': [False, True], 'frequency 100-': [False, False],
     'monosemous': [True, False], 'polysemous': [False, True]}
    """
    names, codes, counts = np.unique(text.words, return_inverse=True, return_counts=True)
    places = np.searchsorted(names, words)
    frequency = counts[places]
    groups: dict[str, NDArray[np.bool_]] = {}
    for low, high in _BANDS:
        below = True if high is None else frequency <= high
        groups[f"frequency {low}-{high or ''}"] = (frequency >= low) & below
    if text.n_senses:
        senses = np.array([text.n_senses.get(word, 0) for word in words])
        groups |= {"monosemous": senses == 1, "polysemous": senses > 1}
    if text.labels is not None and text.groups is not None and not (text.groups != "").any():
        kinds, labels = np.unique(text.labels, return_inverse=True)
        table = sparse.csr_matrix(
            (np.ones(len(labels)), (codes.ravel(), labels.ravel())), shape=(len(names), len(kinds))
        )
        leading = np.asarray(table.tocsr()[places].toarray().argmax(axis=1))
        groups |= {f"label {kind}": leading == number for number, kind in enumerate(kinds) if kind}
    return groups
