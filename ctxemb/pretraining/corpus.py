"""Running text from files: documents of sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctxemb.errors import InputError
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence
from ctxemb.text.sentences import split_sentences
from ctxemb.text.words import split_words

Document = list[Sentence]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Text files of one paragraph a line, with an empty line after each document.

    Parameters
    ----------
    paths
        UTF-8 text, plain or compressed (.gz, .xz, .zst), read one after the other.
    document_characters
        A longer document is read as several, each ending with a paragraph.
    """

    paths: tuple[Path, ...]
    document_characters: int = 1_000_000

    def documents(self, first: int = 0) -> Iterator[Document]:
        """Yield the documents from number `first` on, in the order of the files."""
        for paragraphs in islice(self._paragraphs(), first, None):
            yield [
                Sentence(tuple(split_words(text)))
                for paragraph in paragraphs
                for text in split_sentences(paragraph)
            ]

    def _paragraphs(self) -> Iterator[list[str]]:
        for path in self.paths:
            found: list[str] = []
            size = 0
            for line in read_lines(str(path)):
                if line.strip():
                    found.append(line)
                    size += len(line)
                if found and (size >= self.document_characters or not line.strip()):
                    yield found
                    found, size = [], 0
            if found:
                yield found

    def start(self, max_words: float) -> list[Document]:
        """Return the documents up to the end of the sentence in which `max_words` are reached."""
        documents: list[Document] = []
        left = max_words
        for document in self.documents():
            kept: Document = []
            for sentence in document:
                if left <= 0:
                    break
                kept.append(sentence)
                left -= len(sentence)
            if kept:
                documents.append(kept)
            if left <= 0:
                break
        return documents

    def check(self) -> None:
        """Raise InputError if there is no text at all."""
        if next(self.documents(), None) is None:
            raise InputError(f"no text in {', '.join(map(str, self.paths))}")


def batches_of(items: Sequence[int], batch_size: int) -> Iterator[slice]:
    """Cut `items`, given as sizes, into stretches of about `batch_size` in sum, and at least one item.

    Examples
    --------
    >>> list(batches_of([3, 3, 5, 1], 6))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    start = total = 0
    for number, size in enumerate(items):
        total += size
        if total >= batch_size:
            yield slice(start, number + 1)
            start, total = number + 1, 0
    if start < len(items):
        yield slice(start, len(items))
