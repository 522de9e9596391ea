"""The explorer: occurrences of words, embedded by several models, as one page to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ctxemb.api.own import ModelLike, as_model
from ctxemb.errors import InputError
from ctxemb.explorer import Occurrence, Page, render_page, view_of
from ctxemb.extraction import embed
from ctxemb.models import ContextualModel, load
from ctxemb.models.computation import Computation
from ctxemb.tasks import Task, is_task, load_task
from ctxemb.text.corpus import read_corpus
from ctxemb.text.sentence import Sentence

_MOST_MODELS = 4


def explore(
    source: str | Path | Task | Sequence[str],
    models: ModelLike | Sequence[ModelLike] = ("elmo", "gpt", "bert"),
    *,
    words: Sequence[str] = (),
    most: int = 2000,
    seed: int = 0,
    title: str | None = None,
    data: str | Path | None = None,
    device: str = "cpu",
    progress: Callable[[str], None] = lambda model: None,
) -> Page:
    """Return a page that shows occurrences of words in every layer of up to four models, side by side.

    Parameters
    ----------
    source
        A task of word senses (its name, a file of your own, or a `Task`); or a text file or sentences, whose
        occurrences of `words` are shown without labels.
    models
        Names or folders of models, or objects with `encode` and `each`; at most four.
    words
        The words to show; of a task all, unless given.
    most
        Show at most so many occurrences, drawn by the seed.
    seed
        Of the draw.
    title
        The page's heading.
    data
        Folder of the data sets that do not ship with ctxemb.
    device
        Where models that are given by name compute.
    progress
        Called with the name of each model before it is read.

    Returns
    -------
    Page
        ``.save("page.html")`` writes it; a notebook shows it.

    Raises
    ------
    InputError
        If there are more than four models, or fewer than three occurrences.
    """
    named = list(models) if isinstance(models, Sequence) and not isinstance(models, str) else [models]
    if not 1 <= len(named) <= _MOST_MODELS:
        raise InputError(f"expected one to {_MOST_MODELS} models, found {len(named)}")
    found = _drawn(_occurrences(source, words, data), most, seed)
    if not found:
        raise InputError(f"no occurrence of {', '.join(words) or 'any word'} in the text")
    sentences = list(dict.fromkeys(occurrence.words for occurrence in found))
    rows = {text: number for number, text in enumerate(sentences)}
    views = []
    for one in named:
        model = as_model(one)
        if isinstance(model, str):
            model = load(model, computation=Computation(device))
        progress(model.name)
        views.append(view_of(model.name, model.family, _vectors(model, sentences, rows, found), found))
    shown = ", ".join(sorted({occurrence.group for occurrence in found})[:4])
    return render_page(title or f"{shown}: {len(found):,} occurrences", found, views)


def _occurrences(
    source: str | Path | Task | Sequence[str], words: Sequence[str], data: str | Path | None
) -> list[Occurrence]:
    if isinstance(source, str | Path):
        if Path(source).is_file() and not is_task(str(source)):
            return _in_text(read_corpus(str(source)), words)
        source = load_task(str(source), data)
    if not isinstance(source, Task):
        from ctxemb.extraction.embedder import as_sentences

        return _in_text(as_sentences(list(source)), words)
    if source.kind != "word-sense":
        raise InputError(f"'{source.name}' is a task of {source.kind}s; the map shows occurrences of words")
    wanted = {word.lower() for word in words}
    found = []
    for example in source.examples:
        span = example.spans[0]
        text = source.sentences[span.sentence].words
        group = example.group or " ".join(text[span.start : span.stop]).lower()
        if not wanted or group.lower() in wanted:
            found.append(Occurrence(text, span.start, span.stop, example.label, group))
    return found


def _in_text(sentences: object, words: Sequence[str]) -> list[Occurrence]:
    if not words:
        raise InputError("a text has many words: say which to show (--word)")
    wanted = {word.lower() for word in words}
    return [
        Occurrence(sentence.words, place, place + 1, "", word.lower())
        for sentence in sentences  # type: ignore[attr-defined]
        for place, word in enumerate(sentence.words)
        if word.lower() in wanted
    ]


def _drawn(found: list[Occurrence], most: int, seed: int) -> list[Occurrence]:
    if len(found) <= most:
        return found
    chosen = np.sort(np.random.default_rng(seed).choice(len(found), most, replace=False))
    return [found[number] for number in chosen]


def _vectors(
    model: ContextualModel,
    sentences: Sequence[tuple[str, ...]],
    rows: dict[tuple[str, ...], int],
    found: Sequence[Occurrence],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return (n_layers, n, width) the means of the occurrences' words."""
    vectors = embed(model, [Sentence(words) for words in sentences])
    starts = [int(vectors.offsets[rows[one.words]]) for one in found]
    parts = [
        vectors.values[:, start + one.start : start + one.stop].mean(axis=1)
        for start, one in zip(starts, found, strict=True)
    ]
    return np.stack(parts, axis=1).astype(np.float32)
