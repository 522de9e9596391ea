"""What the commands share on the terminal: notes and progress on stderr, tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from ctxemb.tasks import SkippedRows

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Terminal:
    """How much to say.

    Parameters
    ----------
    verbose, quiet
        More than usual; nothing but errors.
    debug
        Show tracebacks.
    """

    verbose: bool = False
    quiet: bool = False
    debug: bool = False

    def note(self, text: str) -> None:
        """Say `text` on stderr, unless quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Say `text` on stderr, if verbose."""
        if self.verbose:
            click.echo(text, err=True)

    def skipped(self, rows: SkippedRows | None) -> None:
        """Say which rows were skipped, if any."""
        if rows is not None and rows.faults:
            listed = "".join(f"\n  {fault}" for fault in rows.faults)
            self.note(f"skipped {len(rows.faults):,} rows:{listed}")

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Advance]:
        """Show a bar while the block runs; give a function that moves it.

        It is silent when stderr is no terminal, or quiet is asked for.
        """
        with self._bar(what, total) as update:
            yield lambda amount: update(amount, None)

    @contextmanager
    def steps(self) -> Iterator[Callable[[int, int, str], None]]:
        """Show a bar of steps; give a function that takes the steps done, all steps, and what comes next."""
        done_before = 0

        with self._bar("starting", None) as update:

            def show(done: int, total: int, what: str) -> None:
                nonlocal done_before
                self.detail(f"[{done}/{total}] {what}")
                update(done - done_before, (what, total))
                done_before = done

            yield show

    @contextmanager
    def _bar(self, what: str, total: int | None) -> Iterator[Callable[[int, tuple[str, int] | None], None]]:
        if self.quiet or not sys.stderr.isatty():
            yield lambda amount, step: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)

            def update(amount: int, step: tuple[str, int] | None) -> None:
                if step is not None:
                    bar.update(task, description=step[0], total=step[1])
                bar.advance(task, amount)

            yield update


pass_terminal = click.make_pass_decorator(Terminal, ensure=True)
