"""Running text as numbers: what batches are cut from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.corpus import Document

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RunningText:
    """Documents of sentences of words, each word as its number in a list of distinct words.

    Parameters
    ----------
    types
        The distinct words, of this text or of the whole corpus.
    words
        (n_words,) numbers of words in `types`.
    sentences
        (n_sentences + 1,) where sentences start and end in `words`.
    documents
        (n_documents + 1,) where documents start and end in `sentences`.
    """

    types: Sequence[str]
    words: Integers
    sentences: Integers
    documents: Integers

    @classmethod
    def of(cls, documents: Sequence[Document]) -> RunningText:
        """Return the text of `documents`, with its own distinct words in the order of their first use."""
        numbers: dict[str, int] = {}
        sentences = [sentence for document in documents for sentence in document]
        words = [numbers.setdefault(word, len(numbers)) for text in sentences for word in text.words]
        return cls(
            list(numbers),
            np.array(words, dtype=np.int64),
            borders(np.array([len(sentence) for sentence in sentences], dtype=np.int64)),
            borders(np.array([len(document) for document in documents], dtype=np.int64)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class PieceTable:
    """The pieces of each of a list of words.

    Parameters
    ----------
    pieces
        The pieces of all words, behind one another.
    starts, counts
        (n_types,) where each word's pieces start, and how many it has.
    """

    pieces: Integers
    starts: Integers
    counts: Integers

    @classmethod
    def of(cls, split: Sequence[Sequence[int]]) -> PieceTable:
        """Return the table of words that are given as their pieces."""
        counts = np.fromiter(map(len, split), dtype=np.int64, count=len(split))
        pieces = np.fromiter((p for word in split for p in word), dtype=np.int64, count=int(counts.sum()))
        return cls(pieces, counts.cumsum() - counts, counts)

    def running(self, words: Integers) -> tuple[Integers, Integers]:
        """Return the pieces of running `words`, and (n_words + 1,) where each word's start and end."""
        counts = self.counts[words]
        return self.pieces[ranges(self.starts[words], counts)], borders(counts)


class PieceTables:
    """A tokenizer's table for the words of the text that was read last.

    Parameters
    ----------
    tokenizer
        What splits words into pieces.
    """

    def __init__(self, tokenizer: PieceTokenizer) -> None:
        self._tokenizer = tokenizer
        self._types: Sequence[str] = ()
        self._table = PieceTable.of(())

    def of(self, types: Sequence[str]) -> PieceTable:
        """Return the pieces of the words `types`."""
        if types is not self._types:
            self._types, self._table = types, PieceTable.of(self._tokenizer.split(types))
        return self._table


def borders(sizes: Integers) -> Integers:
    """Return (n + 1,) where stretches of these sizes start and end.

    Examples
    --------
    >>> borders(np.array([2, 3]))
    array([0, 2, 5])
    """
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def ranges(starts: Integers, counts: Integers) -> Integers:
    """Return the numbers from each start on, `counts` of them, behind one another.

    Examples
    --------
    >>> ranges(np.array([10, 3]), np.array([2, 3]))
    array([10, 11,  3,  4,  5])
    """
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + counts, counts)
