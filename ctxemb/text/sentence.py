"""The sentence: a tuple of words, which is all that a model is told of a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ctxemb.errors import InputError


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as the corpus or the user split it into words.

    Parameters
    ----------
    words
        At least one word; any non-empty string is a word.

    Raises
    ------
    InputError
        If there is no word, or one of them is empty.

    Examples
    --------
    >>> len(Sentence(("I", "sat", "by", "the", "bank", ".")))
    6
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise InputError("a sentence needs at least one word, found none")
        if "" in self.words:
            raise InputError(f"a word is an empty string, at position {self.words.index('')} of {self.words}")

    def __len__(self) -> int:
        return len(self.words)

    def __str__(self) -> str:
        return " ".join(self.words)


def count_words(sentences: Iterable[Sentence]) -> int:
    """Return the number of words of all `sentences`."""
    return sum(len(sentence.words) for sentence in sentences)
