"""From spans of words to the rows of their pieces, and from rows to one vector a span."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ctxemb.models.encoding import NO_WORD, Encoding

Which = Literal["all", "first", "last"]
"""Which pieces of each word stand for it."""


class Bags(NamedTuple):
    """The rows of each span.

    Parameters
    ----------
    rows
        (n_rows,) pieces, those of a span behind one another, in the order of the text.
    starts
        (n_spans,) where each span's rows start in `rows`.
    """

    rows: Tensor
    starts: Tensor

    @property
    def ends(self) -> Tensor:
        """(n_spans,) where each span's last row stands in `rows`."""
        return torch.cat([self.starts[1:], self.starts.new_tensor([len(self.rows)])]) - 1


def bags_of(encoding: Encoding, spans: Tensor, which: Which = "all") -> Bags:
    """Return the pieces of spans, (n_spans, 2); a span that was cut off its window has none."""
    kept = (encoding.words != NO_WORD).nonzero()[:, 0]
    words, order = encoding.words[kept].sort(stable=True)  # windows lie in any order
    kept = kept[order]
    if which != "all":
        changes = words[1:] != words[:-1]
        end = changes.new_ones(1)
        chosen = torch.cat([end, changes] if which == "first" else [changes, end])
        kept, words = kept[chosen], words[chosen]
    low, high = (torch.searchsorted(words, edge.contiguous()) for edge in spans.unbind(1))
    counts = high - low
    starts = counts.cumsum(0) - counts
    places = torch.arange(int(counts.sum())) + torch.repeat_interleave(low - starts, counts)
    return Bags(kept[places], starts)


def combined(layer: Tensor, bags: Bags, mode: Literal["mean", "max"] = "mean") -> Tensor:
    """Return the mean or the largest values of each span's rows, (n_spans, width), from (n_pieces, width)."""
    rows, starts = (part.to(layer.device) for part in bags)
    return F.embedding_bag(rows, layer.float(), starts, mode=mode)


def compared(first: Tensor, second: Tensor) -> Tensor:
    """Return [u; v; |u - v|; u ∘ v], (..., 4 * width): what a classifier compares two vectors by.

    As for sentence pairs of Conneau et al. (2017).
    """
    return torch.cat([first, second, (first - second).abs(), first * second], dim=-1)
