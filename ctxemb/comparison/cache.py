"""What has been computed before: vectors and scores, under a hash of all that decides them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.atomic import sweep, write_text, write_whole

ENVIRONMENT = "CTXEMB_CACHE"
FORMAT = 4
"""Counted up when vectors or scores change for the same model, text and settings."""


class Cache:
    """A folder of computed things; without a folder, nothing is kept.

    If a folder cannot be written to, a warning says so, and all goes on without it.

    Parameters
    ----------
    folder
        Where to keep them, or None.
    frozen
        Whether nothing may be computed: what is not there is a `NotCachedError`.
    """

    def __init__(self, folder: Path | None, *, frozen: bool = False) -> None:
        self.folder = folder if folder is None or frozen else _usable(folder)
        self.frozen = frozen

    def arrays(
        self,
        keys: Sequence[dict[str, Any]],
        shapes: Sequence[tuple[int, ...]],
        fill: Callable[[list[int], list[NDArray[np.float32]]], None],
    ) -> list[NDArray[np.float32]]:
        """Return the array of each key, of these `shapes`, memory-mapped where there is a folder.

        Those that were not computed before are filled in together by `fill`, which is given their places
        among `keys`; on disk, and kept when they are whole.
        """
        folder = self.folder
        if folder is None:
            self._may_compute()
            values = [np.empty(shape, dtype=np.float32) for shape in shapes]
            fill(list(range(len(keys))), values)
            return values
        paths = [folder / "vectors" / f"{digest(key)}.npy" for key in keys]
        missing = [place for place, path in enumerate(paths) if not path.is_file()]
        if missing:
            self._may_compute()
            wanted = [(paths[i], shapes[i]) for i in missing]
            try:
                _fill_arrays(wanted, partial(fill, missing))
            except OSError as error:
                if not self._left(error):
                    raise
                return self.arrays(keys, shapes, fill)
        read = [_read_array(path, shape) for path, shape in zip(paths, shapes, strict=True)]
        whole = [found for found in read if found is not None]
        if len(whole) < len(read):  # a damaged file is made anew
            return self.arrays(keys, shapes, fill)
        return whole

    def rows(self, key: dict[str, Any], make: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Return the rows for `key`."""
        folder = self.folder
        if folder is None:
            self._may_compute()
            return make()
        path = folder / "scores" / f"{digest(key)}.json"
        known = _read_rows(path)
        if known is None:
            self._may_compute()
            text = json.dumps(make())
            try:
                write_text(path, text)
            except OSError as error:
                if not self._left(error):
                    raise
            known = json.loads(text)
        return known

    def _left(self, error: OSError) -> bool:
        """Go on without the folder if `error` says that it cannot be written to; return whether it does."""
        if error.errno not in _UNWRITABLE:
            return False
        _warn(self.folder, error)
        self.folder = None
        return True

    def _may_compute(self) -> None:
        if self.frozen:
            raise NotCachedError


_UNWRITABLE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR,
    errno.EEXIST,
)  # fmt: skip
_PARTS = ("vectors", "scores")


def _usable(folder: Path) -> Path | None:
    """Return the folder if it can be written to, swept of what killed runs left; else warn."""
    try:
        for name in _PARTS:
            (folder / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder / name):
                pass
            sweep(folder / name)
    except OSError as error:
        _warn(folder, error)
        return None
    return folder


def _warn(folder: Path | None, error: OSError) -> None:
    warnings.warn(
        f"the cache folder {folder} cannot be written to ({error.strerror or error}); going on without it: "
        f"nothing is kept. {ENVIRONMENT} names another folder",
        stacklevel=2,
    )


def _read_rows(path: Path) -> list[dict[str, Any]] | None:
    """Return the rows in a file; None if there is no such file, or it is damaged."""
    try:
        rows: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def _read_array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Return the array in a file; None, and the file is removed, if it is damaged."""
    try:
        values: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
        if values.shape == shape and values.dtype == np.float32:
            return values
    except (ValueError, EOFError):
        pass
    path.unlink()
    return None


class NotCachedError(Exception):
    """Something was asked of a frozen cache that it does not hold."""


def default_cache() -> Path:
    """Return the folder that ``CTXEMB_CACHE`` names, or the user's cache folder."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("ctxemb"))


def digest(key: dict[str, Any]) -> str:
    """Return the SHA-256 (hex) of `key`, whatever the order of its entries."""
    text = json.dumps({"format": FORMAT, **key}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _fill_arrays(
    wanted: Sequence[tuple[Path, tuple[int, ...]]],
    fill: Callable[[list[NDArray[np.float32]]], None],
    made: tuple[NDArray[np.float32], ...] = (),
) -> None:
    """Write arrays that are filled in together; the files get their names when all are whole."""
    if not wanted:
        fill(list(made))
        return
    (first, shape), *others = wanted

    def write(path: Path) -> None:
        values = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        _fill_arrays(others, fill, (*made, values))
        values.flush()

    write_whole(first, write)
