"""Running text for pretraining: documents of sentences, streamed in a seeded order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
    chunk_words
        Words that are in memory at once; text is shuffled within such a chunk.
    """

    paths: tuple[Path, ...]
    chunk_words: int = 200_000

    def documents(self) -> Iterator[Document]:
        """Yield the documents in the order of the files."""
        for path in self.paths:
            document: Document = []
            for line in read_lines(str(path)):
                if line.strip():
                    document.extend(Sentence(tuple(split_words(text))) for text in split_sentences(line))
                elif document:
                    yield document
                    document = []
            if document:
                yield document

    def chunks(self, seed: int, epoch: int) -> Iterator[tuple[list[Document], np.random.Generator]]:
        """Yield shuffled chunks of documents of one pass, each with a random generator of its own."""
        for number, chunk in enumerate(self._plain_chunks()):
            generator = np.random.default_rng([seed, epoch, number])
            generator.shuffle(chunk)
            yield chunk, generator

    def _plain_chunks(self) -> Iterator[list[Document]]:
        chunk: list[Document] = []
        n_words = 0
        for document in self.documents():
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
