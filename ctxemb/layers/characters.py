"""Words from characters: convolutions of several widths, highway layers, and a projection.

Kim et al. 2016 (Character-aware neural language models), as Peters et al. 2018 use it for ELMo.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

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
        trimmed = self._trimmed(spellings).to(self.symbols.weight.device)
        symbols = self.symbols(trimmed).transpose(1, 2)  # (n_words, symbol_width, length)
        pooled = [convolution(symbols).amax(dim=2) for convolution in self.convolutions]
        x = torch.relu(torch.cat(pooled, dim=1))  # (n_words, total filters)
        for highway in self.highways:
            proposal, gate = highway(x).chunk(2, dim=1)
            carry = torch.sigmoid(gate)
            x = carry * x + (1 - carry) * torch.relu(proposal)
        return self.projection(x)  # type: ignore[no-any-return]

    def _trimmed(self, spellings: Tensor) -> Tensor:
        """Cut off padding that cannot change a maximum: one filter full of padding says what ten would."""
        used = (spellings != self.padding).any(dim=0).nonzero()
        longest = int(used[-1]) + 1 if len(used) else 0
        return spellings[:, : longest + self.longest_filter]
