"""Independent steps, run side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from ctxemb.comparison.line import StepOutput
    from ctxemb.models import ContextualModel
    from ctxemb.tasks import Task

Progress = Callable[[int, int, str], None]
"""Called with the steps done, all steps, and what is being done."""

_MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a comparison.

    Parameters
    ----------
    what
        In a few words.
    run
        Does it.
    task, model
        What it is about; baselines have no model.
    """

    what: str
    run: Callable[[], StepOutput]
    task: Task | None = None
    model: ContextualModel | None = None


def run_steps(steps: Sequence[Step], progress: Progress) -> list[StepOutput]:
    """Run `steps` side by side, as many as there are processors, and return their outputs in their order.

    Products of small matrices gain nothing from several threads, and wait for each other on a busy machine:
    so each step has a share of the threads, one on most machines, and the steps run beside each other.

    Raises
    ------
    Exception
        What the first step that failed raised; steps that have not begun are dropped.
    """
    if not steps:
        return []
    threads = torch.get_num_threads()
    workers = min(threads, _MOST_WORKERS, len(steps))
    outputs: dict[int, StepOutput] = {}
    share = max(1, threads // workers)
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(share,)) as pool:
        running: dict[Future[StepOutput], int] = {}
        waiting = iter(enumerate(steps))
        try:
            while len(outputs) < len(steps):
                for number, step in islice(waiting, workers - len(running)):
                    progress(len(outputs), len(steps), step.what)
                    running[pool.submit(step.run)] = number
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    outputs[running.pop(done)] = done.result()
            progress(len(steps), len(steps), "done")
        finally:
            torch.set_num_threads(threads)
    return [outputs[number] for number in range(len(steps))]
