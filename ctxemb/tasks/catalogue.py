"""The tasks that ctxemb knows by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ctxemb.errors import MissingFileError
from ctxemb.registry import unknown_name
from ctxemb.tasks import (
    allwords,
    coarsewsd,
    cola,
    events,
    own,
    reviews,
    senses,
    senseval,
    sst,
    tokens,
    trec,
    wic,
)
from ctxemb.tasks.base import Task
from ctxemb.tasks.own import SkippedRows

ENVIRONMENT = "CTXEMB_DATA"

_SHIPPED: dict[str, Callable[[], Task]] = {"senses": senses.load, "events": events.load}
_FROM_FOLDER: dict[str, Callable[[Path], Task]] = {
    "coarsewsd20": coarsewsd.load,
    "senseval": senseval.load,
    "trec": trec.load,
    "sst2": sst.load,
    "sst5": sst.load_fine,
    "mr": reviews.load_mr,
    "subj": reviews.load_subj,
    "cola": cola.load,
    "wic": wic.load,
    "all-words": allwords.load,
    "ewt-pos": tokens.load_ewt,
    "conll2000": tokens.load_chunks,
}


def task_names() -> list[str]:
    """Return the names of all tasks, those that ship with ctxemb first."""
    return [*_SHIPPED, *_FROM_FOLDER]


def is_task(name: str) -> bool:
    """Return whether a name is that of a task, or of a file or folder of the user's own."""
    return name in task_names() or own.is_own(name)


def load_task(name: str, data: Path | None = None, skipped: SkippedRows | None = None) -> Task:
    """Load a task.

    Parameters
    ----------
    name
        Its name, or a file or folder of the user's own; see `ctxemb.tasks.own`.
    data
        Folder of the data sets that do not ship with ctxemb; the environment variable ``CTXEMB_DATA``
        unless given.
    skipped
        Takes the rows of the user's own files that are wrong, which then are errors no more.

    Raises
    ------
    UnknownNameError
        If there is no such task.
    MissingFileError
        If a folder is needed and not given, or a file is not in it.
    FormatError
        If a file is not as its format says, or its rows are not as many as they should be.
    """
    if name in _SHIPPED:
        return _SHIPPED[name]()
    if name not in _FROM_FOLDER:
        if own.is_own(name):
            return own.load(name, skipped)
        raise unknown_name(
            "task", name, task_names(), ", or a file .tsv, .jsonl or .conll, or a folder of them"
        )
    folder = data or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if folder is None:
        raise MissingFileError(
            f"the task {name} does not ship with ctxemb: "
            f"name the folder of its data with --data or {ENVIRONMENT}"
        )
    if not folder.is_dir():
        raise MissingFileError(f"no folder {folder} to read the task {name} from")
    return _FROM_FOLDER[name](folder)
