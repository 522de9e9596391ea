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
    if console.is_jupyter:
        with _notebook_bar() as show:
            yield show
        return
    if not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


@contextmanager
def _notebook_bar() -> Iterator[StepProgress]:
    """Give a bar of HTML in the cell's output, which is emptied at the end; it needs no widgets."""
    from html import escape

    from IPython.display import display

    handle = display({"text/plain": "starting"}, raw=True, display_id=True)

    def show(done: int, total: int, what: str) -> None:
        told = f"{done} of {total}: {what}"
        bar = f"<progress value='{done}' max='{total}'></progress> {escape(told)}"
        handle.update({"text/html": bar, "text/plain": told}, raw=True)

    yield show
    handle.update({"text/html": "", "text/plain": ""}, raw=True)
