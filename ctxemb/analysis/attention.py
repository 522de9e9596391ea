"""Where the heads of a Transformer look: at which words, how far, how widely; and along which arcs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctxemb.analysis.intervals import bootstrap_mean
from ctxemb.analysis.measure import MeasuredValue
from ctxemb.errors import InputError

NO_WORD = -1
"""The word of a special piece."""

STATISTICS = ("entropy", "distance", "special", "previous", "same", "next")

Floats = NDArray[np.floating]


def word_attention(weights: Floats, words: ArrayLike) -> Floats:
    """Return attention from words to words, from that between pieces (Clark et al. 2019).

    Attention *to* a word is the sum over its pieces, attention *from* it the mean. Rows add up to 1 less what
    goes to special pieces.

    Parameters
    ----------
    weights
        (..., n_pieces, n_pieces) row i says where piece i looks.
    words
        (n_pieces,) the word of each piece, from 0, each with a piece at least; -1 for special pieces.

    Returns
    -------
    array
        (..., n_words, n_words)

    Raises
    ------
    InputError
        If the words are not those of the pieces.

    Examples
    --------
    >>> word_attention(np.array([[0.5, 0.25, 0.25], [0, 1, 0], [1, 0, 0]]), [0, 0, -1]).tolist()
    [[0.875]]
    """
    of_words = _members(weights, words)
    counts = of_words.sum(axis=1, keepdims=True)
    if not counts.all():
        raise InputError(f"word {int(np.argmin(counts))} (counted from 0) has no piece")
    return np.asarray((of_words / counts) @ (weights @ of_words.T))


def _members(weights: Floats, words: ArrayLike) -> Floats:
    """Return (n_words, n_pieces) which piece is of which word."""
    owners = np.asarray(words, dtype=np.int64)
    if weights.ndim < 2 or weights.shape[-2:] != (len(owners), len(owners)):
        raise InputError(
            f"weights of {len(owners)} pieces should end in that shape twice, found {weights.shape}"
        )
    if not (owners >= 0).any():
        raise InputError("there is no word among the pieces")
    return np.asarray(owners[None] == np.arange(owners.max() + 1)[:, None], dtype=weights.dtype)


def head_statistics(weights: Floats, words: ArrayLike) -> dict[str, Floats]:
    """Return where each head looks in a sentence, as means over its words.

    Parameters
    ----------
    weights, words
        As of `word_attention`; weights (..., n_pieces, n_pieces).

    Returns
    -------
    dict
        Each (...): ``entropy`` of the weights of a piece, in bits; ``distance`` in words, of what goes to
        words; and the shares that go to ``special`` pieces, and to the ``previous``, the ``same`` and the
        ``next`` word.
    """
    between = word_attention(weights, words)  # (..., n_words, n_words)
    n = between.shape[-1]
    owners = np.asarray(words, dtype=np.int64)
    own = weights[..., owners >= 0, :]
    bits = -np.where(own > 0, own * np.log2(np.where(own > 0, own, 1)), 0).sum(axis=-1)
    apart = np.abs(np.arange(n)[:, None] - np.arange(n)[None])
    mass = between.sum(axis=(-2, -1))
    far = (between * apart).sum(axis=(-2, -1))
    return {
        "entropy": bits.mean(axis=-1),
        "distance": np.divide(far, mass, out=np.zeros_like(far), where=mass > 0),
        "special": 1 - mass / n,
        "previous": np.trace(between, -1, -2, -1) / n,
        "same": np.trace(between, 0, -2, -1) / n,
        "next": np.trace(between, 1, -2, -1) / n,
    }


def arc_hits(between: Floats, parents: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return whether heads find the parents of words (Clark et al. 2019).

    A head finds it *upwards* if a word looks most at its parent, of all other words; *downwards* if, of all
    other words, the parent looks most at the word.

    Parameters
    ----------
    between
        (n_blocks, n_heads, n_words, n_words) attention from words to words.
    parents
        (n_words,) the parent of each word; -1 for the root.

    Returns
    -------
    array, array
        (n_arcs, 2, n_blocks, n_heads), upwards and downwards; and the dependents, (n_arcs,).
    """
    up = np.asarray(parents, dtype=np.int64)
    children = np.flatnonzero(up >= 0)
    others = between.astype(np.float64)
    n = others.shape[-1]
    others[..., np.arange(n), np.arange(n)] = -1
    upwards = others.argmax(axis=-1)[..., children] == up[children]
    downwards = others.argmax(axis=-2)[..., children] == up[children]
    return np.moveaxis(np.stack([upwards, downwards]), -1, 0), children


def offset_hits(parents: ArrayLike, offsets: Sequence[int]) -> NDArray[np.bool_]:
    """Return whether the parent stands so many words after the word, (n_arcs, n_offsets): the baseline."""
    up = np.asarray(parents, dtype=np.int64)
    children = np.flatnonzero(up >= 0)
    return np.asarray((up[children] - children)[:, None] == np.asarray(offsets)[None])


def choose_and_score(
    statistic: str,
    chosen_on: NDArray[np.bool_],
    scored_on: NDArray[np.bool_],
    sentences: NDArray[np.int64],
    *,
    group: str = "",
    seed: int = 0,
) -> tuple[int, MeasuredValue]:
    """Choose the column with the most hits on some arcs, and return its share of hits on others.

    Choosing and scoring on the same arcs would favour the side with more columns to choose from.

    Parameters
    ----------
    statistic, group
        What the value is called.
    chosen_on, scored_on
        (n_arcs, n_columns) hits, of the arcs to choose by and of those to score.
    sentences
        (n_scored_arcs,) the sentence of each; they are resampled whole.
    seed
        Of the resampling.
    """
    best = int(chosen_on.mean(axis=0).argmax())
    hits = scored_on[:, best].astype(np.float64)
    numbers, owners = np.unique(sentences, return_inverse=True)
    counts = np.bincount(owners, minlength=len(numbers)).astype(np.float64)
    shares = np.bincount(owners, hits, len(numbers)) / counts
    return best, MeasuredValue.of(
        statistic, bootstrap_mean(shares, weights=counts, seed=seed), len(hits), group
    )
