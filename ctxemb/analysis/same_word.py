"""How much the vectors of a word depend on its context (Ethayarajh 2019).

The mean cosine is that of all pairs of occurrences, not of sampled ones: the cosines of n unit vectors u with
one another add up to ‖Σu‖² - n.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from ctxemb.analysis.isotropy import mean_cosine
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Rows
from ctxemb.analysis.word_types import FEWEST_CONTEXTS, mean_by_group, occurring_types, sum_units_by_type


def self_similarity(X: Rows, words: ArrayLike, fewest: int = 2) -> dict[str, float]:
    """Return the mean cosine of a word's occurrences with one another, for each word (Ethayarajh 2019).

    Parameters
    ----------
    X
        (n, width) vectors of occurrences.
    words
        (n,) the word of each.
    fewest
        Words with fewer occurrences are left out; at least 2.

    Returns
    -------
    dict
        Self-similarity of each word, in [-1, 1]; sorted by word.

    Raises
    ------
    InputError
        If no word occurs often enough, or a vector is zero or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> self_similarity(np.array([[1.0, 0], [0, 1], [2, 0]]), ["a", "b", "a"])
    {'a': 1.0}
    """
    names, codes, counts = occurring_types(X, words, max(2, fewest))
    sums, squares = sum_units_by_type(X, codes, len(names))
    values = ((sums**2).sum(axis=1) - squares) / (counts * (counts - 1))
    return dict(zip(names.tolist(), values.tolist(), strict=True))


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    scores = self_similarity(layer.rows, layer.text.words, FEWEST_CONTEXTS)
    baseline = mean_cosine(layer.rows)
    values = mean_by_group("self_similarity", scores, layer)
    values += [MeasuredValue.bare("random_pairs", baseline, len(layer.rows))]
    adjusted = {word: score - baseline for word, score in scores.items()}
    return values + mean_by_group("self_similarity_adjusted", adjusted, layer)


MEASURE = LayerMeasure("self-similarity", "mean cosine of a word's occurrences with one another", _measure)
