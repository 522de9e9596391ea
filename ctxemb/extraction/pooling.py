"""Pieces into words and sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ctxemb.errors import InputError
from ctxemb.models.encoding import NO_WORD, Encoding, sent

Pool = Literal["mean", "max", "first", "last", "cls"]
Unit = Literal["word", "sentence"]

POOLS: tuple[Pool, ...] = ("mean", "max", "first", "last", "cls")
UNITS: tuple[Unit, ...] = ("word", "sentence")


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which pieces of a batch make each word or sentence.

    Special pieces, and pieces that are only the context of a second window, take no part. The pieces of a
    sentence are combined without regard to words, so that a mean gives every piece the same weight.

    Parameters
    ----------
    rows
        (n_rows,) the words or sentences that have pieces in the batch, in rising order.
    counts
        (n_rows,) how many pieces each of them has.
    pieces
        (n_kept,) their pieces, behind one another.
    pool
        How they are combined.
    """

    rows: Tensor
    counts: Tensor
    pieces: Tensor
    pool: Pool

    @classmethod
    def of(cls, batch: Encoding, pool: Pool, unit: Unit) -> Groups:
        """Group the pieces of a batch, or of a part of one.

        Parameters
        ----------
        batch
            The batch.
        pool
            The mean of the pieces, the largest value of each dimension (``"max"``), or the first or last
            piece alone. Of a sentence also ``"cls"``: the special piece that it begins with, BERT's [CLS] or
            ELMo's start mark.
        unit
            What pieces are combined into.

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
        if pool == "cls":
            pieces = _window_starts(batch, unit)[pieces[starts]]
        elif pool == "first":
            pieces = pieces[starts]
        elif pool == "last":
            pieces = pieces[starts + counts - 1]
        return cls(rows, counts, pieces, pool)

    def to(self, device: torch.device) -> Groups:
        """Return the groups with what `combine` computes with on `device`."""
        return replace(self, counts=sent(self.counts, device), pieces=sent(self.pieces, device))

    def combine(self, layer: Tensor) -> Tensor:
        """Combine the vectors of one layer, (n_pieces, width), to (n_rows, width), float32 at least."""
        layer = layer.to(torch.promote_types(layer.dtype, torch.float32))
        if len(self.pieces) == len(self.rows):
            return layer[self.pieces]
        # A bag of embeddings is what gathers rows and combines them in one pass over memory.
        starts = self.counts.cumsum(0) - self.counts
        return F.embedding_bag(self.pieces, layer, starts, mode=self.pool)

    def join(self, old: Tensor, n_old: int, new: Tensor) -> Tensor:
        """Combine the vector of a group's first `n_old` pieces with that of its pieces here, each (width,).

        They are those of the first row, in case that a part before this one had pieces of it.
        """
        if self.pool == "mean":
            n_new = int(self.counts[0])
            return (old * n_old + new * n_new) / (n_old + n_new)
        if self.pool == "max":
            return torch.maximum(old, new)
        return new if self.pool == "last" else old


def _window_starts(batch: Encoding, unit: Unit) -> Tensor:
    """Return (n_pieces,) the place of the special piece at the start of each piece's window."""
    if unit == "word":
        raise InputError("the pool 'cls' is for sentences: a word has no special piece of its own")
    starts = batch.windows[:-1]
    if bool((batch.words[starts] != NO_WORD).any()):
        raise InputError("the pool 'cls' needs a model whose sentences begin with a special piece")
    return torch.repeat_interleave(starts, batch.lengths)
