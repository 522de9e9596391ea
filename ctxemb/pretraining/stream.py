"""Batch after batch, pass after pass, from any place on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import TypeVar

from ctxemb.errors import InputError
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch, Objective

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the stream of batches.

    Parameters
    ----------
    epoch, chunk
        Number of the pass through the corpus, and of the chunk in it.
    document
        Number of the chunk's first document.
    words
        Words in all batches before the chunk.
    batch
        Number of the next batch of the chunk.
    """

    epoch: int = 0
    chunk: int = 0
    document: int = 0
    words: int = 0
    batch: int = 0


def stream(
    objective: Objective, corpus: Corpus, seed: int, batch_words: int, max_words: int, start: Position
) -> Iterator[tuple[Batch, Position]]:
    """Yield the batches of training from `start` on, without end, each with the position after it.

    Raises
    ------
    InputError
        If there is too little text for a single batch.
    """
    words = start.words
    for epoch in count(start.epoch):
        before = words
        here = start if epoch == start.epoch else Position(epoch=epoch, words=words)
        for chunk in corpus.chunks(seed, epoch, number=here.chunk, first=here.document):
            here = replace(here, chunk=chunk.number, document=chunk.first, words=words)
            share = min(1.0, words / max_words)
            batches = objective.batches(chunk.documents, batch_words, chunk.generator, share)
            for number, batch in enumerate(batches):
                words += batch.n_words
                if number >= here.batch:
                    yield batch, replace(here, batch=number + 1)
            here = replace(here, batch=0)
        if words == before:
            names = ", ".join(map(str, corpus.paths))
            raise InputError(f"too little text in {names}: not one full window, or pair of sentences")


def ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """Yield `items`, which a thread prepares `depth` ahead."""
    with ThreadPoolExecutor(1) as worker:
        waiting = deque(worker.submit(lambda: list(islice(items, 1))) for _ in range(depth))
        while item := waiting.popleft().result():
            waiting.append(worker.submit(lambda: list(islice(items, 1))))
            yield item[0]
