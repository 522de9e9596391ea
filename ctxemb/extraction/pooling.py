"""Pieces into words and sentences."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ctxemb.models.encoding import NO_WORD, Encoding

Pool = Literal["mean", "first", "last"]
Unit = Literal["word", "sentence"]

POOLS: tuple[Pool, ...] = ("mean", "first", "last")
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
        Their mean, or the first or last piece alone.
    unit
        What they are combined into.

    Returns
    -------
    Tensor
        (n_layers, n_words or n_sentences, width)
    """
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
    sums = layers.new_zeros(layers.shape[0], n_groups, layers.shape[2])
    sums.index_add_(1, groups, layers[:, pieces])
    return sums / counts[None, :, None]
