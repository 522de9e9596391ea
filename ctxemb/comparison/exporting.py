"""Occurrences of words, embedded by a model or in a store, to files of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from ctxemb.analysis.flat import Method
from ctxemb.analysis.occurrence_files import place_occurrences, write_atlas, write_projector
from ctxemb.comparison.analysed_model import AnalysedModel, embedded, store_folder, stored
from ctxemb.comparison.analysed_text import AnalysedText, text_of_file, text_of_sentences, text_of_task
from ctxemb.errors import InputError
from ctxemb.models import load
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.suggest import unknown_name
from ctxemb.text.sentence import Sentence

Tool = Literal["atlas", "tensorboard"]
TOOLS: tuple[Tool, ...] = get_args(Tool)


def export_occurrences(
    path: Path,
    to: Tool,
    *,
    model: str | None = None,
    text: str | None = None,
    task: str | None = None,
    store: Path | None = None,
    layer: int = -1,
    space: str = "raw",
    method: Method = "pca",
    words: Sequence[str] = (),
    most: int | None = 20_000,
    k: int = 10,
    tokenized: bool = False,
    seed: int = 0,
    computation: Computation = FLOAT32_ON_CPU,
    data: Path | None = None,
    cache: Path | None = None,
) -> int:
    """Write the occurrences of words in a layer, with coordinates, neighbours and metadata.

    Parameters
    ----------
    path
        The Parquet file (``atlas``) or the folder (``tensorboard``) to write.
    to
        ``"atlas"`` (embedding-atlas) or ``"tensorboard"`` (its projector).
    model, text, task
        A model, and the text file or task whose words it embeds.
    store
        A vector store instead.
    layer
        Number of the layer; -1 is the last.
    space
        See `ctxemb.analysis.spaces`; fitted on all words of the text.
    method, k
        How coordinates are made, and how many neighbours each has, for ``atlas``.
    words, most
        Only occurrences of these words, and at most so many of them, drawn by the seed.
    tokenized
        Whether the words of the text are separated by spaces.
    seed
        Of the draw and the coordinates.
    computation, data, cache
        As of `ctxemb.analyse`.

    Returns
    -------
    int
        How many occurrences were written.

    Raises
    ------
    InputError
        If what is to be written is not said, or said twice, or there is no such word.
    """
    if to not in TOOLS:
        raise unknown_name("tool", to, TOOLS)
    if (store is None) == (model is None):
        raise InputError("name either a model or a store")
    if model is not None and (text is None) == (task is None):
        raise InputError("a model needs words to embed: name either a text or a task")
    with store_folder(cache) as folder:
        if store is not None:
            source = stored(store, [layer])
            sentences = [Sentence(one) for one in source.store.sentences()]
            read = text_of_sentences(store.name, sentences, data)
        else:
            read = _read(text, task, tokenized=tokenized, seed=seed, data=data)
            source = _embedded(str(model), read, folder, layer, computation)
        rows = source.rows(source.layers[0], space)
        placed = place_occurrences(rows, read.occurrences, words=words, most=most, seed=seed)
        if to == "atlas":
            write_atlas(placed, path, method=method, k=k, seed=seed)
        else:
            write_projector(placed, path)
    return len(placed)


def _read(
    text: str | None, task: str | None, *, tokenized: bool, seed: int, data: Path | None
) -> AnalysedText:
    if task is not None:
        return text_of_task(task, most=None, seed=seed, data=data)
    return text_of_file(str(text), tokenized=tokenized, most=None, seed=seed, data=data)


def _embedded(
    name: str, text: AnalysedText, folder: Path, layer: int, computation: Computation
) -> AnalysedModel:
    return embedded(load(name, computation=computation), text, folder, source=name, layers=[layer])
