"""What has been computed before: vectors and scores, under a hash of all that decides them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.atomic import write_text, write_whole

ENVIRONMENT = "CTXEMB_CACHE"
FORMAT = 4
"""Counted up when vectors or scores change for the same model, text and settings."""


class Cache:
    """A folder of computed things; without a folder, nothing is kept.

    Parameters
    ----------
    folder
        Where to keep them, or None.
    frozen
        Whether nothing may be computed: what is not there is a `NotCachedError`.
    """

    def __init__(self, folder: Path | None, *, frozen: bool = False) -> None:
        self.folder = folder
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
        if self.folder is None:
            self._may_compute()
            values = [np.empty(shape, dtype=np.float32) for shape in shapes]
            fill(list(range(len(keys))), values)
            return values
        paths = [self.folder / "vectors" / f"{digest(key)}.npy" for key in keys]
        missing = [place for place, path in enumerate(paths) if not path.is_file()]
        if missing:
            self._may_compute()
            wanted = [(paths[i], shapes[i]) for i in missing]
            _fill_arrays(wanted, partial(fill, missing))
        return [np.load(path, mmap_mode="r") for path in paths]

    def rows(self, key: dict[str, Any], make: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Return the rows for `key`."""
        if self.folder is None:
            self._may_compute()
            return make()
        path = self.folder / "scores" / f"{digest(key)}.json"
        if not path.is_file():
            self._may_compute()
            write_text(path, json.dumps(make(), ensure_ascii=False))
        loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def _may_compute(self) -> None:
        if self.frozen:
            raise NotCachedError


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
