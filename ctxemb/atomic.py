"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_whole(path: Path, write: Callable[[Path], Any], *, keep_name: bool = True) -> None:
    """Write a file under another name, make sure that it is on disk, and give it its name.

    A reader sees the old file or the new one; an interruption leaves the old one, and a file ending in
    ``.part`` only if the process was killed. Folders on the way are made.

    Parameters
    ----------
    path
        The file to write.
    write
        Called with the path to write to.
    keep_name
        Whether the name, too, should be on disk when this returns; if not, a power cut may take the file
        back, unless `keep_names` is called.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        if keep_name:
            keep_names(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove files that killed processes left half-written in `folder`, if it may be written to."""
    for path in folder.glob("*.part"):
        process = path.name.removesuffix(".part").rpartition(".")[2]
        if process.isdecimal() and not _runs(int(process)):
            with contextlib.suppress(OSError):
                path.unlink()


def _runs(process: int) -> bool:
    """Return whether there is a process of this number on this machine, or it cannot be told."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def keep_names(folder: Path) -> None:
    """Make sure that the names in `folder` are on disk, where a system lets folders be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # some network file systems cannot
            raise
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    r"""Write UTF-8 text, with ``\n`` at the ends of lines on every system; see `write_whole`."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
