"""Pieces into words and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ctxemb.errors import InputError
from ctxemb.models.encoding import NO_WORD, Encoding

Pool = Literal["mean", "max", "first", "last", "cls"]
Unit = Literal["word", "sentence"]

POOLS: tuple[Pool, ...] = ("mean", "max", "first", "last", "cls")
UNITS: tuple[Unit, ...] = ("word", "sentence")


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """The vectors of the words or sentences that a batch holds.

    Parameters
    ----------
    rows
        (n_rows,) which words or sentences, in rising order.
    counts
        (n_rows,) how many pieces each of them has here.
    values
        (n_layers, n_rows, width)
    """

    rows: Tensor
    counts: Tensor
    values: Tensor


def pool_pieces(layers: Tensor, batch: Encoding, pool: Pool, unit: Unit) -> Pooled:
    """Combine the vectors of the pieces of each word, or of each sentence.

    Special pieces, and pieces that are only the context of a second window, take no part. The pieces of a
    sentence are combined without regard to words, so that a mean gives every piece the same weight.

    Parameters
    ----------
    layers
        (n_layers, n_pieces, width)
    batch
        The encoding that they belong to, or the part of one.
    pool
        Their mean, the largest value of each dimension (``"max"``), or the first or last piece alone. Of a
        sentence also ``"cls"``: the special piece that it begins with, BERT's [CLS] or ELMo's start mark.
    unit
        What they are combined into.

    Returns
    -------
    Pooled
        Of all words or sentences that have pieces in the batch.

    Raises
    ------
    InputError
        If ``"cls"`` is asked of words, or of a model that begins with no special piece.
    """
    kept = (batch.words != NO_WORD).nonzero()[:, 0]
    groups = batch.words[kept]
    if unit == "sentence":
        groups = torch.searchsorted(batch.offsets, groups, right=True) - 1
    groups, order = groups.sort(stable=True)  # windows lie in any order, pieces of a word do not
    pieces = kept[order]
    rows, counts = groups.unique_consecutive(return_counts=True)
    starts = counts.cumsum(0) - counts
    if pool in ("mean", "max"):
        if len(pieces) == len(rows):
            return Pooled(rows, counts, layers[:, pieces])
        # A bag of embeddings is what gathers rows and combines them in one pass over memory.
        bags = [F.embedding_bag(pieces, layer, starts, mode=pool) for layer in layers]
        return Pooled(rows, counts, torch.stack(bags))
    if pool == "cls":
        chosen = _window_starts(batch, unit)[pieces[starts]]
    else:
        chosen = pieces[starts if pool == "first" else starts + counts - 1]
    return Pooled(rows, counts, layers[:, chosen])


def join(one: Pooled, other: Pooled, pool: Pool) -> Pooled:
    """Return `other` with its first row combined with the last of `one`, if they are of the same.

    A sentence of many windows is pooled in several parts, one after the other.
    """
    if one.rows[-1] != other.rows[0]:
        return other
    old, new = one.values[:, -1], other.values[:, 0]
    before, here = one.counts[-1], other.counts[0]
    if pool == "mean":
        new = (old * before + new * here) / (before + here)
    elif pool == "max":
        new = torch.maximum(old, new)
    elif pool in ("first", "cls"):
        new = old
    counts, values = other.counts.clone(), other.values.clone()
    counts[0] += before
    values[:, 0] = new
    return Pooled(other.rows, counts, values)


def _window_starts(batch: Encoding, unit: Unit) -> Tensor:
    """Return (n_pieces,) the place of the special piece at the start of each piece's window."""
    if unit == "word":
        raise InputError("the pool 'cls' is for sentences: a word has no special piece of its own")
    starts = batch.windows[:-1]
    if bool((batch.words[starts] != NO_WORD).any()):
        raise InputError("the pool 'cls' needs a model whose sentences begin with a special piece")
    return torch.repeat_interleave(starts, batch.lengths)
