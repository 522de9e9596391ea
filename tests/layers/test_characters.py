"""Words from characters."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ctxemb.layers.characters import N_SYMBOLS, CharacterCNN
from tests.toys import lively

PADDING = 261


def network(filters: tuple[tuple[int, int], ...] = ((1, 3), (2, 4), (5, 6))) -> CharacterCNN:
    torch.manual_seed(0)
    module = CharacterCNN(4, filters, 2, 5, padding=PADDING).double()
    return lively(module)


def spellings(n_characters: int, *lengths: int) -> Tensor:
    """Return random words of these lengths, padded."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.full((len(lengths), n_characters), PADDING)
    for row, length in enumerate(lengths):
        rows[row, :length] = torch.randint(1, PADDING, (length,), generator=generator)
    return rows


def by_hand(module: CharacterCNN, words: Tensor) -> Tensor:
    """Compute the same with all the padding, one word at a time."""
    rows = []
    for word in words:
        symbols = module.symbols.weight[word].T[None]  # (1, symbol_width, n_characters)
        pooled = [
            F.conv1d(symbols, convolution.weight, convolution.bias).max(dim=2).values
            for convolution in module.convolutions
        ]
        x = torch.cat(pooled, dim=1).clamp(min=0)
        for highway in module.highways:
            out = x @ highway.weight.T + highway.bias
            half = out.shape[1] // 2
            gate = torch.sigmoid(out[:, half:])
            x = gate * x + (1 - gate) * out[:, :half].clamp(min=0)
        rows.append(x @ module.projection.weight.T + module.projection.bias)
    return torch.cat(rows)


@pytest.mark.parametrize("lengths", [(3,), (2, 7, 1), (20, 1), (20, 20), (15, 16, 18), (0, 4), (0,)])
def test_trimming_changes_nothing(lengths: tuple[int, ...]) -> None:
    module = network()
    words = spellings(20, *lengths)
    with torch.no_grad():
        torch.testing.assert_close(module(words), by_hand(module, words), rtol=0, atol=1e-12)


def test_a_word_does_not_depend_on_longer_ones_beside_it() -> None:
    module = network()
    words = spellings(30, 4, 28, 9, 30)
    with torch.no_grad():
        together = module(words)
        alone = torch.cat([module(word[None]) for word in words])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)


def test_trimming_saves_work() -> None:
    module = network()
    assert module.trimmed(spellings(50, 3, 6)).shape == (2, 6 + 5)


def test_every_symbol_has_a_vector() -> None:
    assert network().symbols.num_embeddings == N_SYMBOLS == 262


def test_gradients_reach_every_weight() -> None:
    module = network()
    module(spellings(20, *range(1, 20))).square().sum().backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
