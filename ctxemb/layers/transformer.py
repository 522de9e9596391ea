"""Transformer blocks over packed pieces: no padding, and no window sees another.

Pieces of all windows lie behind one another in one matrix, so every matrix product works on real pieces
alone. Attention alone needs to know where windows end: it takes *runs*, stretches of windows of equal
length, and treats each run as one unmasked batch.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.layers.products import Activation, linear, linear_onto

Run = tuple[int, int]
"""Number of windows and their common length, in pieces."""


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product self-attention (Vaswani et al. 2017, section 3.2).

    Parameters
    ----------
    width
        Size of a piece's vector, a multiple of `n_heads`.
    n_heads
        Number of attention heads.
    causal
        Whether a piece sees only itself and the pieces before it.
    dropout
        Share of attention weights, and of the output, dropped in training.
    """

    def __init__(self, width: int, n_heads: int, *, causal: bool, dropout: float) -> None:
        super().__init__()
        if width % n_heads:
            raise ValueError(f"width {width} is not a multiple of n_heads {n_heads}")
        self.n_heads = n_heads
        self.causal = causal
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, runs: Sequence[Run], onto: Tensor) -> Tensor:
        """Return the attended values added to `onto`; both, `x` and the result are (n_pieces, width)."""
        return linear_onto(self.attend(linear(x, self.qkv), runs), self.out, onto, self.drop)

    def attend(self, qkv: Tensor, runs: Sequence[Run]) -> Tensor:
        """Return the attended values, (n_pieces, width).

        Parameters
        ----------
        qkv
            (n_pieces, 3 * width) queries, keys and values.
        runs
            Of windows of equal length.
        """
        width = qkv.shape[1] // 3
        if qkv.is_cuda and qkv.dtype in (torch.bfloat16, torch.float16) and len(runs) > 1:
            return self._attend_at_once(
                qkv.view(len(qkv), 3, self.n_heads, width // self.n_heads), tuple(runs)
            )
        parts = []
        start = 0
        for count, length in runs:
            stop = start + count * length
            part = qkv[start:stop].view(count, length, 3, self.n_heads, width // self.n_heads)
            query, key, value = part.permute(2, 0, 3, 1, 4)  # each (count, n_heads, length, width / n_heads)
            attended = F.scaled_dot_product_attention(
                query,
                key,
                value,
                dropout_p=self.dropout if self.training else 0.0,
                is_causal=self.causal,
            )
            parts.append(attended.transpose(1, 2).reshape(count * length, width))
            start = stop
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _attend_at_once(self, qkv: Tensor, runs: tuple[Run, ...]) -> Tensor:
        """Return the attended values of windows of any lengths, by FlashAttention (Dao et al. 2022)."""
        query, key, value = qkv.unbind(1)  # each (n_pieces, n_heads, width / n_heads)
        borders, longest = _borders(runs, qkv.device), max(length for _, length in runs)
        dropout = self.dropout if self.training else 0.0
        attended = torch.ops.aten._flash_attention_forward(
            query, key, value, borders, borders, longest, longest, dropout, self.causal, False
        )[0]
        return attended.reshape(len(qkv), -1)  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=8)
def _borders(runs: tuple[Run, ...], device: torch.device) -> Tensor:
    """Return (n_windows + 1,) where windows start and end, for all blocks of a network the same tensor."""
    lengths = torch.tensor([0, *(length for count, length in runs for _ in range(count))])
    return lengths.cumsum(0, dtype=torch.int32).to(device)


class TransformerBlock(nn.Module):
    """Self-attention and a two-layer network, each with a residual connection and layer normalisation.

    Parameters
    ----------
    width, n_heads, hidden
        Sizes of the vectors, the number of heads, and the size of the network's hidden layer.
    norm
        ``"post"``: normalise after the residual sum (the original Transformer, GPT, BERT);
        ``"pre"``: normalise what enters each part (GPT-2).
    activation
        Of the network: ``"gelu"`` exact (BERT), ``"gelu_tanh"`` approximated (GPT, GPT-2), or ``"relu"``.
    causal, dropout
        As for `SelfAttention`; dropout also applies to the output of both parts.
    epsilon
        Added to the variance in layer normalisation.
    """

    def __init__(
        self,
        width: int,
        n_heads: int,
        hidden: int,
        *,
        norm: Literal["pre", "post"],
        activation: Activation,
        causal: bool,
        dropout: float,
        epsilon: float,
    ) -> None:
        super().__init__()
        self.norm = norm
        self.activation: Activation = activation
        self.attention = SelfAttention(width, n_heads, causal=causal, dropout=dropout)
        self.attention_norm = nn.LayerNorm(width, eps=epsilon)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)
        self.network_norm = nn.LayerNorm(width, eps=epsilon)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, runs: Sequence[Run]) -> Tensor:
        """Return the block's output; `x` and the result are (n_pieces, width)."""
        return self.leave(self.attention.attend(self.enter(x), runs), x)

    def enter(self, x: Tensor) -> Tensor:
        """Return the queries, keys and values of `x`, (n_pieces, 3 * width)."""
        return linear(self.attention_norm(x) if self.norm == "pre" else x, self.attention.qkv)

    def leave(self, attended: Tensor, x: Tensor) -> Tensor:
        """Return the block's output, (n_pieces, width), from the attended values and its input."""
        x = linear_onto(attended, self.attention.out, x, self.attention.drop)
        if self.norm == "pre":
            return self._network(self.network_norm(x), onto=x)
        x = self.attention_norm(x)
        return self.network_norm(self._network(x, onto=x))  # type: ignore[no-any-return]

    def compile_pieces(self) -> None:
        """Let torch compile what is done to each piece alone; attention would be anew for each few runs."""
        self.enter = torch.compile(self.enter, dynamic=True)  # type: ignore[method-assign]
        self.leave = torch.compile(self.leave, dynamic=True)  # type: ignore[method-assign]

    def _network(self, x: Tensor, onto: Tensor) -> Tensor:
        return linear_onto(linear(x, self.up, self.activation), self.down, onto, self.drop)


def initialise_normal(module: nn.Module, deviation: float) -> None:
    """Draw weights of linear and embedding layers from N(0, deviation²), and zero the biases.

    This is the initialisation of GPT and BERT (deviation 0.02); layer normalisation starts as the identity.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=deviation)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.normal_(part.weight, std=deviation)
