"""Sentences to word vectors: batches of similar length, results in the order they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.extraction.device import Combined, Ways, from_device
from ctxemb.extraction.layers import MIX, Layers, resolve_layers
from ctxemb.extraction.pooling import POOLS, UNITS, Groups, Pool, Unit
from ctxemb.models.base import ContextualModel
from ctxemb.models.encoding import Encoding
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
    if not sentences:
        raise InputError("there are no sentences to embed")
    for pool, unit in ways:
        for kind, name, known in (("pool", pool, POOLS), ("unit", unit, UNITS)):
            if name not in known:
                raise unknown_name(kind, name, known)
    names = resolve_layers(layers, model.n_layers)
    wanted = [_Wanted.of(pool, unit, sentences, (len(names), model.width)) for pool, unit in ways]
    into = _Into(model, names, wanted)
    if model.stateful:
        n_pieces = _in_order(into, sentences, progress)
    else:
        n_pieces = _side_by_side(into, sentences, batch_pieces or model.batch_pieces, progress)
    return [WordVectors(one.values, one.offsets, n_pieces) for one in wanted]


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """One way to combine pieces, and where the vectors belong.

    Parameters
    ----------
    pool, unit
        The way.
    offsets
        (n_sentences + 1,) where sentences start and end in the rows.
    values
        (n_layers, n_rows, width)
    """

    pool: Pool
    unit: Unit
    offsets: NDArray[np.int64]
    values: NDArray[np.float32]

    @classmethod
    def of(cls, pool: Pool, unit: Unit, sentences: Sequence[Sentence], shape: tuple[int, int]) -> _Wanted:
        """Make room for all vectors; `shape` is (n_layers, width)."""
        sizes = [1 if unit == "sentence" else len(sentence) for sentence in sentences]
        offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        return cls(pool, unit, offsets, np.empty((shape[0], offsets[-1], shape[1]), dtype=np.float32))

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the `chosen` sentences, behind one another."""
        sizes = np.diff(self.offsets)[chosen]
        found: NDArray[np.int64] = np.arange(sizes.sum()) + np.repeat(
            self.offsets[chosen] - (sizes.cumsum() - sizes), sizes
        )
        return found

    def copy(self, source: int, target: int) -> None:
        """Give one sentence the vectors of another with the same words."""
        starts, stops = self.offsets[:-1], self.offsets[1:]
        self.values[:, starts[target] : stops[target]] = self.values[:, starts[source] : stops[source]]


@dataclass(frozen=True, slots=True, eq=False)
class _Into:
    """Computes windows of sentences, and puts the vectors of their words where they belong.

    Parameters
    ----------
    model
        As for `embed`.
    names
        Numbers of layers, or `MIX`.
    wanted
        What to put where.
    """

    model: ContextualModel
    names: tuple[int | str, ...]
    wanted: Sequence[_Wanted]

    @torch.inference_mode()
    def __call__(self, parts: Sequence[Encoding], chosen: NDArray[np.int64]) -> None:
        """Compute parts of a batch of the `chosen` sentences; the parts are whole sentences together."""
        last_rows, n_before = [-1] * len(self.wanted), [0] * len(self.wanted)
        places = [one.rows(chosen) for one in self.wanted]
        for ways, layers in self._combined(parts):
            rows = [place[groups.rows.numpy()] for place, groups in zip(places, ways, strict=True)]
            n_before = [
                n if of_way[0] == last else 0
                for n, of_way, last in zip(n_before, rows, last_rows, strict=True)
            ]
            for number, vectors in layers:
                for i, groups in enumerate(ways):
                    layer, combined = self.wanted[i].values[number], vectors[i]
                    if n_before[i]:
                        old = torch.from_numpy(layer[last_rows[i]])
                        combined[0] = groups.join(old, n_before[i], combined[0])
                    layer[rows[i]] = combined.numpy()
            n_before = [
                int(groups.counts[-1]) + (n if len(of_way) == 1 else 0)
                for n, of_way, groups in zip(n_before, rows, ways, strict=True)
            ]
            last_rows = [int(of_way[-1]) for of_way in rows]

    def _combined(self, parts: Sequence[Encoding]) -> Iterator[tuple[Ways, Iterable[Combined]]]:
        """Yield the groups of each part, and their vectors layer by layer, in every way."""
        every = ((part, [Groups.of(part, one.pool, one.unit) for one in self.wanted]) for part in parts)
        if self.model.computation.kind != "cpu":
            return from_device(every, self._layers, torch.device(self.model.computation.device))
        return (
            (
                ways,
                (
                    (number, [groups.combine(vectors) for groups in ways])
                    for number, vectors in self._layers(part)
                ),
            )
            for part, ways in every
        )

    def _layers(self, part: Encoding) -> Iterator[tuple[int, Tensor]]:
        """Yield which layer of the result it is, and the vectors of its pieces, (n_pieces, width)."""
        if self.names == (MIX,):
            layers = self.model.each(part)
            total = next(layers).to(torch.float32, copy=True)
            for layer in layers:
                total += layer
            yield 0, total / self.model.n_layers
            return
        numbers = [int(name) for name in self.names]
        for number, layer in zip(sorted(numbers), self.model.each(part, sorted(numbers)), strict=True):
            yield numbers.index(number), layer


def _in_order(into: _Into, sentences: Sequence[Sentence], progress: Callable[[int], None]) -> int:
    """Embed with a stateful model; return the number of pieces."""
    n_pieces = 0
    into.model.reset()
    for start in range(0, len(sentences), STATEFUL_SENTENCES):
        chosen = sentences[start : start + STATEFUL_SENTENCES]
        batch = into.model.prepare(into.model.encode(chosen))
        into([batch], np.arange(start, start + len(chosen)))
        n_pieces += len(batch.pieces)
        progress(len(chosen))
    return n_pieces


def _side_by_side(
    into: _Into,
    sentences: Sequence[Sentence],
    batch_pieces: int,
    progress: Callable[[int], None],
) -> int:
    """Embed in batches of similar length, each distinct sentence once; return the number of pieces."""
    numbers: dict[tuple[str, ...], int] = {}
    same_as = np.array([numbers.setdefault(s.words, len(numbers)) for s in sentences], dtype=np.int64)
    copies = np.bincount(same_as)
    first = np.unique(same_as, return_index=True)[1]
    batch = into.model.prepare(into.model.encode([sentences[i] for i in first.tolist()]))
    owners = np.maximum.reduceat(batch.words.numpy(), batch.windows[:-1].numpy())
    owners = np.searchsorted(batch.offsets.numpy(), owners, side="right") - 1  # (n_windows,) sentences
    tasks = _tasks(batch.windows.numpy(), owners, batch_pieces)
    if into.model.computation.kind != "cpu":
        tasks = [[part for task in tasks for part in task]]  # one stream of work
    work = [[batch.part(start, stop) for start, stop in task] for task in tasks]
    with _workers(len(work)) as run:
        for task, _ in zip(tasks, run(partial(into, chosen=first), work), strict=True):
            progress(int(copies[np.unique(owners[task[0][0] : task[-1][1]])].sum()))
    for number in np.flatnonzero(first[same_as] != np.arange(len(sentences))).tolist():
        for one in into.wanted:
            one.copy(int(first[same_as[number]]), number)
    return int((batch.lengths.numpy() * copies[owners]).sum())


def _tasks(
    windows: NDArray[np.int64], owners: NDArray[np.int64], batch_pieces: int
) -> list[list[tuple[int, int]]]:
    """Cut windows into tasks of whole sentences, about `batch_pieces` each; longer ones in several parts.

    Examples
    --------
    >>> _tasks(np.array([0, 2, 4, 6, 8, 10]), np.array([1, 0, 2, 2, 2]), 4)
    [[(0, 2)], [(2, 4), (4, 5)]]
    """
    ends = np.append(np.flatnonzero(np.diff(owners)) + 1, len(owners))  # where a sentence's windows end
    tasks = []
    start = 0
    while start < len(owners):
        full = np.searchsorted(windows[ends], windows[start] + batch_pieces, side="right") - 1
        stop = int(ends[max(full, np.searchsorted(ends, start, side="right"))])
        parts = []
        while start < stop:
            size = np.searchsorted(windows, windows[start] + batch_pieces, side="right") - 1
            parts.append((start, min(stop, max(start + 1, int(size)))))
            start = parts[-1][1]
        tasks.append(parts)
    return tasks


@contextmanager
def _workers(n_tasks: int) -> Iterator[Callable[..., Iterator[None]]]:
    """Give a `map` over as many workers as torch has threads, with a thread each.

    They do not wait for each other at every product of matrices, as the threads of one product do.
    """
    threads = torch.get_num_threads()
    if threads == 1 or n_tasks == 1:
        yield map
        return
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)
