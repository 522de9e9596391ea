"""The tasks that ctxemb knows by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ctxemb.errors import MissingFileError, UnknownNameError
from ctxemb.suggest import unknown_name
from ctxemb.tasks import events, own, senses
from ctxemb.tasks.base import Task
from ctxemb.tasks.rows import SkippedRows
from ctxemb.tasks.sources import ENVIRONMENT, SOURCES, data_folder, is_present

SHIPPED: dict[str, Callable[[], Task]] = {"senses": senses.load, "events": events.load}


def task_names() -> list[str]:
    """Return the names of all tasks, those that ship with ctxemb first."""
    return [*SHIPPED, *SOURCES]


def is_task(name: str) -> bool:
    """Return whether a name is that of a task, or of a file or folder of the user's own."""
    return name in task_names() or own.is_own(name)


def unknown_task(name: str) -> UnknownNameError:
    """Return the error for a name that is not that of a task."""
    return unknown_name("task", name, task_names(), ", or a file .tsv, .jsonl or .conll, or a folder of them")


def load_task(name: str, data: Path | None = None, skipped: SkippedRows | None = None) -> Task:
    """Load a task.

    Parameters
    ----------
    name
        Its name, or a file or folder of the user's own; see `ctxemb.tasks.own`.
    data
        Folder of the data sets that do not ship with ctxemb; unless given, what the environment variable
        ``CTXEMB_DATA`` names, or the folder that `ctxemb data get` writes to.
    skipped
        Takes the rows of the user's own files that are wrong, which then are errors no more.

    Raises
    ------
    UnknownNameError
        If there is no such task.
    MissingFileError
        If its data is not there.
    FormatError
        If a file is not as its format says, or its rows are not as many as they should be.
    """
    if name in SHIPPED:
        return SHIPPED[name]()
    if name not in SOURCES:
        if own.is_own(name):
            return own.load(name, skipped)
        raise unknown_task(name)
    folder, source = data_folder(data), SOURCES[name]
    if not is_present(name, folder):
        raise MissingFileError(
            f"the task {name} does not ship with ctxemb, and there is nothing in {folder / source.folder}: "
            f"fetch it by `ctxemb data get {name}`, or name the folder of your data sets with --data or "
            f"{ENVIRONMENT}"
        )
    return source.load(folder)
