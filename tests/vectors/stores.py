"""Little stores for the tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ctxemb.vectors import PackedText, StoreMeta, StoreWriter, VectorStore, WordVectors

SENTENCES = [("a", "b\ud800"), ("c",), ("d", "e", "👍🏽"), ("é", "f"), ("g",)]
META = StoreMeta(
    model="m", family="gpt", fingerprint="f" * 64, source="m", random_init=None, layers=(0, 2),
    pool="mean", unit="word", dtype="float32", width=4, versions={"ctxemb": "0"},
)  # fmt: skip


def make_vectors(lengths: Sequence[int], *, n_layers: int = 2, width: int = 4, seed: int = 0) -> WordVectors:
    """Return random vectors for sentences of these lengths."""
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    values = np.random.default_rng(seed).normal(size=(n_layers, offsets[-1], width))
    return WordVectors(values.astype(np.float32), offsets, n_pieces=2 * int(offsets[-1]))


def vectors(unit: str = "word") -> WordVectors:
    """Return the vectors of SENTENCES."""
    return make_vectors([len(words) if unit == "word" else 1 for words in SENTENCES])


def write(
    folder: Path,
    *,
    shard_sentences: int = 2,
    part: tuple[int, int] = (1, 1),
    stop: int | None = None,
    sentences: Sequence[Sequence[str]] = SENTENCES,
    **changes: Any,
) -> Path:
    """Write SENTENCES to a store, `shard_sentences` a shard; with `stop`, leave it after so many shards."""
    meta = replace(META, **changes)
    whole = vectors(meta.unit)
    with StoreWriter(folder, meta, part) as writer:
        for number, start in enumerate(range(0, len(sentences), shard_sentences)):
            if number == stop:
                return folder
            chosen = sentences[start : start + shard_sentences]
            text = PackedText.of(chosen)
            if writer.wants(number, text):
                borders = whole.offsets[start : start + len(chosen) + 1]
                rows = whole.values[:, borders[0] : borders[-1]]
                writer.write(number, text, WordVectors(rows, borders - borders[0], 2 * rows.shape[1]))
        writer.finish()
    return folder


def written(folder: Path, **changes: Any) -> VectorStore:
    """Write SENTENCES to a store and open it."""
    return VectorStore.open(write(folder, **changes))


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
