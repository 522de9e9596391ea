"""From sentences to packed pieces: what a model reads, and which word each piece belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.layers.transformer import Run

NO_WORD = -1
"""The word of a piece that stands for none: special pieces, and context repeated in a second window."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A batch of sentences as packed pieces.

    A *window* is a stretch of pieces that a model reads at once. Most sentences are one window; a sentence
    longer than the model's window is several that overlap. Windows lie behind one another without padding,
    in any order: only `words` says whose pieces they hold.

    Parameters
    ----------
    pieces
        (n_pieces,) piece numbers; for a model with `spellings`, rows of it.
    words
        (n_pieces,) the word of each piece, counted over all sentences of the batch; `NO_WORD` for none.
    windows
        (n_windows + 1,) where windows start and end in `pieces`.
    offsets
        (n_sentences + 1,) where sentences start and end in the words.
    spellings
        (n_distinct, n_characters) symbols of the distinct words, for models that read characters.
    """

    pieces: Tensor
    words: Tensor
    windows: Tensor
    offsets: Tensor
    spellings: Tensor | None = None

    @property
    def n_words(self) -> int:
        """Number of words of all sentences."""
        return int(self.offsets[-1])

    @property
    def n_sentences(self) -> int:
        """Number of sentences."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Tensor:
        """(n_windows,) lengths of the windows in pieces."""
        return self.windows.diff()

    def runs(self) -> list[Run]:
        """Return the stretches of windows of equal length, as pairs of their number and length."""
        lengths, counts = torch.unique_consecutive(self.lengths, return_counts=True)
        return list(zip(counts.tolist(), lengths.tolist(), strict=True))

    def positions(self) -> Tensor:
        """Return (n_pieces,) the position of each piece in its window."""
        starts = torch.repeat_interleave(self.windows[:-1], self.lengths)
        return torch.arange(len(self.pieces), device=self.pieces.device) - starts

    def to(self, device: torch.device) -> Encoding:
        """Return the encoding with its tensors on `device`."""
        spellings = None if self.spellings is None else self.spellings.to(device)
        return Encoding(
            self.pieces.to(device),
            self.words.to(device),
            self.windows.to(device),
            self.offsets.to(device),
            spellings,
        )


def pack(
    sentences: Sequence[Sequence[Sequence[int]]],
    *,
    prefix: Sequence[int] = (),
    suffix: Sequence[int] = (),
    max_pieces: int | None = None,
    causal: bool = False,
) -> Encoding:
    """Lay sentences, given as the pieces of each word, into windows; shortest windows first.

    A sentence of more pieces than fit is read in windows that overlap by half. Each of its pieces belongs to
    one of them: of two windows that hold a piece, the one that gives it more context (for a causal model:
    more to its left). In the other it is context only.

    Parameters
    ----------
    sentences
        For each sentence, for each word, its piece numbers (at least one).
    prefix, suffix
        Special pieces around every window, such as `[CLS]` and `[SEP]`.
    max_pieces
        Largest window, special pieces included; None for any length.
    causal
        Whether the model sees only what is to the left.
    """
    windows: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    offsets = np.zeros(len(sentences) + 1, dtype=np.int64)
    room = None if max_pieces is None else max_pieces - len(prefix) - len(suffix)
    before, after = np.array(prefix, dtype=np.int64), np.array(suffix, dtype=np.int64)
    nothing_before, nothing_after = np.full(len(before), NO_WORD), np.full(len(after), NO_WORD)
    for number, words in enumerate(sentences):
        offsets[number + 1] = offsets[number] + len(words)
        counts = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        pieces = np.fromiter((piece for word in words for piece in word), dtype=np.int64, count=counts.sum())
        owners = np.repeat(np.arange(len(words)) + offsets[number], counts)
        for start, stop, first, last in _windows(len(pieces), room, causal=causal):
            owned = np.full(stop - start, NO_WORD)
            owned[first - start : last - start] = owners[first:last]
            windows.append(
                (
                    np.concatenate([before, pieces[start:stop], after]),
                    np.concatenate([nothing_before, owned, nothing_after]),
                )
            )
    windows.sort(key=lambda window: len(window[0]))
    lengths = [len(pieces) for pieces, _ in windows]
    return Encoding(
        pieces=torch.from_numpy(np.concatenate([pieces for pieces, _ in windows])),
        words=torch.from_numpy(np.concatenate([owned for _, owned in windows])),
        windows=torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)])),
        offsets=torch.from_numpy(offsets),
    )


def _windows(n_pieces: int, room: int | None, *, causal: bool) -> list[tuple[int, int, int, int]]:
    """Return (start, stop, first owned, end of owned) of each window of a sentence.

    Examples
    --------
    >>> _windows(10, 4, causal=False)
    [(0, 4, 0, 3), (2, 6, 3, 5), (4, 8, 5, 7), (6, 10, 7, 10)]
    >>> _windows(10, 4, causal=True)
    [(0, 4, 0, 4), (2, 6, 4, 6), (4, 8, 6, 8), (6, 10, 8, 10)]
    """
    if room is None or n_pieces <= room:
        return [(0, n_pieces, 0, n_pieces)]
    starts = [*range(0, n_pieces - room, max(1, room // 2)), n_pieces - room]
    borders = [0]
    for start, following in pairwise(starts):
        stop = start + room
        borders.append(stop if causal else (following + stop) // 2)
    borders.append(n_pieces)
    return [
        (start, start + room, first, last)
        for start, (first, last) in zip(starts, pairwise(borders), strict=True)
    ]
