"""Where the published data sets lie on disk, and how they are fetched."""

from __future__ import annotations

import os
from pathlib import Path

from ctxemb.errors import MissingFileError
from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.remote import Progress, fetch_files

ENVIRONMENT = "CTXEMB_DATA"


def data_folder(data: Path | None = None) -> Path:
    """Return the folder of the data sets: `data`, what ``CTXEMB_DATA`` names, or the user's cache folder."""
    if data is not None:
        return data
    if os.environ.get(ENVIRONMENT):
        return Path(os.environ[ENVIRONMENT]).expanduser()
    import pooch

    return Path(pooch.os_cache("ctxemb")) / "data"


def is_present(data_set: DataSet, data: Path | None = None) -> bool:
    """Return whether a data set ships, or files of it are there; `load` tells whether it is whole."""
    folder = data_folder(data) / data_set.folder
    return data_set.ships or any(path.is_file() for path in folder.rglob("*"))


def fetch(
    data_set: DataSet,
    data: Path | None = None,
    *,
    mirror: str = "",
    progress: Progress = lambda done, total, what: None,
) -> Path:
    """Download the files of a data set; those at hand are not fetched again.

    Each is checked by its SHA-256 (SemCor and WordNet's index, whose is not known, by the number of instances
    and the MD5 of the archive). Files that are published in another form are converted on arrival.

    Parameters
    ----------
    data_set
        The data set.
    data
        The folder for all data sets; see `data_folder`.
    mirror, progress
        As for `fetch_files`.

    Raises
    ------
    MissingFileError
        If it cannot be fetched; the message says where it is to be had.
    """
    folder = data_folder(data)
    if not data_set.files():
        raise MissingFileError(
            f"{data_set.name} is not fetched, since its licence must be accepted first ({data_set.licence}): "
            f"put the data set from {data_set.public} into {folder / data_set.folder}"
        )
    try:
        fetch_files(data_set.files(), folder, mirror=mirror, progress=progress)
    except MissingFileError as error:
        raise MissingFileError(
            f"{error}; what has come is kept, and the same command goes on. Without a network, put the data "
            f"set from {data_set.public} into {folder / data_set.folder}"
        ) from error
    return folder / data_set.folder
