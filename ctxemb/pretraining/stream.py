"""Batch after batch, pass after pass, from any place on."""

from __future__ import annotations

import io
import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.pretraining.objective import Batch, Objective
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the stream of batches.

    Parameters
    ----------
    chunk
        Number of the chunk of text, counted on from pass to pass.
    batch
        Number of the next batch of the chunk.
    """

    chunk: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where the batches of each chunk of text come from; any process makes the same ones.

    Parameters
    ----------
    objective, corpus, plan
        What is trained, on what, and how.
    """

    objective: Objective
    corpus: Prepared
    plan: TrainingPlan

    def batches(self, chunk: int) -> list[Batch]:
        """Return the batches of a chunk, counted on from pass to pass."""
        generator = np.random.default_rng([self.plan.seed, chunk])
        text = self.corpus.chunk(chunk, generator)
        before = self.corpus.words_before(chunk)
        size, early = self.plan.batch_size(before), self.plan.is_early(before)
        return list(self.objective.batches(text, size, generator, early=early))


def stream(source: Source, start: Position, *, workers: int = 0) -> Iterator[tuple[Batch, Position]]:
    """Yield the batches of training from `start` on, without end, each with the position after it.

    Batches are made ahead: by a thread, or by `workers` processes, a chunk each. Which makes no difference
    to them.

    Raises
    ------
    InputError
        If there is too little text for a single batch.
    """
    source.objective.learn(source.corpus.types)  # before processes are forked, once for all
    executor, unpacker = _executor(source, workers), ThreadPoolExecutor(1)
    numbers = count(start.chunk)
    waiting = deque((n, _submit(executor, unpacker, source, n)) for n in islice(numbers, workers + 2))
    empty = 0
    try:
        while True:
            chunk, future = waiting.popleft()
            batches = future.result()
            following = next(numbers)
            waiting.append((following, _submit(executor, unpacker, source, following)))
            empty = 0 if batches else empty + 1
            if empty == source.corpus.n_chunks:
                names = ", ".join(source.corpus.names)
                raise InputError(f"too little text in {names}: not one full window, or pair of sentences")
            first = start.batch if chunk == start.chunk else 0
            for number in range(first, len(batches)):
                yield batches[number], Position(chunk, number + 1)
    finally:
        unpacker.shutdown(cancel_futures=True)
        executor.shutdown(cancel_futures=True)


_SOURCE: list[Source] = []
"""Of a worker process: what it makes batches from."""


def _executor(source: Source, workers: int) -> Executor:
    if not workers:
        return ThreadPoolExecutor(1)
    method = "fork" if "fork" in get_all_start_methods() else "spawn"
    return ProcessPoolExecutor(workers, get_context(method), initializer=_begin, initargs=(source,))


def _submit(executor: Executor, unpacker: Executor, source: Source, chunk: int) -> Future[list[Batch]]:
    if not isinstance(executor, ProcessPoolExecutor):
        return executor.submit(source.batches, chunk)
    made = executor.submit(_packed, chunk)
    return unpacker.submit(lambda: pickle.loads(made.result()))


def _begin(source: Source) -> None:
    torch.set_num_threads(1)
    _SOURCE.append(source)


def _packed(chunk: int) -> bytes:
    """Pack batches with tensors as arrays, which is several times as fast as torch's own way."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {Tensor: _as_array}
    pickler.dump(_SOURCE[0].batches(chunk))
    return file.getvalue()


def _as_array(tensor: Tensor) -> tuple[Any, ...]:
    if tensor.stride() == (0,):  # one value for all
        return torch.full, (tuple(tensor.shape), tensor[0].item())
    return torch.tensor, (tensor.numpy(),)
