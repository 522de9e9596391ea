"""The nearest occurrences of a word in context, model by model (the "play" table of Peters et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.neighbors import nearest
from ctxemb.analysis.spaces import Space
from ctxemb.comparison.cache import Cache
from ctxemb.comparison.vectors import model_key
from ctxemb.errors import FormatError
from ctxemb.extraction import embed
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel, load
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.tasks import load_task
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import VectorStore

_SHOWN_WORDS = 6


def find_neighbors(
    sentence: Sentence,
    position: int,
    *,
    models: Sequence[str],
    stores: Sequence[Path] = (),
    layer: int = -1,
    top: int = 5,
    same_word: bool = False,
    space: str = "raw",
    computation: Computation = FLOAT32_ON_CPU,
    cache: Path | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[dict[str, Any]]:
    """Find the word occurrences nearest, by cosine, to one word of a sentence.

    Parameters
    ----------
    sentence, position
        The word in its context, counted from 0.
    models
        Names of models; they search the sentences of *senses*.
    stores
        Vector stores of words; each is searched with the model that wrote it.
    layer
        Number of the layer, -1 for the last.
    top
        How many to return for each model.
    same_word
        Only occurrences of the same word.
    space
        Space of the vectors, fitted on all words that are searched; see `ctxemb.analysis.spaces`.
    computation
        Where and in what numbers the models compute.
    cache
        Folder where vectors are kept and found again.
    progress
        Called before each model.

    Returns
    -------
    list of dict
        A row per occurrence: model, layer, rank, cosine, and the occurrence *marked* in its sentence.

    Raises
    ------
    FormatError
        If a store's vectors are not those of words, or its model is not the one of that name any more.
    """
    query = _Query(sentence, position, layer, top, same_word, Space(space).name, computation)
    rows: list[dict[str, Any]] = []
    total = len(models) + len(stores)
    for number, name in enumerate(models):
        progress(number, total, f"neighbours in {name}")
        rows += _in_senses(query, name, Cache(cache))
    for number, path in enumerate(stores, start=len(models)):
        progress(number, total, f"neighbours in {path}")
        rows += _in_store(query, path)
    progress(total, total, "done")
    return rows


@dataclass(frozen=True, slots=True)
class _Query:
    sentence: Sentence
    position: int
    layer: int
    top: int
    same_word: bool
    space: str
    computation: Computation

    def run(
        self,
        model: ContextualModel,
        layer: int,
        vectors: NDArray[np.float32],
        sentences: Sequence[Sequence[str]],
    ) -> list[dict[str, Any]]:
        """Return the rows for the occurrences in `sentences`, whose words have `vectors` in `layer`."""
        word = self.sentence.words[self.position].lower()
        vector = embed(model, [self.sentence], layers=[layer]).values[0, self.position]
        if self.space != "raw":
            space = Space(self.space).fit(vectors)
            vector, vectors = space.transform(vector[None])[0], space.transform(vectors)
        places = [(i, j) for i, words in enumerate(sentences) for j in range(len(words))]
        candidates = [
            row
            for row, (i, j) in enumerate(places)
            if tuple(sentences[i]) != self.sentence.words
            and (not self.same_word or sentences[i][j].lower() == word)
        ]
        nearest_rows, cosines = nearest(vector, vectors[candidates], self.top)
        return [
            {
                "model": model.name,
                "layer": layer,
                "rank": rank,
                "cosine": round(float(cosine), 4),
                "occurrence": _shown(sentences[places[candidates[row]][0]], places[candidates[row]][1]),
            }
            for rank, (row, cosine) in enumerate(zip(nearest_rows.tolist(), cosines, strict=True), start=1)
        ]


def _in_senses(query: _Query, name: str, cache: Cache) -> list[dict[str, Any]]:
    model, task = load(name, computation=query.computation), load_task("senses")
    layer = int(resolve_layers([query.layer], model.n_layers)[0])
    key = {"what": "words", **model_key(model), "task": task.fingerprint, "layer": layer}
    shape = (sum(map(len, task.sentences)), model.width)

    def fill(_: list[int], values: list[NDArray[np.float32]]) -> None:
        values[0][:] = embed(model, task.sentences, layers=[layer]).values[0]

    (vectors,) = cache.arrays([key], [shape], fill)
    return query.run(model, layer, vectors, [found.words for found in task.sentences])


def _in_store(query: _Query, path: Path) -> list[dict[str, Any]]:
    store = VectorStore.open(path)
    if store.meta.unit != "word":
        raise FormatError(f"{path} holds vectors of sentences; neighbours of a word need vectors of words")
    model = load(store.meta.source, store.meta.random_init, query.computation)
    if model.fingerprint != store.meta.fingerprint:
        raise FormatError(
            f"{path} was written by another model than the '{store.meta.source}' that is here now"
        )
    layer = int(resolve_layers([query.layer], model.n_layers)[0])
    if layer not in store.layers:
        raise FormatError(f"{path} holds the layers {list(store.layers)}, not {layer}")
    return query.run(model, layer, store.layer(layer).astype(np.float32), store.sentences())


def _shown(words: Sequence[str], position: int) -> str:
    start, stop = max(0, position - _SHOWN_WORDS), position + _SHOWN_WORDS + 1
    before = ("… " if start else "") + " ".join(words[start:position])
    after = " ".join(words[position + 1 : stop]) + (" …" if stop < len(words) else "")
    return f"{before} *{words[position]}* {after}".strip()
