"""The vectors of the words of some sentences, in some layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class WordVectors:
    """Vectors of all words behind one another, with the borders of the sentences.

    Parameters
    ----------
    values
        (n_layers, n_words, width)
    offsets
        (n_sentences + 1,) where sentences start and end in the words; starts with 0, never falls.
    n_pieces
        Number of the model's pieces that were read for them.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> vectors = WordVectors(np.zeros((7, 5, 256)), np.array([0, 2, 5]))
    >>> len(vectors), vectors.sentence(1).shape
    (2, (7, 3, 256))
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]
    n_pieces: int = 0

    def __post_init__(self) -> None:
        if self.values.ndim != 3:
            raise ValueError(f"values should be (n_layers, n_words, width), found {self.values.shape}")
        offsets = self.offsets
        if offsets.ndim != 1 or not len(offsets) or offsets[0] != 0 or (np.diff(offsets) < 0).any():
            raise ValueError("offsets should start with 0 and never fall")
        if offsets[-1] != self.values.shape[1]:
            raise ValueError(f"offsets end at {offsets[-1]}, but there are {self.values.shape[1]} words")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def sentence(self, number: int) -> NDArray[Any]:
        """Return (n_layers, n_words of the sentence, width), without copying.

        Raises
        ------
        IndexError
            If there is no such sentence.
        """
        if not -len(self) <= number < len(self):
            raise IndexError(f"no sentence {number}: there are {len(self)}")
        number %= len(self)
        found: NDArray[Any] = self.values[:, self.offsets[number] : self.offsets[number + 1]]
        return found
