"""Files of a folder that was given by others: none may be a link that leads out of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ctxemb.errors import FormatError


def check_inside(folder: Path, files: Iterable[Path]) -> None:
    """Refuse files of a folder that are links to somewhere else.

    A folder of the Hugging Face hub's cache, ``snapshots/REVISION``, has its files in ``blobs`` beside it.

    Parameters
    ----------
    folder
        The folder.
    files
        Paths in it, which may not exist.

    Raises
    ------
    FormatError
        If one leads out of the folder; the message names it, and where it leads.
    """
    home = folder.resolve()
    homes = [home]
    if home.parent.name == "snapshots":
        homes.append(home.parents[1] / "blobs")
    for file in files:
        if not file.is_symlink() and not file.parent.is_symlink():
            continue
        target = file.resolve()
        if not any(target.is_relative_to(place) for place in homes):
            raise FormatError(
                f"{file}: a link that leads out of its folder, to {target}; put the file itself there"
            )
