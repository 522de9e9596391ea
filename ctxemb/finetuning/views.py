"""What a classifier sees of a network: from its layers to the features of each target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor, nn

from ctxemb.finetuning.batches import Batch
from ctxemb.finetuning.spans import Which, bags_of, combined, compared
from ctxemb.models.base import last
from ctxemb.models.bert import Bert
from ctxemb.models.checkpoints import Network
from ctxemb.models.gpt import Gpt
from ctxemb.tasks.base import PAIR_KINDS, Kind

SENTENCES: tuple[Kind, ...] = ("sentence-label", "sentence-pair")


class View(Protocol):
    """Turns the layers of a network into features.

    Attributes
    ----------
    width
        Size of one target's features.
    n_heads
        How many classifiers see features of their own; their probabilities are averaged.
    """

    width: int
    n_heads: int

    def __call__(self, network: Network, layers: Iterator[Tensor], batch: Batch) -> Tensor:
        """Return (n_heads, n_targets, width) from the layers, each (n_pieces, network.width)."""
        ...


def layers_of(network: Network, batch: Batch) -> Iterator[Tensor]:
    """Yield the layers of a network, (n_pieces, width), each computed when drawn."""
    if isinstance(network, Bert):
        return network.each(batch.encoding, batch.segments)
    return network.each(batch.encoding)


class SummaryView(nn.Module):
    """The last layer's vector of the piece that sums a window up: BERT's first, GPT's last.

    BERT's pooler transforms it. What is read in two windows has the sum of both (Radford et al.
    2018, "Similarity").

    Parameters
    ----------
    network
        A Transformer.
    marked
        How many spans of the item's own words stand beside the summary, each as the mean of the first pieces
        of its words (Wang et al. 2019, SuperGLUE, for WiC: 2).
    """

    n_heads = 1

    def __init__(self, network: Bert | Gpt, marked: int = 0) -> None:
        super().__init__()
        self.marked = marked
        self.width = network.width * (1 + marked)

    def forward(self, network: Network, layers: Iterator[Tensor], batch: Batch) -> Tensor:
        """See `View`."""
        top = last(layers)
        assert batch.owners is not None and batch.units is not None
        windows = batch.encoding.windows.to(top.device)
        places = windows[1:] - 1 if isinstance(network, Gpt) else windows[:-1]
        ends = top[places].float()
        sums = ends.new_zeros(int(batch.units.max()) + 1, ends.shape[1]).index_add(0, batch.owners, ends)
        if isinstance(network, Bert) and network.pooler is not None:
            sums = network.pool(sums)
        spans = batch.spans[:, : self.marked].unbind(1)
        words = [combined(top, bags_of(batch.encoding, span, "first")) for span in spans]
        return torch.cat([sums[batch.units], *words], dim=1)[None]


class WordView(nn.Module):
    """The last layer's vectors of the labelled words; of a pair, [u; v; |u - v|; u ∘ v].

    Parameters
    ----------
    network
        Any network.
    which
        Which pieces of a word stand for it: its first (Devlin et al. 2018, section 5.3) or, where only what
        is to the left is seen, its last.
    n_spans
        1, or 2 for a pair.
    """

    n_heads = 1

    def __init__(self, network: Network, which: Which, n_spans: int) -> None:
        super().__init__()
        self.which = which
        self.n_spans = n_spans
        self.width = network.width * (4 if n_spans == 2 else 1)

    def forward(self, network: Network, layers: Iterator[Tensor], batch: Batch) -> Tensor:
        """See `View`."""
        top = last(layers)
        found = [
            combined(top, bags_of(batch.encoding, batch.spans[:, place], self.which))
            for place in range(self.n_spans)
        ]
        return (compared(*found) if self.n_spans == 2 else found[0])[None]


class PooledView(nn.Module):
    """[h_T; max; mean] of the last layer over the labelled words (Howard and Ruder 2018, section 3.3).

    h_T is where the text was read to its end: for GPT and ELMo's forward direction the last piece, for ELMo's
    backward direction the first, for BERT the piece that sums the window up. ELMo's directions are seen by a
    classifier each. A text of several windows is pooled over all of them.

    Parameters
    ----------
    network
        Any network.
    kind
        Of the task.
    """

    def __init__(self, network: Network, kind: Kind) -> None:
        super().__init__()
        self.n_heads = 2 if network.family == "elmo" else 1
        self.kind = kind
        self.width = 3 * network.width // self.n_heads * (4 if kind in PAIR_KINDS else 1)

    def forward(self, network: Network, layers: Iterator[Tensor], batch: Batch) -> Tensor:
        """See `View`."""
        top = last(layers).float()
        texts = [self._text(network, top, batch, place) for place in range(batch.spans.shape[1])]
        return compared(*texts) if self.kind in PAIR_KINDS else texts[0]

    def _text(self, network: Network, top: Tensor, batch: Batch, place: int) -> Tensor:
        """Return (n_heads, n_targets, 3 * width of a direction) of one span of each target."""
        bags = bags_of(batch.encoding, batch.spans[:, place])
        firsts, lasts = bags.rows[bags.starts], bags.rows[bags.ends]
        if network.family == "bert" and self.kind in SENTENCES:
            windows = batch.encoding.windows
            lasts = windows[torch.searchsorted(windows, firsts, right=True) - 1]
        ends = [lasts, firsts][: self.n_heads]
        pooled = (top, combined(top, bags, "max"), combined(top, bags, "mean"))
        directions = zip(*(part.chunk(self.n_heads, dim=1) for part in pooled), strict=True)
        return torch.stack(
            [
                torch.cat([pieces[end.to(top.device)], largest, mean], dim=1)
                for end, (pieces, largest, mean) in zip(ends, directions, strict=True)
            ]
        )


class EndsView(nn.Module):
    """Where ELMo has read the text to its end: the forward half of the last word, the backward of the first.

    Of a pair, [u; v; |u - v|; u ∘ v].
    """

    n_heads = 1

    def __init__(self, network: Network, n_spans: int) -> None:
        super().__init__()
        self.width = network.width * (4 if n_spans == 2 else 1)

    def forward(self, network: Network, layers: Iterator[Tensor], batch: Batch) -> Tensor:
        """See `View`."""
        forward, backward = last(layers).chunk(2, dim=1)
        texts = []
        for place in range(batch.spans.shape[1]):
            bags = bags_of(batch.encoding, batch.spans[:, place])
            firsts, lasts = (bags.rows[edge].to(forward.device) for edge in (bags.starts, bags.ends))
            texts.append(torch.cat([forward[lasts], backward[firsts]], dim=1))
        return (compared(*texts) if len(texts) == 2 else texts[0])[None]
