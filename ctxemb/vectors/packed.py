"""The words of a shard as three arrays, which is how they lie on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PackedText:
    """Sentences as bytes and borders.

    Parameters
    ----------
    words
        The bytes of all words, uint8: UTF-8, in which a lone surrogate is kept as its three bytes.
    word_ends
        (n_words,) where words end in the bytes, int64.
    sentence_ends
        (n_sentences,) where sentences end in the words, int64.

    Examples
    --------
    >>> text = PackedText.of([("The", "bank"), ("é",)])
    >>> text.word_ends.tolist(), text.sentence_ends.tolist(), text.sentence(1)
    ([3, 7, 9], [2, 3], ('é',))
    """

    words: NDArray[Any]
    word_ends: NDArray[Any]
    sentence_ends: NDArray[Any]

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]]) -> PackedText:
        """Return these sentences, each a sequence of words."""
        flat = [word for words in sentences for word in words]
        joined = "".join(flat)
        lengths = (
            map(len, flat)
            if joined.isascii()
            else (len(word.encode("utf-8", "surrogatepass")) for word in flat)
        )
        return cls(
            np.frombuffer(joined.encode("utf-8", "surrogatepass"), dtype=np.uint8),
            np.fromiter(accumulate(lengths), dtype="<i8", count=len(flat)),
            np.fromiter(accumulate(map(len, sentences)), dtype="<i8", count=len(sentences)),
        )

    @property
    def n_sentences(self) -> int:
        """Number of sentences."""
        return len(self.sentence_ends)

    @property
    def n_words(self) -> int:
        """Number of words."""
        return len(self.word_ends)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n_sentences,) words of each sentence."""
        return np.diff(self.sentence_ends, prepend=0)

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the number of sentences (int64), the sentence ends, word ends and bytes."""
        digest = hashlib.sha256(np.array([self.n_sentences], dtype="<i8").data)
        for part in (self.sentence_ends, self.word_ends, self.words):
            digest.update(part.data)
        return digest.hexdigest()

    def sentence(self, number: int) -> tuple[str, ...]:
        """Return the words of one sentence; the cost does not grow with the number of sentences."""
        first = int(self.sentence_ends[number - 1]) if number else 0
        ends = self.word_ends[first : self.sentence_ends[number]].tolist()
        start = int(self.word_ends[first - 1]) if first else 0
        return self._decoded([start, *ends])

    def sentences(self) -> list[tuple[str, ...]]:
        """Return the words of each sentence."""
        words = self._decoded([0, *self.word_ends.tolist()])
        return [words[a:b] for a, b in pairwise([0, *self.sentence_ends.tolist()])]

    def _decoded(self, borders: list[int]) -> tuple[str, ...]:
        start = borders[0]
        raw = self.words[start : borders[-1]].tobytes()
        return tuple(
            raw[a - start : b - start].decode("utf-8", "surrogatepass") for a, b in pairwise(borders)
        )
