"""The vectors of a task's examples, in every layer of a model."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.cache import Cache
from ctxemb.comparison.contexts import in_context, n_vectors
from ctxemb.extraction import embed_ways
from ctxemb.extraction.pooling import Pool, Unit
from ctxemb.models import ContextualModel
from ctxemb.models.computation import FLOAT32_ON_CPU
from ctxemb.probes import Features
from ctxemb.results.names import WORD
from ctxemb.tasks import Task

_SENTENCES_AT_ONCE = 1000
_ROWS_AT_ONCE = 1 << 12

LAST = 4
"""Layers of the combinations of the last ones."""

SUM_LAST = "sum-last4"
"""The combination that adds the last layers up, as much published work does."""


def model_key(model: ContextualModel) -> dict[str, Any]:
    """Return the part of a cache's key that tells one model's vectors from another's, rounding included."""
    how = model.computation
    return {"model": model.fingerprint, **({} if how == FLOAT32_ON_CPU else {"computation": str(how)})}


def task_vectors(
    model: ContextualModel,
    task: Task,
    cache: Cache,
    *,
    pools: Sequence[Pool] = ("mean",),
    contexts: Sequence[str] = (),
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> list[NDArray[np.float32]]:
    """Return the vectors of a task's examples for each pool, and then for each context, memory-mapped.

    Each is (n_layers, n_examples, width).

    An example's vector is the mean of its words' vectors, a word's that of its pieces; another pool is of the
    pieces of whole sentences. In a context, it is as `ctxemb.comparison.contexts.in_context` makes it. All
    are made in one pass over the text. The two vectors of a pair stand side by side, so that it is twice as
    wide. Only these are kept, so that memory does not grow with the length of the text around them, and they
    go to disk as they are made.
    """
    n_spans = len(task.examples[0].spans)
    key = {"what": "examples", **model_key(model), "task": task.text_fingerprint}
    size = n_spans * model.width
    ways = [_Way(pool, WORD) for pool in pools] + [_Way("mean", context) for context in contexts]
    keys = [{**key, "pool": way.pool, **way.named} for way in ways]
    shapes = [(model.n_layers, len(task.examples), size * n_vectors(way.context)) for way in ways]

    def fill(missing: list[int], values: list[NDArray[np.float32]]) -> None:
        _embed_examples(model, task, [ways[i] for i in missing], values, progress)

    return cache.arrays(keys, shapes, fill)


@dataclass(frozen=True, slots=True)
class _Way:
    """How vectors of examples are made."""

    pool: Pool
    context: str

    @property
    def named(self) -> dict[str, str]:
        """The part of a cache's key besides the pool."""
        return {} if self.context == WORD else {"context": self.context}


def read_rows(
    vectors: NDArray[np.float32], layers: Sequence[int], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the vectors of some examples in some layers side by side, (n_rows, n_layers * width).

    They are read a few at a time, and pages of a memory-mapped file are given back after each time, so that
    no more is in memory than what is returned.
    """
    width = vectors.shape[2]
    side_by_side = np.empty((len(rows), len(layers) * width), dtype=np.float32)
    for place, layer in enumerate(layers):
        columns = side_by_side[:, place * width : (place + 1) * width]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            columns[some] = vectors[layer][rows[some]]
            _give_back(vectors)
    return side_by_side


def features_of(vectors: NDArray[np.float32], layer: int | str) -> Features:
    """Return the function that reads the vectors of some examples, and no others, from disk."""
    if isinstance(layer, int):
        return lambda rows: read_rows(vectors, [layer], rows)
    if layer == SUM_LAST:
        last = range(len(vectors) - LAST, len(vectors))
        return lambda rows: np.sum([read_rows(vectors, [i], rows) for i in last], axis=0)
    layers = range(len(vectors)) if layer == "concat" else range(len(vectors) - LAST, len(vectors))
    return lambda rows: read_rows(vectors, layers, rows)


def _give_back(vectors: NDArray[np.float32]) -> None:
    """Tell the system that the pages that were read are not needed; where it cannot be told, it finds out."""
    mapped = getattr(vectors, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _embed_examples(
    model: ContextualModel,
    task: Task,
    ways: Sequence[_Way],
    values: Sequence[NDArray[np.float32]],
    progress: Callable[[int], None],
) -> None:
    wanted: list[list[tuple[int, int]]] = [[] for _ in task.sentences]  # (example, place of its span)
    for number, example in enumerate(task.examples):
        for place, span in enumerate(example.spans):
            wanted[span.sentence].append((number, place))
    lengths = np.array([len(sentence) for sentence in task.sentences])
    lengths[[not found for found in wanted]] = 0
    order = np.argsort(lengths, kind="stable")[np.count_nonzero(lengths == 0) :]
    if model.stateful:
        order.sort()  # it reads sentences in the order of the text
    read = list(dict.fromkeys(way.pool for way in ways))
    asked: list[tuple[Pool, Unit]] = [(pool, "word" if pool == "mean" else "sentence") for pool in read]
    for start in range(0, len(order), _SENTENCES_AT_ONCE):
        chosen = order[start : start + _SENTENCES_AT_ONCE]
        texts = [task.sentences[i] for i in chosen]
        made = dict(zip(read, embed_ways(model, texts, asked, progress=progress), strict=True))
        for way, kept in zip(ways, values, strict=True):
            width = model.width * n_vectors(way.context)
            for position, sentence in enumerate(chosen):
                rows = made[way.pool].sentence(position)  # (n_layers, n_words, width)
                for number, place in wanted[sentence]:
                    span = task.examples[number].spans[place]
                    borders: tuple[int, int] = (
                        (span.start, span.stop) if way.pool == "mean" else (0, rows.shape[1])
                    )
                    columns = slice(place * width, (place + 1) * width)
                    kept[:, number, columns] = in_context(rows, borders, way.context)
