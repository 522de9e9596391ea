"""GPT: a left-to-right Transformer language model (Radford et al. 2018), and GPT-2's variant (2019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ctxemb.layers.products import Activation
from ctxemb.layers.transformer import TransformerBlock, initialise_normal
from ctxemb.models.encoding import Encoding, pack
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class GptConfig:
    """Sizes of a GPT; the defaults are those of the original GPT.

    Parameters
    ----------
    n_vocabulary, n_positions
        Number of pieces, and of positions in a window.
    width, n_blocks, n_heads
        Size of the vectors, number of blocks and of attention heads.
    norm
        ``"post"`` for GPT, ``"pre"`` for GPT-2, which also normalises the last layer.
    start, end
        Special pieces that begin and end every window, or None (the published models have none).
    unknown
        The piece of a word that would have none.
    dropout, epsilon, hidden, activation
        Of the blocks; a `hidden` of 0 is four times the width.
    types
        Whether the tokenizer gives each piece the type 0, as BERT's does: the vector of piece 0, which stands
        for this type in `transformers`, is added to all.
    """

    family: ClassVar[str] = "gpt"

    n_vocabulary: int = 40478
    n_positions: int = 512
    width: int = 768
    n_blocks: int = 12
    n_heads: int = 12
    norm: Literal["pre", "post"] = "post"
    start: str | None = None
    unknown: str = "<unk>"
    dropout: float = 0.1
    epsilon: float = 1e-5
    hidden: int = 0
    activation: Activation = "gelu_tanh"
    end: str | None = None
    types: bool = False


class Gpt(nn.Module):
    """The network of GPT, without its language-model softmax (whose weights are the piece embeddings).

    Layer 0 is the sum of piece and position embeddings. In GPT a layer is the output of its block, which ends
    with a normalisation. In GPT-2, which normalises the input of each half of a block, a layer is the
    unnormalised sum that runs through all blocks; its last layer is given after the normalisation that
    follows the last block, unless `final_norm` is False.
    """

    family = "gpt"
    batch_pieces = 1536

    def __init__(self, config: GptConfig, tokenizer: PieceTokenizer) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.pieces = nn.Embedding(config.n_vocabulary, config.width)
        self.positions = nn.Embedding(config.n_positions, config.width)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                config.width,
                config.n_heads,
                config.hidden or 4 * config.width,
                norm=config.norm,
                activation=config.activation,
                causal=True,
                dropout=config.dropout,
                epsilon=config.epsilon,
            )
            for _ in range(config.n_blocks)
        )
        self.norm = nn.LayerNorm(config.width, eps=config.epsilon) if config.norm == "pre" else nn.Identity()
        self.final_norm = True
        initialise_normal(self, 0.02)

    @property
    def n_layers(self) -> int:
        """Number of layers, the embeddings included."""
        return len(self.blocks) + 1

    @property
    def width(self) -> int:
        """Size of a layer's vector."""
        return self.config.width

    def forward(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width)."""
        return torch.stack(list(self.each(batch)))

    def each(self, batch: Encoding) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, (n_pieces, width)."""
        runs = batch.runs()
        summed = self.pieces(batch.pieces) + self.positions(batch.positions())
        if self.config.types:
            summed = summed + self.pieces.weight[0]
        x = self.drop(summed)
        for block in self.blocks:
            yield x
            x = block(x, runs)
        yield self.norm(x) if self.final_norm else x

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Split the words of `sentences` into pieces."""
        start, end = self.config.start, self.config.end
        return pack(
            *self.tokenizer.flat(sentences),
            prefix=() if start is None else (self.tokenizer.id(start),),
            suffix=() if end is None else (self.tokenizer.id(end),),
            max_pieces=self.config.n_positions,
            causal=True,
        )
