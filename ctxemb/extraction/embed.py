"""Sentences to word vectors: batches of similar length, results in the order they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.extraction.layers import MIX, Layers, resolve_layers
from ctxemb.extraction.pooling import POOLS, UNITS, Pool, Unit, pool_pieces
from ctxemb.models.base import ContextualModel
from ctxemb.registry import unknown_name
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import WordVectors

STATEFUL_SENTENCES = 32
"""Sentences that a stateful model reads at once."""


def embed(
    model: ContextualModel,
    sentences: Sequence[Sentence],
    *,
    layers: Layers = "all",
    pool: Pool = "mean",
    unit: Unit = "word",
    batch_words: int = 2048,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> WordVectors:
    """Embed `sentences`; a sentence's vectors do not depend on what else there is to embed.

    With a stateful model they do: it reads the sentences in their order, `STATEFUL_SENTENCES` at once, and
    begins each with the states that the sentence so many places before it ended with; the first ones begin
    with clean states.

    Parameters
    ----------
    model
        What to embed with.
    sentences
        What to embed.
    layers
        ``"all"``, numbers (-1 is the last), or ``"mix"`` for the mean of all.
    pool, unit
        How pieces become words or sentences; see `ctxemb.extraction.pooling.pool_pieces`.
    batch_words
        About how many words are computed at once, unless the model is stateful.
    progress
        Called with the number of sentences that have been added.

    Returns
    -------
    WordVectors
        float32; with ``unit="sentence"``, every sentence holds one row.

    Raises
    ------
    InputError
        If there are no sentences.
    UnknownNameError
        If a layer, pool or unit does not exist.
    """
    if not sentences:
        raise InputError("there are no sentences to embed")
    for kind, name, known in (("pool", pool, POOLS), ("unit", unit, UNITS)):
        if name not in known:
            raise unknown_name(kind, name, known)
    names = resolve_layers(layers, model.n_layers)
    sizes = np.array([1 if unit == "sentence" else len(sentence) for sentence in sentences], dtype=np.int64)
    offsets = np.concatenate([[0], sizes.cumsum()])
    values: NDArray[np.float32] = np.empty((len(names), offsets[-1], model.width), dtype=np.float32)
    n_pieces = 0
    model.reset()
    for chosen in _in_order(len(sentences)) if model.stateful else _batches(sentences, batch_words):
        batch = model.encode([sentences[i] for i in chosen])
        rows = pool_pieces(_selected(model(batch), names), batch, pool, unit).numpy()
        n_pieces += len(batch.pieces)
        start = 0
        for i in chosen:
            values[:, offsets[i] : offsets[i + 1]] = rows[:, start : start + sizes[i]]
            start += sizes[i]
        progress(len(chosen))
    return WordVectors(values, offsets, n_pieces)


def _in_order(n_sentences: int) -> Iterator[list[int]]:
    for start in range(0, n_sentences, STATEFUL_SENTENCES):
        yield list(range(start, min(start + STATEFUL_SENTENCES, n_sentences)))


def _batches(sentences: Sequence[Sentence], batch_words: int) -> Iterator[list[int]]:
    batch: list[int] = []
    n_words = 0
    for i in np.argsort([len(sentence) for sentence in sentences], kind="stable").tolist():
        if batch and n_words + len(sentences[i]) > batch_words:
            yield batch
            batch, n_words = [], 0
        batch.append(i)
        n_words += len(sentences[i])
    yield batch


def _selected(layers: Tensor, names: Sequence[int | str]) -> Tensor:
    """Return the layers asked for, (n_asked, n_pieces, width)."""
    if list(names) == [MIX]:
        return _even_mix(layers)[None]
    if list(names) == list(range(len(layers))):
        return layers
    return layers[torch.tensor(names)]


def _even_mix(layers: Tensor) -> Tensor:
    from allennlp_light.modules.scalar_mix import ScalarMix

    with torch.inference_mode():
        mixed: Tensor = ScalarMix(len(layers), trainable=False)(list(layers))
    return mixed
