"""What is analysed: a text, the text of a task with its labels, or that of a store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctxemb.analysis.measure import Occurrences
from ctxemb.errors import InputError
from ctxemb.tasks import Task, load_task
from ctxemb.tasks.rated import RatedPairs, load_rated, rated_names
from ctxemb.tasks.wordnet import count_senses
from ctxemb.text.corpus import read_corpus
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedText:
    """The words to measure.

    Parameters
    ----------
    name
        What results call it.
    sentences
        The sentences.
    occurrences
        Their words, with labels if there are any.
    rated
        The rated pairs that stand in the sentences, if it is a set of them.
    task
        The task whose sentences they are, if it is one.
    """

    name: str
    sentences: tuple[Sentence, ...]
    occurrences: Occurrences
    rated: RatedPairs | None = None
    task: Task | None = None

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the words."""
        text = "\x1e".join("\x1f".join(sentence.words) for sentence in self.sentences)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def text_of_file(
    path: str, *, tokenized: bool, most: int | None, seed: int, data: Path | None
) -> AnalysedText:
    """Read a text, a sentence a line; see `ctxemb.text.corpus.read_corpus`."""
    sentences = tuple(read_corpus(path, tokenized=tokenized, skip_empty=True))
    return text_of_sentences(Path(path).name, [sentences[i] for i in drawn(len(sentences), most, seed)], data)


def text_of_sentences(name: str, sentences: Sequence[Sentence], data: Path | None) -> AnalysedText:
    """Return sentences as what is analysed.

    Raises
    ------
    InputError
        If there are none.
    """
    if not sentences:
        raise InputError(f"{name}: there are no sentences to analyse")
    words = [sentence.words for sentence in sentences]
    return AnalysedText(name, tuple(sentences), Occurrences(words, n_senses=count_senses(data)))


def text_of_task(name: str, *, most: int | None, seed: int, data: Path | None) -> AnalysedText:
    """Return the sentences of a task, or of a set of rated pairs, with the labels of words."""
    if name in rated_names():
        rated = load_rated(name, data)  # all of it: a pair needs both its contexts
        words = [sentence.words for sentence in rated.sentences]
        return AnalysedText(name, rated.sentences, Occurrences(words, n_senses=count_senses(data)), rated)
    task = load_task(name, data)
    kept = drawn(len(task.sentences), most, seed)
    sentences = tuple(task.sentences[i] for i in kept)
    return AnalysedText(task.name, sentences, _labelled(task, kept, data), task=task)


def _labelled(task: Task, kept: Sequence[int], data: Path | None) -> Occurrences:
    words = [task.sentences[i].words for i in kept]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in words])])
    places = {number: int(offsets[place]) for place, number in enumerate(kept)}
    labels, groups = (np.full(int(offsets[-1]), "", dtype=object) for _ in range(2))
    for example in task.examples if task.kind in {"word-sense", "token-label"} else ():
        span = example.spans[0]
        if span.sentence in places and span.stop == span.start + 1:
            row = places[span.sentence] + span.start
            labels[row], groups[row] = example.label, example.group
    if not labels.any():
        return Occurrences(words, n_senses=count_senses(data))
    return Occurrences(words, labels.astype(np.str_), groups.astype(np.str_), count_senses(data))


def drawn(n: int, most: int | None, seed: int) -> list[int]:
    """Return the numbers of at most `most` of n sentences, drawn without replacement, in their order."""
    if most is None or n <= most:
        return list(range(n))
    chosen: list[int] = np.sort(np.random.default_rng(seed).choice(n, most, replace=False)).tolist()
    return chosen
