"""What an unknown word costs: a small model of spelling, so that a closed vocabulary has a full price."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_END = 256


class ByteBigrams:
    """A word's UTF-8 bytes, each given the one before; its end is a symbol too.

    The chance of a byte after another is its share there, smoothed by one observation spread like the bytes
    on the whole, which are themselves smoothed by one observation each.

    Parameters
    ----------
    counts
        How often each word occurs.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        pairs: NDArray[np.float64] = np.zeros((257, 257))
        for word, count in counts.items():
            symbols = _symbols(word)
            np.add.at(pairs, (symbols[:-1], symbols[1:]), count)
        single = pairs.sum(axis=0) + 1
        after = pairs + single / single.sum()
        self.bits_after: NDArray[np.float64] = -np.log2(after / after.sum(axis=1, keepdims=True))

    def bits(self, word: str) -> float:
        """Return the bits that spelling `word` costs."""
        symbols = _symbols(word)
        return float(self.bits_after[symbols[:-1], symbols[1:]].sum())


def _symbols(word: str) -> NDArray[np.int64]:
    return np.array([_END, *word.encode("utf-8", "surrogatepass"), _END])
