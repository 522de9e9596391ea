"""What makes the shards of a store: here this process, with all threads it may use."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ctxemb.extraction.embed import Job
from ctxemb.extraction.workers import Workers, workers
from ctxemb.models import ContextualModel
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import PackedText, StoreMeta, StoreWriter, WordVectors


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A shard that has to be made.

    Parameters
    ----------
    number
        Of the shard.
    sentences
        What it holds.
    text
        Their words, as they lie on disk.
    """

    number: int
    sentences: list[Sentence]
    text: PackedText


class Engine(Protocol):
    """What embeds shards and writes them."""

    def __call__(self, works: Iterator[Work], writer: StoreWriter, progress: Callable[[int], None]) -> None:
        """Make the shards of `works`, with `progress` called with numbers of sentences."""
        ...


class LocalEngine:
    """Embeds in this process, and writes in threads of it.

    Parameters
    ----------
    model, meta
        What to embed with, and how.
    """

    def __init__(self, model: ContextualModel, meta: StoreMeta) -> None:
        self.model, self.meta = model, meta

    def __call__(self, works: Iterator[Work], writer: StoreWriter, progress: Callable[[int], None]) -> None:
        """Make the shards of `works`, with `progress` called with numbers of sentences."""
        side_by_side = self.model.computation.kind == "cpu" and not self.model.stateful
        with workers(None if side_by_side else 1) as given:
            if given.n > 1:
                self._overlapping(given, works, writer, progress)
                return
        for work in works:
            vectors = embed_work(self.model, self.meta, work.sentences, progress)
            writer.submit(work.number, work.text, vectors)
            del vectors

    def _overlapping(
        self, given: Workers, works: Iterator[Work], writer: StoreWriter, progress: Callable[[int], None]
    ) -> None:
        """Make shards whose workers go on with the next one when there is no more to do for one.

        A shard of a large model is a few batches: without this, workers would wait for the last of them.
        """
        before: _Begun | None = None
        while True:
            try:
                now = self._encoded(works)
            except Exception:  # in the text: what came before is whole
                self._finish(before, writer, progress)
                raise
            if now is not None:
                writer.wait()  # so that no more than two shards are in memory
                now[1].begin(given)
            self._finish(before, writer, progress)
            if now is None:
                return
            before = now

    def _encoded(self, works: Iterator[Work]) -> _Begun | None:
        work = next(works, None)
        return None if work is None else (work, _job(self.model, self.meta, work.sentences))

    @staticmethod
    def _finish(begun: _Begun | None, writer: StoreWriter, progress: Callable[[int], None]) -> None:
        if begun is not None:
            work, job = begun
            writer.submit(work.number, work.text, job.finish(progress)[0])
            _give_back()


_Begun = tuple[Work, Job]


def embed_work(
    model: ContextualModel,
    meta: StoreMeta,
    sentences: list[Sentence],
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> WordVectors:
    """Embed the sentences of a shard in the way that `meta` says, whatever was embedded before."""
    _give_back()
    job = _job(model, meta, sentences)
    with workers(job.n_tasks) as given:
        job.begin(given)
        return job.finish(progress)[0]


def _job(model: ContextualModel, meta: StoreMeta, sentences: list[Sentence]) -> Job:
    layers: Any = meta.layers[0] if isinstance(meta.layers[0], str) else meta.layers
    return Job(model, sentences, [(meta.pool, meta.unit)], layers=layers)  # type: ignore[list-item]


def _give_back() -> None:
    """Give free memory back to the system.

    glibc keeps what lies below a block in use; as tensors of many sizes come and go, that grows for hours.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
