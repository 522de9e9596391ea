"""Sentences to word vectors: batches of similar length, results in the order they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from ctxemb.errors import InputError
from ctxemb.extraction.batches import cut
from ctxemb.extraction.layers import Layers, resolve_layers
from ctxemb.extraction.pooling import POOLS, UNITS, Pool, Unit
from ctxemb.extraction.scatter import Scatter, Target
from ctxemb.extraction.workers import Workers, workers
from ctxemb.models.base import ContextualModel
from ctxemb.suggest import unknown_name
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
    batch_pieces: int | None = None,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> WordVectors:
    """Embed `sentences`; a sentence's vectors do not depend on what else there is to embed.

    A sentence that is there several times is computed once. On a CPU, batches are computed side by side, each
    by one of the threads that torch has been given; on a GPU one after another, and while one is computed,
    the vectors of that before it are put where they belong.

    With a stateful model vectors do depend on others: it reads the sentences in their order,
    `STATEFUL_SENTENCES` at once, and begins each with the states that the sentence so many places before it
    ended with; the first ones begin with clean states.

    Parameters
    ----------
    model
        What to embed with.
    sentences
        What to embed.
    layers
        ``"all"``, numbers (-1 is the last), or ``"mix"`` for the mean of all. Layers above the highest one
        asked for are not computed.
    pool, unit
        How pieces become words or sentences; see `ctxemb.extraction.pooling.Groups`.
    batch_pieces
        About how many pieces are computed at once, unless the model is stateful; None for what suits the
        model.
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
    return embed_ways(
        model, sentences, [(pool, unit)], layers=layers, batch_pieces=batch_pieces, progress=progress
    )[0]


def embed_ways(
    model: ContextualModel,
    sentences: Sequence[Sentence],
    ways: Sequence[tuple[Pool, Unit]],
    *,
    layers: Layers = "all",
    batch_pieces: int | None = None,
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> list[WordVectors]:
    """Embed `sentences` once, and combine their pieces in several ways; see `embed`.

    Returns
    -------
    list of WordVectors
        One for each pool and unit of `ways`.
    """
    job = Job(model, sentences, ways, layers=layers, batch_pieces=batch_pieces)
    with workers(job.n_tasks) as given:
        job.begin(given)
        return job.finish(progress)


class Job:
    """Sentences that are embedded while other things are done, with parameters and errors of `embed_ways`.

    Attributes
    ----------
    n_tasks
        In how many tasks, and so by how many workers, they can be computed side by side.
    """

    def __init__(
        self,
        model: ContextualModel,
        sentences: Sequence[Sentence],
        ways: Sequence[tuple[Pool, Unit]],
        *,
        layers: Layers = "all",
        batch_pieces: int | None = None,
    ) -> None:
        if not sentences:
            raise InputError("there are no sentences to embed")
        for pool, unit in ways:
            for kind, name, known in (("pool", pool, POOLS), ("unit", unit, UNITS)):
                if name not in known:
                    raise unknown_name(kind, name, known)
        names = resolve_layers(layers, model.n_layers)
        targets = [Target.of(pool, unit, sentences, (len(names), model.width)) for pool, unit in ways]
        self._scatter = Scatter(model, names, targets)
        self._order: _InOrder | _SideBySide
        if model.stateful:
            self._order = _InOrder(self._scatter, sentences)
        else:
            self._order = _SideBySide(self._scatter, sentences, batch_pieces or model.batch_pieces)
        self.n_tasks = self._order.n_tasks

    def begin(self, given: Workers) -> None:
        """Give the work to workers."""
        self._done = self._order.begin(given)

    def finish(self, progress: Callable[[int], None] = lambda n_sentences: None) -> list[WordVectors]:
        """Wait for what was begun, and return the vectors; `progress` is called as for `embed`."""
        n_pieces = 0
        for n_sentences, more_pieces in self._done:
            progress(n_sentences)
            n_pieces += more_pieces
        return [WordVectors(one.values, one.offsets, n_pieces) for one in self._scatter.targets]


Done = Iterator[tuple[int, int]]
"""Numbers of sentences and of pieces that have been embedded since the last ones."""


class _InOrder:
    """Embeds with a stateful model."""

    n_tasks = 1

    def __init__(self, scatter: Scatter, sentences: Sequence[Sentence]) -> None:
        self.scatter, self.sentences = scatter, sentences

    def begin(self, given: Workers) -> Done:
        """Return what embeds the sentences while it is drawn from."""
        model = self.scatter.model
        model.reset()
        for start in range(0, len(self.sentences), STATEFUL_SENTENCES):
            chosen = self.sentences[start : start + STATEFUL_SENTENCES]
            batch = model.prepare(model.encode(chosen))
            self.scatter([batch], self.scatter.places(np.arange(start, start + len(chosen))))
            yield len(chosen), len(batch.pieces)


class _SideBySide:
    """Embeds in batches of similar length, each distinct sentence once."""

    def __init__(self, scatter: Scatter, sentences: Sequence[Sentence], batch_pieces: int) -> None:
        model = scatter.model
        numbers: dict[tuple[str, ...], int] = {}
        same_as = np.array([numbers.setdefault(s.words, len(numbers)) for s in sentences], dtype=np.int64)
        self.scatter = scatter
        self.first = np.unique(same_as, return_index=True)[1]  # (n_distinct,) the sentences that are computed
        self.sources = self.first[same_as]  # (n_sentences,) the first sentence with the same words
        self.copies = np.bincount(same_as)
        self.batch = model.prepare(model.encode([sentences[i] for i in self.first.tolist()]))
        windows = self.batch.windows.numpy()
        owners = np.maximum.reduceat(self.batch.words.numpy(), windows[:-1])
        self.owners = np.searchsorted(self.batch.offsets.numpy(), owners, side="right") - 1  # (n_windows,)
        self.tasks = cut(windows, self.owners, batch_pieces)
        if model.computation.kind != "cpu":
            self.tasks = [[part for task in self.tasks for part in task]]  # one stream of work
        self.n_tasks = len(self.tasks)

    def begin(self, given: Workers) -> Done:
        """Give the work to workers; return what waits for it."""
        work = [[self.batch.part(start, stop) for start, stop in task] for task in self.tasks]
        return self._wait(given.map(partial(self.scatter, places=self.scatter.places(self.first)), work))

    def _wait(self, results: Iterable[None]) -> Done:
        n_pieces = self.batch.lengths.numpy() * self.copies[self.owners]
        for task, _ in zip(self.tasks, results, strict=True):
            windows = slice(task[0][0], task[-1][1])
            yield int(self.copies[np.unique(self.owners[windows])].sum()), int(n_pieces[windows].sum())
        for target in np.flatnonzero(self.sources != np.arange(len(self.sources))).tolist():
            for one in self.scatter.targets:
                one.copy(int(self.sources[target]), target)
