"""Sentences to a vector store on disk, a shard at a time."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import torch

import ctxemb
from ctxemb.errors import InputError
from ctxemb.extraction.embed import embed
from ctxemb.extraction.layers import Layers, resolve_layers
from ctxemb.extraction.pooling import Pool, Unit
from ctxemb.models import ContextualModel
from ctxemb.text.sentence import Sentence, count_words
from ctxemb.vectors import StoreMeta, StoreWriter


@dataclass(frozen=True, slots=True)
class EmbedSummary:
    """What was embedded.

    Parameters
    ----------
    n_sentences, n_words, n_pieces
        How much text.
    layers, width
        Which layers, and the size of a row.
    n_bytes
        Size of the shards.
    seconds
        Time, loading of the model left out.
    """

    n_sentences: int
    n_words: int
    n_pieces: int
    layers: tuple[int | str, ...]
    width: int
    n_bytes: int
    seconds: float

    def as_row(self) -> dict[str, Any]:
        """Return the summary as a row of a table."""
        return {
            "sentences": self.n_sentences,
            "words": self.n_words,
            "pieces": self.n_pieces,
            "layers": ",".join(map(str, self.layers)),
            "width": self.width,
            "bytes": self.n_bytes,
            "words/s": round(self.n_words / max(self.seconds, 1e-9)),
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
    dtype: Literal["float16", "float32"] = "float16",
    shard_words: int = 50_000,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> EmbedSummary:
    """Embed `sentences` into a new vector store; memory does not grow with their number.

    Parameters
    ----------
    model
        What to embed with.
    sentences
        What to embed; read once, as needed.
    folder
        The store; new or empty.
    source, random_init
        What `model` was loaded by; kept in the store.
    layers, pool, unit
        As for `ctxemb.extraction.embed`.
    dtype
        Of the numbers in the store.
    shard_words
        About how many words a shard holds.
    progress
        Called with the number of sentences that have been added.

    Raises
    ------
    InputError
        If there are no sentences, the folder holds something, or a value does not fit `dtype`.
    """
    started = time.monotonic()
    meta = StoreMeta(
        model=model.name,
        family=model.family,
        fingerprint=model.fingerprint,
        source=source,
        random_init=random_init,
        layers=resolve_layers(layers, model.n_layers),
        pool=pool,
        unit=unit,
        dtype=dtype,
        width=model.width,
        versions={"ctxemb": ctxemb.__version__, "torch": torch.__version__},
    )
    n_sentences = n_words = n_pieces = n_bytes = 0
    text_hash = hashlib.sha256()
    shards = _shards(sentences, shard_words)
    first = next(shards, None)
    if first is None:
        raise InputError("there are no sentences to embed")
    writer = StoreWriter(folder, meta)
    for shard in chain([first], shards):
        vectors = embed(model, shard, layers=layers, pool=pool, unit=unit, progress=progress)
        n_bytes += writer.write([sentence.words for sentence in shard], vectors)
        n_sentences += len(shard)
        n_words += count_words(shard)
        n_pieces += vectors.n_pieces
        text_hash.update(_text(shard))
    writer.finish(
        dataclasses.replace(
            meta,
            n_sentences=n_sentences,
            n_words=n_words,
            n_pieces=n_pieces,
            text_hash=text_hash.hexdigest(),
        )
    )
    seconds = time.monotonic() - started
    return EmbedSummary(n_sentences, n_words, n_pieces, meta.layers, model.width, n_bytes, seconds)


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


def _text(sentences: Iterable[Sentence]) -> bytes:
    lines = ("\x1f".join(sentence.words) + "\x1e" for sentence in sentences)
    return "".join(lines).encode("utf-8", "surrogatepass")
