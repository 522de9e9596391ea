"""Threads that compute batches side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Workers:
    """What calls a function with each of some things.

    Parameters
    ----------
    n
        How many there are. One is the thread that asks, and computes when results are drawn; more begin at
        once, with what they were given first.
    map
        Takes a function and things, and gives the results in order.
    """

    n: int
    map: Callable[[Callable[[Any], None], Iterable[Any]], Iterable[None]]


@contextmanager
def workers(most: int | None = None) -> Iterator[Workers]:
    """Give as many workers as torch has threads, with a thread each.

    They do not wait for each other at every product of matrices, as the threads of one product do.

    Parameters
    ----------
    most
        How many can be of use; if that is one, this thread computes with all of torch's.
    """
    threads = torch.get_num_threads()
    if threads == 1 or most == 1:
        yield Workers(1, map)
        return
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield Workers(threads, pool.map)
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)
