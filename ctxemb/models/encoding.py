"""From sentences to packed pieces: what a model reads, and which word each piece belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    inputs
        (n_distinct, width) what a model has made of `spellings`, if it has; parts of a batch share it.
    """

    pieces: Tensor
    words: Tensor
    windows: Tensor
    offsets: Tensor
    spellings: Tensor | None = None
    inputs: Tensor | None = None

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
        return sent(torch.arange(len(starts)) - starts, self.pieces.device)

    def part(self, first: int, stop: int) -> Encoding:
        """Return the windows from `first` to `stop`; words are counted as before."""
        start, end = int(self.windows[first]), int(self.windows[stop])
        return replace(
            self,
            pieces=self.pieces[start:end],
            words=self.words[start:end],
            windows=self.windows[first : stop + 1] - start,
        )

    def to(self, device: torch.device) -> Encoding:
        """Return the encoding with what networks compute with on `device`.

        Where windows, words and sentences lie stays on the CPU: it is read as plain numbers, for which a GPU
        would have to be waited for.
        """
        moved = replace(self, pieces=sent(self.pieces, device))
        if self.inputs is not None:
            return replace(moved, inputs=sent(self.inputs, device))
        return moved if self.spellings is None else replace(moved, spellings=sent(self.spellings, device))


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return `tensor` on `device`; what goes from the CPU to a GPU is not waited for."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def pack(
    pieces: NDArray[np.int64],
    counts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    *,
    prefix: Sequence[int] = (),
    suffix: Sequence[int] = (),
    max_pieces: int | None = None,
    causal: bool = False,
) -> Encoding:
    """Lay sentences into windows; shortest windows first, the windows of a sentence behind one another.

    A sentence of more pieces than fit is read in windows that overlap by half. Each of its pieces belongs to
    one of them: of two windows that hold a piece, the one that gives it more context (for a causal model:
    more to its left). In the other it is context only.

    Parameters
    ----------
    pieces
        (n_pieces,) the pieces of all words.
    counts
        (n_words,) how many pieces each word has, at least one.
    sizes
        (n_sentences,) how many words each sentence has.
    prefix, suffix
        Special pieces around every window, such as `[CLS]` and `[SEP]`.
    max_pieces
        Largest window, special pieces included; None for any length.
    causal
        Whether the model sees only what is to the left.
    """
    offsets = _borders(sizes)
    owners = np.repeat(np.arange(len(counts)), counts)
    borders = _borders(counts)[offsets]  # of the sentences, in pieces
    room = None if max_pieces is None else max_pieces - len(prefix) - len(suffix)
    starts, stops, first, last = _all_windows(borders, room, causal=causal)
    lengths = stops - starts + len(prefix) + len(suffix)
    order = np.argsort(lengths, kind="stable")
    starts, stops, first, last, lengths = (part[order] for part in (starts, stops, first, last, lengths))
    windows = _borders(lengths)
    # Where each piece of the windows stands in the text; those of prefix and suffix stand outside.
    places = np.arange(windows[-1]) + np.repeat(starts - len(prefix) - windows[:-1], lengths)
    inside = (places >= np.repeat(starts, lengths)) & (places < np.repeat(stops, lengths))
    owned = (places >= np.repeat(first, lengths)) & (places < np.repeat(last, lengths))
    laid = np.empty(len(places), dtype=np.int64)
    laid[inside] = pieces[places[inside]]
    laid[(windows[:-1, None] + np.arange(len(prefix))).ravel()] = np.tile(prefix, len(lengths))
    laid[(windows[1:, None] - len(suffix) + np.arange(len(suffix))).ravel()] = np.tile(suffix, len(lengths))
    words = np.full(len(places), NO_WORD)
    words[owned] = owners[places[owned]]
    return Encoding(*(torch.from_numpy(array) for array in (laid, words, windows, offsets)))


def _borders(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where stretches of these sizes start and end, (n + 1,)."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _all_windows(borders: NDArray[np.int64], room: int | None, *, causal: bool) -> list[NDArray[np.int64]]:
    """Return start, stop, first owned and end of owned, each (n_windows,), in pieces of all sentences."""
    sizes = np.diff(borders)
    long = np.flatnonzero(sizes > room) if room is not None else np.zeros(0, dtype=np.int64)
    found = np.stack([borders[:-1], borders[1:], borders[:-1], borders[1:]])
    if len(long):
        cut = [np.array(_windows(sizes[i], room, causal=causal)).T + borders[i] for i in long.tolist()]
        counts = np.ones(len(sizes), dtype=np.int64)
        counts[long] = [windows.shape[1] for windows in cut]
        found = np.repeat(found, counts, axis=1)
        found[:, np.repeat(sizes > room, counts)] = np.concatenate(cut, axis=1)
    return list(found)


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
