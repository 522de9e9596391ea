"""Attention and Transformer blocks over packed windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from ctxemb.layers.transformer import Activation, SelfAttention, TransformerBlock, initialise_normal
from tests.toys import lively

RUNS = [(2, 3), (1, 5), (3, 1)]
WINDOWS = [3, 3, 5, 1, 1, 1]


def pieces(width: int) -> Tensor:
    return torch.randn(sum(WINDOWS), width, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def one_at_a_time(module: Callable[[Tensor, list[tuple[int, int]]], Tensor], x: Tensor) -> Tensor:
    return torch.cat([module(part, [(1, len(part))]) for part in x.split(WINDOWS)])


def attention(*, causal: bool, n_heads: int = 2) -> SelfAttention:
    torch.manual_seed(0)
    module = SelfAttention(8, n_heads, causal=causal, dropout=0.5).double().eval()
    return lively(module)


def attend(module: SelfAttention) -> Callable[[Tensor, list[tuple[int, int]]], Tensor]:
    """Return the attention alone, without the sum that it is added to."""
    return lambda x, runs: module(x, runs, torch.zeros_like(x))


def block(norm: Literal["pre", "post"], activation: Activation, *, causal: bool) -> TransformerBlock:
    torch.manual_seed(0)
    module = TransformerBlock(
        8, 2, 12, norm=norm, activation=activation, causal=causal, dropout=0.5, epsilon=1e-5
    )
    return lively(module.double().eval())


def attention_by_hand(module: SelfAttention, x: Tensor) -> Tensor:
    """Attend within one window, head by head."""
    width = x.shape[1]
    size = width // module.n_heads
    query, key, value = (x @ module.qkv.weight.T + module.qkv.bias).split(width, dim=1)
    heads = []
    for head in range(module.n_heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[:, part] @ key[:, part].T / math.sqrt(size)
        if module.causal:
            scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -math.inf)
        heads.append(scores.softmax(dim=1) @ value[:, part])
    return torch.cat(heads, dim=1) @ module.out.weight.T + module.out.bias


def norm_by_hand(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    deviation = (x.var(dim=1, correction=0, keepdim=True) + norm.eps).sqrt()
    return (x - x.mean(dim=1, keepdim=True)) / deviation * norm.weight + norm.bias


def network_by_hand(module: TransformerBlock, x: Tensor) -> Tensor:
    hidden = x @ module.up.weight.T + module.up.bias
    if module.activation == "relu":
        return hidden.clamp(min=0) @ module.down.weight.T + module.down.bias
    if module.activation == "gelu_tanh":
        bent = torch.tanh(math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3))
    else:
        bent = torch.erf(hidden / math.sqrt(2))
    return 0.5 * hidden * (1 + bent) @ module.down.weight.T + module.down.bias


def block_by_hand(module: TransformerBlock, x: Tensor) -> Tensor:
    if module.norm == "pre":
        x = x + attention_by_hand(module.attention, norm_by_hand(module.attention_norm, x))
        return x + network_by_hand(module, norm_by_hand(module.network_norm, x))
    x = norm_by_hand(module.attention_norm, x + attention_by_hand(module.attention, x))
    return norm_by_hand(module.network_norm, x + network_by_hand(module, x))


@pytest.mark.parametrize("n_heads", [1, 2, 8])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_one_window_at_a_time_by_hand(causal: bool, n_heads: int) -> None:
    module, x = attention(causal=causal, n_heads=n_heads), pieces(8)
    with torch.no_grad():
        expected = torch.cat([attention_by_hand(module, part) for part in x.split(WINDOWS)])
        torch.testing.assert_close(attend(module)(x, RUNS), expected)
        torch.testing.assert_close(one_at_a_time(attend(module), x), expected)


def test_how_runs_are_cut_does_not_matter() -> None:
    module, x = attention(causal=False), pieces(8)
    torch.testing.assert_close(
        attend(module)(x, RUNS), attend(module)(x, [(1, length) for length in WINDOWS])
    )


def test_causal_attention_sees_nothing_to_the_right() -> None:
    module, x = attention(causal=True), pieces(8)[:6]
    changed = x.clone()
    changed[3:] = torch.randn(3, 8, dtype=torch.float64)
    before, after = attend(module)(x, [(1, 6)]), attend(module)(changed, [(1, 6)])
    assert torch.equal(before[:3], after[:3])
    assert ((before[3:] - after[3:]).abs().amax(dim=1) > 0.01).all()


def test_attention_sees_both_sides_otherwise() -> None:
    module, x = attention(causal=False), pieces(8)[:6]
    changed = x.clone()
    changed[3] += 1
    moved = attend(module)(changed, [(1, 6)]) - attend(module)(x, [(1, 6)])
    assert (moved.abs().amax(dim=1) > 1e-6).all()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh", "relu"])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_block_by_hand(norm: Literal["pre", "post"], activation: Activation, causal: bool) -> None:
    module, x = block(norm, activation, causal=causal), pieces(8)
    with torch.no_grad():
        expected = torch.cat([block_by_hand(module, part) for part in x.split(WINDOWS)])
        torch.testing.assert_close(module(x, RUNS), expected)


def test_dropout_is_for_training_only() -> None:
    module, x = block("post", "gelu", causal=False), pieces(8)
    assert torch.equal(module(x, RUNS), module(x, RUNS))
    module.train()
    assert not torch.equal(module(x, RUNS), module(x, RUNS))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="width 10 is not a multiple of n_heads 4"):
        SelfAttention(10, 4, causal=False, dropout=0.0)


def test_initialise_normal() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Embedding(400, 50), nn.Linear(50, 300), nn.LayerNorm(300))
    initialise_normal(module, 0.02)
    for weight in (module[0].weight, module[1].weight):
        assert weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert abs(weight.mean().item()) < 1e-3
    assert not module[1].bias.any()
    assert torch.equal(module[2].weight, torch.ones(300))
