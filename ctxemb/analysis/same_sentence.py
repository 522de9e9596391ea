"""How alike the words of a sentence are in their vectors (Ethayarajh 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctxemb.analysis.intervals import bootstrap_mean
from ctxemb.analysis.isotropy import mean_cosine
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Rows, check_rows, unit_rows, working
from ctxemb.errors import InputError


def intra_sentence_similarity(X: Rows, offsets: ArrayLike) -> NDArray[np.float64]:
    """Return the mean cosine of a sentence's words with the mean of their vectors (Ethayarajh 2019).

    Parameters
    ----------
    X
        (n_words, width)
    offsets
        (n_sentences + 1,) where sentences start and end in the rows.

    Returns
    -------
    array
        (n_sentences,); NaN for a sentence without words.

    Raises
    ------
    InputError
        If the offsets are not those of the rows, a vector is not finite, or one or a mean is zero.
    """
    check_rows(X, fewest=1)
    borders = np.asarray(offsets, dtype=np.int64)
    if borders[0] != 0 or borders[-1] != len(X) or (np.diff(borders) < 0).any():
        raise InputError(f"offsets should rise from 0 to the number of rows, {len(X)}")
    values = np.full(len(borders) - 1, np.nan)
    for number, (start, stop) in enumerate(zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)):
        if start < stop:
            rows = working(X[start:stop])
            mean = unit_rows(rows.mean(axis=0, keepdims=True), number, "means of sentences")[0]
            values[number] = float((unit_rows(rows, start) @ mean).mean())
    return values


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    offsets = layer.text.offsets
    scores = intra_sentence_similarity(layer.rows, offsets)
    scores = scores[np.isfinite(scores) & (np.diff(offsets) > 1)]
    baseline = mean_cosine(layer.rows)
    return [
        MeasuredValue.of(name, bootstrap_mean(values, seed=layer.seed), len(values))
        for name, values in (("intra_sentence", scores), ("intra_sentence_adjusted", scores - baseline))
    ]


MEASURE = LayerMeasure("intra-sentence", "mean cosine of words with the mean of their sentence", _measure)
