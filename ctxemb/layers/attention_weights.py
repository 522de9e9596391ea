"""Where attention looks: its weights, which the fast path never makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ctxemb.layers.transformer import Run, SelfAttention


def attention_weights(attention: SelfAttention, qkv: Tensor, runs: Sequence[Run]) -> Iterator[Tensor]:
    """Yield the weights of each run of windows, (n_windows, n_heads, length, length), float32.

    Row i says where piece i looks; it adds up to 1. Of a causal model, what lies right of the diagonal is 0.

    Parameters
    ----------
    attention
        The heads.
    qkv
        (n_pieces, 3 * width) queries, keys and values.
    runs
        Of windows of equal length.
    """
    size = qkv.shape[1] // (3 * attention.n_heads)
    start = 0
    for count, length in runs:
        stop = start + count * length
        part = qkv[start:stop].float().view(count, length, 3, attention.n_heads, size)
        query, key, _ = part.permute(2, 0, 3, 1, 4)  # each (count, n_heads, length, size)
        scores = query @ key.transpose(-1, -2) / size**0.5
        if attention.causal:
            later = torch.ones(length, length, dtype=torch.bool, device=qkv.device).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        yield scores.softmax(dim=-1)
        start = stop
