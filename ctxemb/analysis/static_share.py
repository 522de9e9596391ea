"""How much of the vectors of a word one static vector could explain (Ethayarajh 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Rows, working
from ctxemb.analysis.word_types import FEWEST_CONTEXTS, mean_by_group, occurring_types
from ctxemb.errors import InputError

_MOST_WORDS = 1000
_MOST_OCCURRENCES = 500


def maximum_explainable_variance(
    X: Rows, words: ArrayLike, fewest: int = 2, *, most: int | None = None, seed: int = 0
) -> dict[str, float]:
    """Return the share of a word's variance that one static vector could explain (Ethayarajh 2019).

    It is σ₁²/Σσ² of the matrix of a word's occurrences, which is not centred.

    Parameters
    ----------
    X, words, fewest
        As of `self_similarity`.
    most
        At most so many occurrences of a word, drawn by `seed`, are used; None for all.
    seed
        Of the draw.

    Raises
    ------
    InputError
        If no word occurs often enough, or a value is not finite.

    Examples
    --------
    >>> maximum_explainable_variance(np.array([[2.0, 0], [0, 1]]), ["a", "a"])
    {'a': 0.8}
    """
    names, codes, _ = occurring_types(X, words, max(2, fewest))
    generator = np.random.default_rng(seed)
    order = np.argsort(codes, kind="stable")
    stretches = np.searchsorted(codes[order], np.arange(len(names) + 1))
    shares = {}
    for code, name in enumerate(names.tolist()):
        places = order[stretches[code] : stretches[code + 1]]
        if most is not None and len(places) > most:
            places = np.sort(generator.choice(places, most, replace=False))
        shares[name] = _first_share(working(X[places]))
    return shares


def _first_share(rows: NDArray[np.floating]) -> float:
    """Return the share of the largest squared singular value in all of them."""
    wide = rows.astype(np.float64)
    gram = wide @ wide.T if len(wide) <= wide.shape[1] else wide.T @ wide
    trace = float(np.trace(gram))
    if not trace:
        raise InputError("all vectors of a word are zero: there is no variance to explain")
    last = len(gram) - 1
    return float(linalg.eigvalsh(gram, subset_by_index=(last, last))[0]) / trace


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    words = _drawn_words(layer)
    options: dict[str, int] = {"fewest": FEWEST_CONTEXTS, "most": _MOST_OCCURRENCES, "seed": layer.seed}
    scores = maximum_explainable_variance(layer.rows, words, **options)
    scores.pop("", None)
    shuffled = np.random.default_rng(layer.seed).permutation(words)
    baseline = maximum_explainable_variance(layer.rows, shuffled, **options)
    adjusted = {word: score - baseline[word] for word, score in scores.items()}
    return mean_by_group("mev", scores, layer) + mean_by_group("mev_adjusted", adjusted, layer)


def _drawn_words(layer: MeasuredLayer) -> NDArray[np.str_]:
    """Return the word of each row, "" for words that are not among the drawn ones."""
    names, counts = np.unique(layer.text.words, return_counts=True)
    frequent = names[counts >= FEWEST_CONTEXTS]
    if len(frequent) <= _MOST_WORDS:
        return layer.text.words
    drawn = np.random.default_rng(layer.seed).choice(frequent, _MOST_WORDS, replace=False)
    return np.where(np.isin(layer.text.words, drawn), layer.text.words, "")


MEASURE = LayerMeasure("mev", "share of a word's variance that one vector could explain", _measure)
