"""The vectors of a task's examples, in every layer of a model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.cache import Cache
from ctxemb.extraction import embed
from ctxemb.models import ContextualModel
from ctxemb.tasks import Task

_SENTENCES_AT_ONCE = 1000


def task_vectors(
    model: ContextualModel,
    task: Task,
    cache: Cache,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> NDArray[np.float32]:
    """Return the vectors of the examples of `task`, (n_layers, n_examples, width).

    An example's vector is the mean of its words' vectors, a word's that of its pieces. Only these are kept,
    so that memory does not grow with the length of the text around them.
    """
    key = {"what": "examples", "model": model.fingerprint, "task": task.fingerprint, "pool": "mean"}
    return cache.array(key, lambda: _embed_examples(model, task, progress))


def _embed_examples(
    model: ContextualModel, task: Task, progress: Callable[[int], None]
) -> NDArray[np.float32]:
    values = np.empty((model.n_layers, len(task.examples), model.width), dtype=np.float32)
    by_sentence: list[list[int]] = [[] for _ in task.sentences]
    for number, example in enumerate(task.examples):
        by_sentence[example.sentence].append(number)
    order = np.argsort([len(sentence) for sentence in task.sentences], kind="stable")
    for start in range(0, len(order), _SENTENCES_AT_ONCE):
        chosen = order[start : start + _SENTENCES_AT_ONCE]
        vectors = embed(model, [task.sentences[i] for i in chosen], progress=progress)
        for place, sentence in enumerate(chosen):
            rows = vectors.sentence(place)  # (n_layers, n_words, width)
            for number in by_sentence[sentence]:
                values[:, number] = _of_spans(rows, task.examples[number].spans)
    return values


def _of_spans(rows: NDArray[np.float32], spans: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    picked = np.concatenate([rows[:, start:stop] for start, stop in spans], axis=1)
    mean: NDArray[np.float32] = picked.mean(axis=1)
    return mean
