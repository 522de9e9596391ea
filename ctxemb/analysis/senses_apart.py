"""How far apart the senses of a word are in its vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctxemb.analysis.intervals import bootstrap_mean, bootstrap_statistic
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Chosen, Rows
from ctxemb.analysis.word_types import occurring_types, sum_units_by_type
from ctxemb.errors import InputError


def sense_separation(X: Rows, words: ArrayLike, senses: ArrayLike) -> dict[str, tuple[float, float]]:
    """Return the mean cosine of a word's occurrences in the same sense, and in different senses.

    Parameters
    ----------
    X
        (n, width) vectors of occurrences.
    words, senses
        (n,) the word and the sense of each.

    Returns
    -------
    dict
        Within and between, for each word with a pair in one sense and a pair in two.

    Raises
    ------
    InputError
        If there is no such word, or a vector is zero or not finite.
    """
    names, word_codes, _ = occurring_types(X, words, 2)
    labels = np.char.add(np.char.add(names[word_codes], "\x1f"), np.asarray(senses, dtype=np.str_))
    labels = np.where(word_codes < 0, "", labels)
    kinds, codes = np.unique(labels, return_inverse=True)
    sums, squares = sum_units_by_type(X, codes, len(kinds))
    counts = np.bincount(codes, minlength=len(kinds)).astype(np.float64)
    owners = np.array([name.partition("\x1f")[0] for name in kinds], dtype=np.str_)
    separated = {}
    for name in names.tolist():
        mine = slice(*np.searchsorted(owners, [name, name + "\x1f"]))
        within_pairs = float((counts[mine] * (counts[mine] - 1)).sum())
        between_pairs = float(counts[mine].sum() ** 2 - (counts[mine] ** 2).sum())
        if within_pairs and between_pairs:
            own = float((sums[mine] ** 2).sum())
            within = (own - float(squares[mine].sum())) / within_pairs
            between = (float((sums[mine].sum(axis=0) ** 2).sum()) - own) / between_pairs
            separated[name] = (within, between)
    if not separated:
        raise InputError("no word has two occurrences in one sense and one in another")
    return separated


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    text = layer.text
    if text.labels is None or text.groups is None:
        raise InputError("sense-separation needs labelled occurrences: give --task with the name of a task")
    labelled = text.labels != ""
    rows = np.flatnonzero(labelled)
    names = np.where(text.groups[rows] != "", text.groups[rows], text.words[rows])
    scores = sense_separation(Chosen(layer.rows, rows), names, text.labels[rows])
    table = np.array(list(scores.values()))
    columns = {
        "within_senses": table[:, 0],
        "between_senses": table[:, 1],
        "senses_difference": table[:, 0] - table[:, 1],
    }
    values = [
        MeasuredValue.of(name, bootstrap_mean(column, seed=layer.seed), len(column))
        for name, column in columns.items()
    ]
    distances = 1 - table

    def ratio(drawn: NDArray[np.int64]) -> float:
        within, between = distances[drawn].mean(axis=0)
        return float(within / between) if between > 0 else float("nan")

    interval = bootstrap_statistic(ratio, len(table), seed=layer.seed)
    if np.isfinite(interval.value):
        values.append(MeasuredValue.of("senses_ratio", interval, len(table)))
    return values


MEASURE = LayerMeasure("sense-separation", "cosine of a word's occurrences in one sense and in two", _measure)
