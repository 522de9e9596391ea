"""BERT: a bidirectional Transformer encoder (Devlin et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ctxemb.layers.products import Activation
from ctxemb.layers.transformer import TransformerBlock, initialise_normal
from ctxemb.models.encoding import Encoding, pack, sent
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class BertConfig:
    """Sizes of a BERT; the defaults are those of BERT-base, cased.

    Parameters
    ----------
    n_vocabulary, n_positions, n_segments
        Number of pieces, of positions, and of segments (0 for DistilBERT, which has none).
    width, n_blocks, n_heads, hidden
        Size of the vectors, number of blocks and of attention heads, size of the blocks' hidden layer.
    dropout, epsilon, activation
        Of the blocks.
    first_position
        Number of a window's first position: 2 for RoBERTa.
    start, end, unknown
        Pieces around a window, and that of a word that would have none.
    pooler
        Whether there is a layer over `[CLS]` (DistilBERT has none).
    """

    family: ClassVar[str] = "bert"

    n_vocabulary: int = 28996
    n_positions: int = 512
    n_segments: int = 2
    width: int = 768
    n_blocks: int = 12
    n_heads: int = 12
    hidden: int = 3072
    dropout: float = 0.1
    epsilon: float = 1e-12
    activation: Activation = "gelu"
    first_position: int = 0
    start: str = "[CLS]"
    end: str = "[SEP]"
    unknown: str = "[UNK]"
    pooler: bool = True


class Bert(nn.Module):
    """The network of BERT with its pooler, without the heads of its pretraining.

    Layer 0 is the normalised sum of piece, position and segment embeddings; a later layer is the output of
    its block, which ends with a normalisation.
    """

    family = "bert"
    batch_pieces = 1536

    def __init__(self, config: BertConfig, tokenizer: PieceTokenizer) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.pieces = nn.Embedding(config.n_vocabulary, config.width)
        self.positions = nn.Embedding(config.n_positions, config.width)
        self.segments = nn.Embedding(config.n_segments, config.width) if config.n_segments else None
        self.norm = nn.LayerNorm(config.width, eps=config.epsilon)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                config.width,
                config.n_heads,
                config.hidden,
                norm="post",
                activation=config.activation,
                causal=False,
                dropout=config.dropout,
                epsilon=config.epsilon,
            )
            for _ in range(config.n_blocks)
        )
        self.pooler = nn.Linear(config.width, config.width) if config.pooler else None
        initialise_normal(self, 0.02)

    @property
    def n_layers(self) -> int:
        """Number of layers, the embeddings included."""
        return len(self.blocks) + 1

    @property
    def width(self) -> int:
        """Size of a layer's vector."""
        return self.config.width

    def forward(
        self, batch: Encoding, segments: Tensor | None = None, positions: Tensor | None = None
    ) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width); with the arguments of `each`."""
        return torch.stack(list(self.each(batch, segments, positions)))

    def each(
        self, batch: Encoding, segments: Tensor | None = None, positions: Tensor | None = None
    ) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, (n_pieces, width).

        Parameters
        ----------
        batch
            The pieces.
        segments
            (n_pieces,) the segment of each piece, 0 or 1; None for all 0.
        positions
            (n_pieces,) the position of each piece; None to count from 0 in each window.
        """
        runs = batch.runs()
        positions = self._positions(batch) if positions is None else positions + self.config.first_position
        summed = self.pieces(batch.pieces) + self.positions(positions)
        if self.segments is not None:
            summed = summed + self.segments(torch.zeros_like(batch.pieces) if segments is None else segments)
        x = self.drop(self.norm(summed))
        yield x
        for block in self.blocks:
            x = block(x, runs)
            yield x

    def _positions(self, batch: Encoding) -> Tensor:
        """Return (n_pieces,) the number of each piece's position.

        As in RoBERTa's first implementation, a padding piece that stands in a text is not counted, and has
        the position before the first.
        """
        first = self.config.first_position
        counted = batch.positions()
        if not first:
            return counted
        is_padding = batch.pieces == first - 1
        if not bool(is_padding.any()):
            return counted + first
        seen = (~is_padding).cumsum(0)
        starts = sent(torch.repeat_interleave(batch.windows[:-1], batch.lengths), seen.device)
        before = torch.cat([seen.new_zeros(1), seen])[starts]  # pieces counted before each window
        return torch.where(is_padding, first - 1, seen - before + first - 1)

    def pool(self, first: Tensor) -> Tensor:
        """Return BERT's sentence vectors, (n, width), from the last layer's `[CLS]`, (n, width)."""
        if self.pooler is None:
            raise ValueError("this network has no pooler")
        return torch.tanh(self.pooler(first))

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Split the words of `sentences` into pieces, between the start and end pieces."""
        return pack(
            *self.tokenizer.flat(sentences),
            prefix=(self.tokenizer.id(self.config.start),),
            suffix=(self.tokenizer.id(self.config.end),),
            max_pieces=self.config.n_positions - self.config.first_position,
        )
