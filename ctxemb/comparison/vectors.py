"""The vectors of a task's examples, in every layer of a model."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.cache import Cache
from ctxemb.extraction import embed
from ctxemb.extraction.pooling import Pool, Unit
from ctxemb.models import ContextualModel
from ctxemb.tasks import Task

_SENTENCES_AT_ONCE = 1000
_ROWS_AT_ONCE = 1 << 12


def task_vectors(
    model: ContextualModel,
    task: Task,
    cache: Cache,
    *,
    pool: Pool = "mean",
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> NDArray[np.float32]:
    """Return the vectors of the examples of `task`, (n_layers, n_examples, width), memory-mapped.

    An example's vector is the mean of its words' vectors, a word's that of its pieces; another `pool` is of
    the pieces of whole sentences. The two vectors of a pair stand side by side, so that it is twice as
    wide. Only these are kept, so that memory does not grow with the length of the text around them, and
    they go to disk as they are made.
    """
    n_spans = len(task.examples[0].spans)
    key = {"what": "examples", "model": model.fingerprint, "task": task.text_fingerprint, "pool": pool}
    shape = (model.n_layers, len(task.examples), n_spans * model.width)
    return cache.array(key, shape, lambda values: _embed_examples(model, task, values, pool, progress))


def read_rows(
    vectors: NDArray[np.float32], layers: Sequence[int], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the vectors of some examples in some layers side by side, (n_rows, n_layers * width).

    They are read a few at a time, and pages of a memory-mapped file are given back after each time, so that
    no more is in memory than what is returned.
    """
    width = vectors.shape[2]
    found = np.empty((len(rows), len(layers) * width), dtype=np.float32)
    for place, layer in enumerate(layers):
        columns = found[:, place * width : (place + 1) * width]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            columns[some] = vectors[layer][rows[some]]
            _give_back(vectors)
    return found


def _give_back(vectors: NDArray[np.float32]) -> None:
    """Tell the system that the pages that were read are not needed; where it cannot be told, it finds out."""
    mapped = getattr(vectors, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _embed_examples(
    model: ContextualModel,
    task: Task,
    values: NDArray[np.float32],
    pool: Pool,
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
    for start in range(0, len(order), _SENTENCES_AT_ONCE):
        chosen = order[start : start + _SENTENCES_AT_ONCE]
        unit: Unit = "word" if pool == "mean" else "sentence"
        texts = [task.sentences[i] for i in chosen]
        vectors = embed(model, texts, pool=pool, unit=unit, progress=progress)
        for position, sentence in enumerate(chosen):
            rows = vectors.sentence(position)  # (n_layers, n_words, width)
            for number, place in wanted[sentence]:
                span = task.examples[number].spans[place]
                columns = slice(place * model.width, (place + 1) * model.width)
                of_span = rows[:, span.start : span.stop] if unit == "word" else rows
                values[:, number, columns] = of_span.mean(axis=1)
