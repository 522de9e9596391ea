"""Progress of long calls: a bar in terminals and notebooks, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

StepProgress = Callable[[int, int, str], None]
"""Called with the steps done, all steps, and what comes next."""


@contextmanager
def shown_steps(progress: StepProgress | None) -> Iterator[StepProgress]:
    """Give `progress`, or a bar where somebody sees it."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not (console.is_jupyter or sys.stderr.isatty()):
        yield lambda done, total, what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)
