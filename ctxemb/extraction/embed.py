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
from ctxemb.extraction.device import Combined, from_device
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
    if not sentences:
        raise InputError("there are no sentences to embed")
    for kind, name, known in (("pool", pool, POOLS), ("unit", unit, UNITS)):
        if name not in known:
            raise unknown_name(kind, name, known)
    names = resolve_layers(layers, model.n_layers)
    sizes = np.array([1 if unit == "sentence" else len(sentence) for sentence in sentences], dtype=np.int64)
    offsets = np.concatenate([[0], sizes.cumsum()])
    values: NDArray[np.float32] = np.empty((len(names), offsets[-1], model.width), dtype=np.float32)
    into = _Into(model, names, pool, unit, values)
    if model.stateful:
        n_pieces = _in_order(into, sentences, offsets, progress)
    else:
        n_pieces = _side_by_side(into, sentences, offsets, batch_pieces or model.batch_pieces, progress)
    return WordVectors(values, offsets, n_pieces)


@dataclass(frozen=True, slots=True, eq=False)
class _Into:
    """Computes windows of sentences, and puts the vectors of their words where they belong.

    Parameters
    ----------
    model, pool, unit
        As for `embed`.
    names
        Numbers of layers, or `MIX`.
    values
        (n_layers, n_rows, width) where the vectors belong.
    """

    model: ContextualModel
    names: tuple[int | str, ...]
    pool: Pool
    unit: Unit
    values: NDArray[np.float32]

    @torch.inference_mode()
    def __call__(self, parts: Sequence[Encoding], places: NDArray[np.int64]) -> None:
        """Compute parts of a batch that are whole sentences together; `places` are the rows of the units."""
        last_row, n_before = -1, 0
        for groups, combined_layers in self._combined(parts):
            rows = places[groups.rows.numpy()]
            n_before = n_before if rows[0] == last_row else 0
            for layer, combined in combined_layers:
                if n_before:
                    old = torch.from_numpy(layer[last_row])
                    combined[0] = groups.join(old, n_before, combined[0])
                layer[rows] = combined.numpy()
            n_before = int(groups.counts[-1]) + (n_before if len(rows) == 1 else 0)
            last_row = rows[-1]

    def _combined(self, parts: Sequence[Encoding]) -> Iterator[tuple[Groups, Iterable[Combined]]]:
        """Yield the groups of each part, and their vectors with where those belong, layer by layer."""
        every = ((part, Groups.of(part, self.pool, self.unit)) for part in parts)
        if self.model.computation.kind != "cpu":
            return from_device(every, self._layers, torch.device(self.model.computation.device))
        return (
            (groups, ((layer, groups.combine(vectors)) for layer, vectors in self._layers(part)))
            for part, groups in every
        )

    def _layers(self, part: Encoding) -> Iterator[tuple[NDArray[np.float32], Tensor]]:
        """Yield where a layer's vectors belong, and those of its pieces, (n_pieces, width)."""
        if self.names == (MIX,):
            layers = self.model.each(part)
            total = next(layers).to(torch.float32, copy=True)
            for layer in layers:
                total += layer
            yield self.values[0], total / self.model.n_layers
            return
        numbers = [int(name) for name in self.names]
        for number, layer in zip(sorted(numbers), self.model.each(part, sorted(numbers)), strict=True):
            yield self.values[numbers.index(number)], layer


def _in_order(
    into: _Into, sentences: Sequence[Sentence], offsets: NDArray[np.int64], progress: Callable[[int], None]
) -> int:
    """Embed with a stateful model; return the number of pieces."""
    n_pieces = 0
    into.model.reset()
    for start in range(0, len(sentences), STATEFUL_SENTENCES):
        chosen = sentences[start : start + STATEFUL_SENTENCES]
        batch = into.model.prepare(into.model.encode(chosen))
        into([batch], np.arange(offsets[start], offsets[start + len(chosen)]))
        n_pieces += len(batch.pieces)
        progress(len(chosen))
    return n_pieces


def _side_by_side(
    into: _Into,
    sentences: Sequence[Sentence],
    offsets: NDArray[np.int64],
    batch_pieces: int,
    progress: Callable[[int], None],
) -> int:
    """Embed in batches of similar length, each distinct sentence once; return the number of pieces."""
    numbers: dict[tuple[str, ...], int] = {}
    same_as = np.array([numbers.setdefault(s.words, len(numbers)) for s in sentences], dtype=np.int64)
    copies = np.bincount(same_as)
    first = np.unique(same_as, return_index=True)[1]
    batch = into.model.prepare(into.model.encode([sentences[i] for i in first.tolist()]))
    sizes = np.diff(offsets)[first]
    places = np.arange(sizes.sum()) + np.repeat(offsets[first] - (sizes.cumsum() - sizes), sizes)
    owners = np.maximum.reduceat(batch.words.numpy(), batch.windows[:-1].numpy())
    owners = np.searchsorted(batch.offsets.numpy(), owners, side="right") - 1  # (n_windows,) sentences
    tasks = _tasks(batch.windows.numpy(), owners, batch_pieces)
    if into.model.computation.kind != "cpu":
        tasks = [[part for task in tasks for part in task]]  # one stream of work
    work = [[batch.part(start, stop) for start, stop in task] for task in tasks]
    with _workers(len(work)) as run:
        for task, _ in zip(tasks, run(partial(into, places=places), work), strict=True):
            progress(int(copies[np.unique(owners[task[0][0] : task[-1][1]])].sum()))
    for number in np.flatnonzero(first[same_as] != np.arange(len(sentences))).tolist():
        source, target = first[same_as[number]], number
        into.values[:, offsets[target] : offsets[target + 1]] = into.values[
            :, offsets[source] : offsets[source + 1]
        ]
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
