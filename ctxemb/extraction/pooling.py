"""Pieces into words and sentences."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.models.encoding import NO_WORD, Encoding

Pool = Literal["mean", "max", "first", "last", "cls"]
Unit = Literal["word", "sentence"]

POOLS: tuple[Pool, ...] = ("mean", "max", "first", "last", "cls")
UNITS: tuple[Unit, ...] = ("word", "sentence")


def pool_pieces(layers: Tensor, batch: Encoding, pool: Pool, unit: Unit) -> Tensor:
    """Combine the vectors of the pieces of each word, or of each sentence.

    Special pieces, and pieces that are only the context of a second window, take no part. The pieces of a
    sentence are combined without regard to words, so that a mean gives every piece the same weight.

    Parameters
    ----------
    layers
        (n_layers, n_pieces, width)
    batch
        The encoding that they belong to.
    pool
        Their mean, the largest value of each dimension (``"max"``), or the first or last piece alone. Of a
        sentence also ``"cls"``: the special piece that it begins with, BERT's [CLS] or ELMo's start mark.
    unit
        What they are combined into.

    Returns
    -------
    Tensor
        (n_layers, n_words or n_sentences, width)

    Raises
    ------
    InputError
        If ``"cls"`` is asked of words, or of a model that begins with no special piece.
    """
    if pool == "cls":
        return layers[:, _starts(batch, unit)]
    kept = batch.words != NO_WORD
    words = batch.words[kept]
    order = torch.argsort(words, stable=True)  # windows lie in any order, pieces of a word do not
    pieces = kept.nonzero()[:, 0][order]
    groups = words[order]
    n_groups = batch.n_words
    if unit == "sentence":
        groups = torch.searchsorted(batch.offsets, groups, right=True) - 1
        n_groups = batch.n_sentences
    counts = torch.bincount(groups, minlength=n_groups)
    if pool == "first":
        return layers[:, pieces[counts.cumsum(0) - counts]]
    if pool == "last":
        return layers[:, pieces[counts.cumsum(0) - 1]]
    if len(pieces) == n_groups:
        return layers[:, pieces]
    if pool == "max":
        lowest = layers.new_full((layers.shape[0], n_groups, layers.shape[2]), -torch.inf)
        places = groups[None, :, None].expand(layers.shape[0], -1, layers.shape[2])
        return lowest.scatter_reduce_(1, places, layers[:, pieces], "amax")
    sums = layers.new_zeros(layers.shape[0], n_groups, layers.shape[2])
    sums.index_add_(1, groups, layers[:, pieces])
    return sums / counts[None, :, None]


def _starts(batch: Encoding, unit: Unit) -> Tensor:
    """Return (n_sentences,) the place of the special piece before each sentence's first window."""
    if unit == "word":
        raise InputError("the pool 'cls' is for sentences: a word has no special piece of its own")
    first = batch.windows[:-1]
    if bool((batch.words[first] != NO_WORD).any()):
        raise InputError("the pool 'cls' needs a model whose sentences begin with a special piece")
    owned = torch.where(batch.words == NO_WORD, batch.n_words, batch.words)
    windows = torch.repeat_interleave(torch.arange(len(first)), batch.lengths)
    lowest = torch.full((len(first),), batch.n_words).scatter_reduce_(0, windows, owned, "amin")
    by_word = torch.argsort(lowest)  # sentences in order; a long one's first window before its others
    sentences = torch.searchsorted(batch.offsets, lowest[by_word], right=True) - 1
    begins = torch.cat([torch.ones(1, dtype=torch.bool), sentences.diff() != 0])
    return first[by_word[begins]]
