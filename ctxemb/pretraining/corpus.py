"""Running text for pretraining: documents of sentences, streamed in a seeded order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ctxemb.errors import InputError
from ctxemb.text.reader import read_lines
from ctxemb.text.sentence import Sentence
from ctxemb.text.sentences import split_sentences
from ctxemb.text.words import split_words

Document = list[Sentence]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a corpus, shuffled.

    Parameters
    ----------
    number
        Counted from 0 in a pass through the corpus.
    first
        Number of its first document in the corpus.
    documents
        Its text.
    generator
        A random generator of its own.
    """

    number: int
    first: int
    documents: list[Document]
    generator: np.random.Generator


@dataclass(frozen=True, slots=True)
class Corpus:
    """Text files of one paragraph a line, with an empty line after each document.

    Parameters
    ----------
    paths
        UTF-8 text, plain or compressed (.gz, .xz, .zst), read one after the other.
    chunk_words
        Words that are in memory at once; text is shuffled within such a chunk.
    document_characters
        A longer document is read as several, each ending with a paragraph.
    """

    paths: tuple[Path, ...]
    chunk_words: int = 200_000
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

    def chunks(self, seed: int, epoch: int, *, number: int = 0, first: int = 0) -> Iterator[Chunk]:
        """Yield the chunks of one pass, from that with a `number` on, whose first document is `first`."""
        for chunk in self._plain_chunks(first):
            generator = np.random.default_rng([seed, epoch, number])
            n_documents = len(chunk)
            generator.shuffle(chunk)
            yield Chunk(number, first, chunk, generator)
            number, first = number + 1, first + n_documents

    def _plain_chunks(self, first: int) -> Iterator[list[Document]]:
        chunk: list[Document] = []
        n_words = 0
        for document in self.documents(first):
            chunk.append(document)
            n_words += sum(map(len, document))
            if n_words >= self.chunk_words:
                yield chunk
                chunk, n_words = [], 0
        if chunk:
            yield chunk

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
