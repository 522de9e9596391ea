"""Words from characters: convolutions of several widths, highway layers, and a projection.

Kim et al. 2016 (Character-aware neural language models), as Peters et al. 2018 use it for ELMo.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ctxemb.layers.products import can_fuse, pointwise

N_SYMBOLS = 262
"""Symbols of a word's spelling: 256 bytes, five marks, and 0 for no character at all."""


class CharacterCNN(nn.Module):
    """Character convolutions with max-pooling over the word, highway layers and a linear projection.

    Parameters
    ----------
    symbol_width
        Size of a symbol's vector.
    filters
        Pairs of a filter's length in characters and the number of such filters.
    n_highway
        Number of highway layers (Srivastava et al. 2015).
    width
        Size of a word's vector.
    padding
        The symbol that fills a spelling up to its full length.
    """

    def __init__(
        self,
        symbol_width: int,
        filters: Sequence[tuple[int, int]],
        n_highway: int,
        width: int,
        *,
        padding: int,
    ) -> None:
        super().__init__()
        self.padding = padding
        self.symbols = nn.Embedding(N_SYMBOLS, symbol_width)
        self.convolutions = nn.ModuleList(nn.Conv1d(symbol_width, count, length) for length, count in filters)
        total = sum(count for _, count in filters)
        self.highways = nn.ModuleList(nn.Linear(total, 2 * total) for _ in range(n_highway))
        self.projection = nn.Linear(total, width)
        self.longest_filter = max(length for length, _ in filters)

    def forward(self, spellings: Tensor) -> Tensor:
        """Return a vector for each spelling.

        Parameters
        ----------
        spellings
            (n_words, n_characters) symbol numbers.

        Returns
        -------
        Tensor
            (n_words, width)
        """
        return self.mixed(self.filtered(spellings))

    def filtered(self, spellings: Tensor) -> Tensor:
        """Return what the filters find in each spelling, (n_words, n_filters)."""
        trimmed = self.trimmed(spellings).to(self.symbols.weight.device).long()
        symbols = self.symbols(trimmed)  # (n_words, length, symbol_width)
        find = _products if can_fuse(symbols) else _convolution
        pooled = [find(symbols, convolution) for convolution in self.convolutions]
        return torch.relu(torch.cat(pooled, dim=1))

    def mixed(self, x: Tensor) -> Tensor:
        """Return the vectors of words, (n_words, width), from what the filters found in them."""
        for highway in self.highways:
            assert isinstance(highway, nn.Linear)
            half = len(highway.bias) // 2
            if can_fuse(x):
                proposal = pointwise(x, highway.weight[:half], highway.bias[:half], "relu")
                carry = pointwise(x, highway.weight[half:], highway.bias[half:], "sigmoid")
                x = torch.lerp(proposal, x, carry)
            else:
                proposal, gate = highway(x).split(half, dim=1)
                carry = torch.sigmoid(gate)
                x = carry * x + (1 - carry) * torch.relu(proposal)
        return self.projection(x)  # type: ignore[no-any-return]

    def trimmed(self, spellings: Tensor) -> Tensor:
        """Cut off padding that cannot change a maximum: one filter full of padding says what ten would.

        Spellings on a GPU stay as they are: to look at them would be to wait for it.
        """
        if spellings.is_cuda:
            return spellings
        used = (spellings != self.padding).any(dim=0).nonzero()
        longest = int(used[-1]) + 1 if len(used) else 0
        return spellings[:, : longest + self.longest_filter]


def _convolution(symbols: Tensor, filters: nn.Module) -> Tensor:
    """Return the largest response of each filter, (n_words, n_filters), to (n_words, length, width)."""
    return filters(symbols.transpose(1, 2)).amax(dim=2)  # type: ignore[no-any-return]


def _products(symbols: Tensor, filters: nn.Module) -> Tensor:
    """Return the same from products of matrices: for few channels they are faster than a convolution."""
    assert isinstance(filters, nn.Conv1d)
    windows = symbols.unfold(1, filters.kernel_size[0], 1).transpose(2, 3).flatten(2)
    weight = filters.weight.transpose(1, 2).flatten(1)  # (n_filters, size * width)
    # windows: (n_words, n_places, size * width)
    found = pointwise(windows.flatten(0, 1), weight, filters.bias, None)
    return found.unflatten(0, windows.shape[:2]).amax(dim=1)  # type: ignore[no-any-return]
