"""The tasks by name: those of this room's data sets, and those of other packages."""

from __future__ import annotations

from pathlib import Path

from ctxemb.errors import MissingFileError, UnknownNameError
from ctxemb.plugins import collect
from ctxemb.shipped import shipped_path
from ctxemb.suggest import Registry, unknown_name
from ctxemb.tasks import own
from ctxemb.tasks.base import Task
from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.rows import SkippedRows
from ctxemb.tasks.storage import ENVIRONMENT, data_folder, is_present


def all_data_sets() -> Registry[DataSet]:
    """Return all data sets by name."""
    return collect("task", "ctxemb.tasks.data_sets", "DATA_SET", "ctxemb.tasks")


def task_names() -> list[str]:
    """Return the names of all tasks, those that need no download first."""
    return sorted(all_data_sets(), key=lambda name: not all_data_sets()[name].ships)


def is_task(name: str) -> bool:
    """Return whether a name is that of a task, or of a file or folder of the user's own."""
    return name in all_data_sets() or own.is_own(name)


def unknown_task(name: str) -> UnknownNameError:
    """Return the error for a name that is not that of a task."""
    return unknown_name("task", name, task_names(), ", or a file .tsv, .jsonl or .conll, or a folder of them")


def load_task(name: str, data: str | Path | None = None, skipped: SkippedRows | None = None) -> Task:
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
    known = all_data_sets()
    if name not in known:
        if own.is_own(name):
            return own.load(name, skipped)
        raise unknown_task(name)
    data_set = known[name]
    if data_set.ships:
        return data_set.load(shipped_path())
    folder = data_folder(None if data is None else Path(data))
    if not is_present(data_set, folder):
        raise MissingFileError(
            f"the task {name} does not ship with ctxemb, and there is nothing in {folder / data_set.folder}: "
            f"fetch it by `ctxemb data get {name}`, or name the folder of your data sets with --data or "
            f"{ENVIRONMENT}"
        )
    return data_set.load(folder)
