"""One writer at a time on a folder, and a note that says who it is."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path

import filelock

from ctxemb.errors import StorageError

LOCK, NOTE = "writing.lock", "writing.json"


class FolderLock:
    """Holds a folder for this process, from `acquire` to `release`.

    The lock is the operating system's: when its holder dies, however that happens, the next one gets it. The
    note beside it holds the process id, the host and the time since when (UTC), for the message that others
    get.

    Parameters
    ----------
    folder
        The folder to hold; it must be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = filelock.FileLock(folder / LOCK, timeout=0)

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        StorageError
            If another process has it; the message says which.
        OSError
            If the note cannot be written.
        """
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise StorageError(
                f"{self.folder} is being written by {self._holder()}; wait until it has finished, or name "
                "another folder"
            ) from None
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        note = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
        try:
            (self.folder / NOTE).write_text(json.dumps(note), encoding="utf-8")
        except OSError:  # the disk is full
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back; lock and note are gone then."""
        (self.folder / NOTE).unlink(missing_ok=True)
        if os.name != "nt":  # while it is held, so that no one else's is removed
            (self.folder / LOCK).unlink(missing_ok=True)
        self._lock.release()
        if os.name == "nt":
            with contextlib.suppress(OSError):
                (self.folder / LOCK).unlink(missing_ok=True)

    def _holder(self) -> str:
        try:
            note = json.loads((self.folder / NOTE).read_text(encoding="utf-8"))
            return f"process {note['pid']} on {note['host']} since {note['started']} UTC"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
