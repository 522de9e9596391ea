"""Sentences to a vector store on disk, a shard at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ctxemb.errors import InputError
from ctxemb.extraction.engine import Engine, LocalEngine, Work
from ctxemb.extraction.layers import Layers, resolve_layers
from ctxemb.extraction.pooling import POOLS, UNITS, Pool, Unit
from ctxemb.models import ContextualModel
from ctxemb.suggest import unknown_name
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import PackedText, StoreMeta, StoreWriter
from ctxemb.vectors.numbers import STORED, Dtype
from ctxemb.version import __version__

_SHARD_BYTES = 1 << 26
_MOST_SHARD_WORDS = 50_000


@dataclass(frozen=True, slots=True)
class EmbedSummary:
    """What is in the store, and how long the missing part of it took.

    Parameters
    ----------
    n_sentences, n_words, n_pieces
        How much text.
    layers, width
        Which layers, and the size of a row.
    n_bytes
        Size of the shards.
    n_new_words
        Words that were embedded now; the others were there.
    seconds
        Time, loading of the model left out.
    """

    n_sentences: int
    n_words: int
    n_pieces: int
    layers: tuple[int | str, ...]
    width: int
    n_bytes: int
    n_new_words: int
    seconds: float

    def as_row(self) -> dict[str, Any]:
        """Return the summary as a row of a table."""
        return {
            "sentences": self.n_sentences,
            "words": self.n_words,
            "new": self.n_new_words,
            "pieces": self.n_pieces,
            "layers": ",".join(map(str, self.layers)),
            "width": self.width,
            "bytes": self.n_bytes,
            "words/s": round(self.n_new_words / max(self.seconds, 1e-9)),
        }


def embed_to_store(
    model: ContextualModel,
    sentences: Iterable[Sentence],
    folder: Path,
    *,
    source: str,
    random_init: int | None = None,
    layers: Layers = "all",
    pool: Pool = "mean",
    unit: Unit = "word",
    store_dtype: Dtype = "float16",
    shard_words: int | None = None,
    part: tuple[int, int] = (1, 1),
    engine: Engine | None = None,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> EmbedSummary:
    """Embed `sentences` into a vector store; memory does not grow with their number.

    A store that was begun with the same text in the same way is gone on with, and ends with the same bytes as
    one that was made at once (on the same kind of machine, with the same number of threads). While a shard is
    embedded, those before it are written.

    Parameters
    ----------
    model
        What to embed with.
    sentences
        What to embed; read once, as needed.
    folder
        The store; new, empty, or begun.
    source, random_init
        What `model` was loaded by; kept in the store.
    layers, pool, unit
        As for `ctxemb.extraction.embed`.
    store_dtype
        Of the numbers in the store.
    shard_words
        A shard ends with the sentence that brings it to so many words; None for as many as fit into 64 MiB
        (512 MiB, if a GPU makes them), at most 50,000.
    part
        ``(i, n)``: make only the shards whose number leaves i - 1 when divided by n.
    engine
        What makes the shards; None for this process.
    progress
        Called with the number of sentences that have been added, or were there.

    Raises
    ------
    InputError
        If there are no sentences, the folder holds something else, or a value does not fit `store_dtype`.
    StorageError
        If the disk is full, or another process writes to the folder.
    """
    started = time.monotonic()
    for kind, name, known in (
        ("pool", pool, POOLS),
        ("unit", unit, UNITS),
        ("store dtype", store_dtype, STORED),
    ):
        if name not in known:
            raise unknown_name(kind, name, known)
    names = resolve_layers(layers, model.n_layers)
    meta = StoreMeta(
        model=model.name,
        family=model.family,
        fingerprint=model.fingerprint,
        source=source,
        random_init=random_init,
        layers=names,
        pool=pool,
        unit=unit,
        dtype=store_dtype,
        width=model.width,
        origin=model.origin,
        computation=str(model.computation),
        shard_words=shard_words
        or _shard_words(len(names) * model.width * STORED[store_dtype].size, model.computation.batches),
        versions={"ctxemb": __version__, "torch": torch.__version__},
    )
    shards = _shards(sentences, meta.shard_words)
    first = next(shards, None)  # an error in the first lines leaves no folder
    if first is None:
        raise InputError("there are no sentences to embed")
    engine = engine or LocalEngine(model, meta)
    with StoreWriter(folder, meta, part) as writer:
        missing = _Missing(first, shards, writer, progress)
        engine(iter(missing), writer, progress)
        contents = writer.finish()
    n_bytes = sum(path.stat().st_size for path in folder.glob("shard-*.safetensors"))
    seconds = time.monotonic() - started
    return EmbedSummary(
        contents.n_sentences, contents.n_words, contents.n_pieces, names, model.width, n_bytes,
        missing.n_words, seconds,
    )  # fmt: skip


class _Missing:
    """The shards that have to be made; the others are counted as progress."""

    def __init__(
        self,
        first: list[Sentence],
        others: Iterator[list[Sentence]],
        writer: StoreWriter,
        progress: Callable[[int], None],
    ) -> None:
        self.first, self.others, self.writer, self.progress = first, others, writer, progress
        self.n_words = 0

    def __iter__(self) -> Iterator[Work]:
        shard: list[Sentence] | None = self.first
        number = 0
        while shard is not None:
            text = PackedText.of([sentence.words for sentence in shard])
            if self.writer.wants(number, text):
                self.n_words += text.n_words
                yield Work(number, shard, text)
            else:
                self.progress(len(shard))
            shard = next(self.others, None)
            number += 1


def _shard_words(row_bytes: int, batches: int) -> int:
    return max(1, min(_MOST_SHARD_WORDS, batches * _SHARD_BYTES // row_bytes))


def _shards(sentences: Iterable[Sentence], shard_words: int) -> Iterator[list[Sentence]]:
    shard: list[Sentence] = []
    n_words = 0
    for sentence in sentences:
        shard.append(sentence)
        n_words += len(sentence)
        if n_words >= shard_words:
            yield shard
            shard, n_words = [], 0
    if shard:
        yield shard
