"""Shards made by the workers of a Ray cluster (https://www.ray.io).

Each worker is an actor with a core, or a GPU, and the model of its own. It embeds a shard and writes it to
the store, so all machines need the store's folder at the same path. The process that started them reads the
text, holds the folder's lock, and hands out the shards; a shard whose worker died is given to a new one.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ctxemb.errors import InputError, MissingFileError, StorageError
from ctxemb.extraction.engine import Work, embed_work
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import PackedText, StoreMeta, StoreWriter
from ctxemb.vectors.meta import ShardMeta
from ctxemb.vectors.shard import write_shard
from ctxemb.vectors.writer import explained

_ATTEMPTS = 3


class RayEngine:
    """Makes shards on a Ray cluster: the one at ``RAY_ADDRESS``, or one that is started on this machine.

    A worker computes with a single thread; the bytes are those of a run with a single thread.

    Parameters
    ----------
    source, random_init
        What every worker loads the model by.
    n_workers
        How many; None for one a core of the cluster, or one a GPU if they compute there.
    computation
        Where and in what numbers the workers compute.

    Raises
    ------
    MissingFileError
        If Ray is not installed.
    """

    def __init__(
        self,
        source: str,
        random_init: int | None = None,
        n_workers: int | None = None,
        computation: Computation = FLOAT32_ON_CPU,
    ) -> None:
        self.source, self.random_init, self.n_workers = source, random_init, n_workers
        self.computation = computation
        _ray()

    def __call__(self, works: Iterator[Work], writer: StoreWriter, progress: Callable[[int], None]) -> None:
        """Make the shards of `works`, with `progress` called with numbers of sentences.

        Raises
        ------
        StorageError
            If there is no space left, or a shard's workers died three times.
        InputError
            If a worker loads another model, or a value does not fit the type of the store.
        """
        ray = _ray()
        started_here = not ray.is_initialized()
        if started_here:
            ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
        try:
            self._make_all(ray, works, writer, progress)
        finally:
            if started_here:
                ray.shutdown()

    def _make_all(
        self, ray: Any, works: Iterator[Work], writer: StoreWriter, progress: Callable[[int], None]
    ) -> None:
        resource = "CPU" if self.computation.kind == "cpu" else "GPU"
        actor = ray.remote(num_cpus=1, num_gpus=int(resource == "GPU"))(Worker)

        def start() -> Any:
            return actor.remote(self.source, self.random_init, self.computation, writer.meta.fingerprint)

        def give(worker: Any, work: Work) -> Any:
            words = [sentence.words for sentence in work.sentences]
            return worker.make.remote(str(writer.folder.resolve()), writer.meta, work.number, words)

        n_workers = self.n_workers or max(1, int(ray.cluster_resources().get(resource, 1)))
        idle: list[Any] = []
        running: dict[Any, tuple[Any, Work, int]] = {}
        while True:
            while len(running) < n_workers and (work := next(works, None)) is not None:
                worker = idle.pop() if idle else start()
                running[give(worker, work)] = (worker, work, 1)
            if not running:
                return
            (done, *_), _ = ray.wait(list(running), num_returns=1)
            worker, work, attempt = running.pop(done)
            try:
                writer.add(ray.get(done))
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayActorError as error:
                if attempt == _ATTEMPTS:
                    raise StorageError(
                        f"the worker of shard {work.number} died {attempt} times ({error}); what is there is "
                        "whole: the same command goes on"
                    ) from error
                worker = start()
                running[give(worker, work)] = (worker, work, attempt + 1)
            else:
                idle.append(worker)
                progress(len(work.sentences))


class Worker:
    """Embeds shards and writes them; lives in a process of its own, maybe on another machine.

    Parameters
    ----------
    source, random_init, computation
        What to load the model by.
    fingerprint
        That it should have.
    """

    def __init__(
        self, source: str, random_init: int | None, computation: Computation, fingerprint: str
    ) -> None:
        import torch

        from ctxemb.models import load

        torch.set_num_threads(1)
        self.model = load(source, random_init, computation)
        self.is_same = self.model.fingerprint == fingerprint

    def make(self, folder: str, meta: StoreMeta, number: int, sentences: list[tuple[str, ...]]) -> ShardMeta:
        """Embed `sentences` and write them to the store in `folder`."""
        if not self.is_same:
            raise InputError(f"'{meta.source}' is another model on {socket.gethostname()} than here")
        vectors = embed_work(self.model, meta, [Sentence(words) for words in sentences])
        with explained(Path(folder)):
            return write_shard(Path(folder), meta, number, PackedText.of(sentences), vectors)


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingFileError("--engine ray needs Ray: pip install 'ctxemb[ray]'") from error
    return ray
