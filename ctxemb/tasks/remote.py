"""Fetching the files of published data sets: resumed, checked, and there whole or not at all."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import filelock

from ctxemb.atomic import write_whole
from ctxemb.errors import FormatError, MissingFileError

Progress = Callable[[int, int, str], None]

GITHUB = "https://raw.githubusercontent.com/"
NLTK = GITHUB + "nltk/nltk_data/005569f5d91002697c5dfd5bced624209af0b3bb/packages/corpora/"
"""The packages whose MD5 is in ``index.xml`` of the same commit."""

WAITING = ".downloads"
"""Folder, in the data folder, of what has come so far."""

_SECONDS = 30
_PIECE = 1 << 16
_TOLD_EVERY = 1 << 22


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a data set, and how it is had.

    Parameters
    ----------
    path
        Where it goes in the data folder.
    url
        Where it lies, or the archive that it is in.
    sha256
        Of the file as it is to lie in the data folder, after `convert`; empty where it is not known.
    member
        Its name in the archive at `url`.
    convert
        Turns what was fetched into what the reader reads.
    checksum
        Of what lies at `url`, as pooch writes it (``"md5:..."``); empty where it is not known.
    """

    path: str
    url: str
    sha256: str = ""
    member: str = ""
    convert: Callable[[bytes], bytes] | None = None
    checksum: str = ""


def fetch_files(
    files: Sequence[RemoteFile],
    data: Path,
    *,
    mirror: str = "",
    progress: Progress = lambda done, total, what: None,
) -> None:
    """Download the files that are not at hand.

    What has come is kept in `WAITING` until its files are made: a download that was cut off goes on where it
    stopped, if the server can. Processes that fetch into one folder take turns.

    Parameters
    ----------
    files
        The files.
    data
        The folder for all data sets.
    mirror
        Put before each address, in place of its scheme: where copies lie under host and path of the source.
    progress
        Called with the files done, all files, and what comes next.

    Raises
    ------
    MissingFileError
        If a file cannot be fetched, or is another than published; the message names its address, and why.
    """
    waiting = data / WAITING
    missing = [file for file in files if not is_at_hand(file, data)]
    if not missing:
        return
    waiting.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(waiting / "lock"):
        arrived: set[Path] = set()
        for number, file in enumerate(missing):
            progress(number, len(missing), file.path)
            if is_at_hand(file, data):
                continue  # another process has fetched it meanwhile
            address = mirror + file.url.partition("://")[2] if mirror else file.url

            def told(size: str, number: int = number, name: str = address.rpartition("/")[2]) -> None:
                progress(number, len(missing), f"{name}: {size}")

            source = _retrieve(address, file.checksum, waiting, told)
            _make(file, source, data / file.path, address)
            arrived.add(source)
            if not file.member:
                source.unlink()
        for source in arrived:
            source.unlink(missing_ok=True)
        progress(len(missing), len(missing), "done")


def is_at_hand(file: RemoteFile, data: Path) -> bool:
    """Return whether a file, or its form compressed with xz, lies in the data folder and is as published."""
    path = data / file.path
    packed = path.with_name(f"{path.name}.xz")
    for found in (packed, path):
        if found.is_file():
            return not file.sha256 or _sha256(found) == file.sha256
    return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except (EOFError, lzma.LZMAError):
        return "damaged"
    return digest.hexdigest()


def _retrieve(address: str, checksum: str, folder: Path, told: Callable[[str], None]) -> Path:
    """Return where what lies at an address has been kept, after it has been fetched and checked."""
    import pooch
    from requests.exceptions import ChunkedEncodingError, RequestException, Timeout
    from requests.exceptions import ConnectionError as NoConnection

    pooch.get_logger().setLevel("WARNING")
    name = f"{hashlib.sha256(address.encode()).hexdigest()[:12]}-{PurePosixPath(address).name}"
    part = folder / f"{name}.part"

    def download(url: str, target: str, _: object) -> None:
        _go_on(url, part, told)
        part.replace(target)

    try:
        return Path(pooch.retrieve(address, checksum or None, name, folder, downloader=download))
    except (RequestException, ValueError) as error:  # pooch tells another hash by ValueError
        reason = str(error).strip().split("\n")[0]
        if isinstance(error, NoConnection | Timeout | ChunkedEncodingError):
            begun = part.stat().st_size if part.is_file() else 0
            reason = f"cut off after {begun:,} bytes" if begun else "no connection"
        raise MissingFileError(f"cannot fetch {address} ({reason})") from error


def _go_on(url: str, part: Path, told: Callable[[str], None]) -> None:
    """Fetch the rest of a file that `part` has the beginning of, perhaps nothing yet."""
    import requests

    begun = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with requests.get(url, headers=headers, stream=True, timeout=_SECONDS) as answer:
        too_much = begun and answer.status_code == requests.codes.requested_range_not_satisfiable
        if not too_much:
            answer.raise_for_status()
            if answer.status_code != requests.codes.partial_content:
                begun = 0
            total = begun + int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if begun else "wb") as file:
                for piece in answer.iter_content(_PIECE):
                    before = file.tell()
                    file.write(piece)
                    if before // _TOLD_EVERY != file.tell() // _TOLD_EVERY:
                        told(f"{file.tell() >> 20} of {total >> 20} MiB")
    if too_much:  # what is there is more than there is to be had
        part.unlink()
        _go_on(url, part, told)


def _make(file: RemoteFile, source: Path, target: Path, address: str) -> None:
    """Write the file that what was fetched holds, if it is the published one."""
    try:
        content = _member(source, file.member) if file.member else source.read_bytes()
        made = file.convert(content) if file.convert else content
    except (FormatError, zipfile.BadZipFile, KeyError, EOFError, OSError) as error:
        source.unlink()
        raise MissingFileError(f"cannot use {address} ({error})") from error
    found = hashlib.sha256(made).hexdigest()
    if file.sha256 and found != file.sha256:
        source.unlink()
        raise MissingFileError(
            f"cannot use {address}: {file.path} would have the hash sha256:{found}, expected {file.sha256}"
        )
    write_whole(target, lambda path: path.write_bytes(made))


def _member(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(name)
