"""Texts in, vectors out: in batches as they are made, or into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from ctxemb.api.own import ModelLike, as_model
from ctxemb.comparison.spaced_model import in_space
from ctxemb.extraction import embed as embed_batch
from ctxemb.extraction import embed_to_store
from ctxemb.extraction.embedder import as_sentences
from ctxemb.extraction.layers import Layers
from ctxemb.extraction.pooling import Pool, Unit
from ctxemb.models import ContextualModel, load
from ctxemb.models.computation import Computation, Dtype
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import VectorStore, WordVectors
from ctxemb.vectors.numbers import Dtype as StoreDtype

Text = str | Sequence[str] | Sentence
"""A sentence: raw text, a list of words, or a `Sentence`."""


def embed(
    texts: Iterable[Text],
    model: ModelLike = "bert",
    *,
    layers: Layers = "all",
    pool: Pool = "mean",
    unit: Unit = "word",
    batch_sentences: int = 1000,
    device: str = "cpu",
    dtype: Dtype = "float32",
) -> Iterator[WordVectors]:
    """Yield the vectors of texts, a batch of sentences after the other, as they are asked for.

    Parameters
    ----------
    texts
        Sentences, each as raw text, as a list of words, or as a `Sentence`; any iterable, read as needed.
    model
        Name or folder of a model, or an object with `encode` and `each`.
    layers, pool, unit
        As for `ctxemb.extraction.embed`.
    batch_sentences
        Sentences of a batch. A sentence's vectors do not depend on it.
    device, dtype
        Where and in what numbers the model computes, if it is given by name.

    Yields
    ------
    WordVectors
        float32, (n_layers, n_words, width) over the sentences of a batch.

    Raises
    ------
    CtxembError
        If there is no such model or layer, or a text has no words.

    Examples
    --------
    >>> [batch.values.shape for batch in embed(["I sat by the bank .", "Yes ."], batch_sentences=1)]
    [(7, 6, 256), (7, 2, 256)]
    """
    loaded = _loaded(model, Computation(device, dtype))
    texts_left = iter(texts)
    while batch := as_sentences(list(islice(texts_left, batch_sentences))):
        yield embed_batch(loaded, batch, layers=layers, pool=pool, unit=unit)


def embed_into(
    store: str | Path,
    texts: Iterable[Text],
    model: str = "bert",
    *,
    random_init: int | None = None,
    layers: Layers = "all",
    pool: Pool = "mean",
    unit: Unit = "word",
    space: str = "raw",
    reference: str | Path | None = None,
    store_dtype: StoreDtype = "float16",
    device: str = "cpu",
    dtype: Dtype = "float32",
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> VectorStore:
    """Write the vectors of texts to a store, and open it; memory does not grow with their number.

    The same call again continues where it was stopped, however that happened.

    Parameters
    ----------
    store
        The folder to write.
    texts, model, layers, pool, unit, device, dtype
        As for `embed`; the model is given by name, which the store keeps.
    random_init
        Seed of random weights, for the model's untrained twin.
    space, reference
        Space of the vectors, fitted on the store `reference` of the same model; see `ctxemb.analysis.spaces`.
    store_dtype
        Numbers in the store.
    progress
        Called with numbers of sentences.
    """
    loaded = in_space(load(model, random_init, Computation(device, dtype)), space, reference)
    sentences = (sentence for text in texts for sentence in as_sentences([text]))
    embed_to_store(
        loaded,
        sentences,
        Path(store),
        source=model,
        random_init=random_init,
        layers=layers,
        pool=pool,
        unit=unit,
        store_dtype=store_dtype,
        progress=progress,
    )
    return VectorStore.open(Path(store))


def _loaded(model: ModelLike, computation: Computation) -> ContextualModel:
    used = as_model(model)
    return load(used, computation=computation) if isinstance(used, str) else used
