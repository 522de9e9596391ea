"""Several parts into one store, and whether a store is as it was written."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from ctxemb.atomic import write_whole
from ctxemb.errors import CtxembError, FormatError, InputError
from ctxemb.vectors.lock import FolderLock
from ctxemb.vectors.meta import META, Contents, shard_name, shard_numbers
from ctxemb.vectors.shard import Shard
from ctxemb.vectors.store import VectorStore
from ctxemb.vectors.writer import explained, read_description, write_description


def merge_stores(parts: Sequence[Path], folder: Path) -> Contents:
    """Join the parts of a text into one store, which has the bytes of one that was made at once.

    Shards are linked where the file system can (parts and store then share the space), and copied elsewhere.
    The same call again goes on where it was stopped.

    Parameters
    ----------
    parts
        Finished stores that were made with ``--shard 1/N`` to ``--shard N/N``, in any order.
    folder
        The store to write; new or empty.

    Raises
    ------
    InputError
        If the parts were made in different ways or of different texts, if one is missing or given twice, or
        if the folder holds something else; the message says what.
    MissingFileError, FormatError
        If a part is not finished, or damaged.
    StorageError
        If the disk is full, or another process writes to the folder.
    """
    if not parts:
        raise InputError("there are no stores to merge")
    stores = [VectorStore.open(part) for part in parts]
    first = stores[0]
    for store in stores[1:]:
        first.meta.check_same(store.meta, str(store.folder))
        if store.contents.text_hashes != first.contents.text_hashes:
            raise InputError(f"{store.folder} was made from another text than {first.folder}")
    owners: dict[int, VectorStore] = {}
    for store in stores:
        for shard in store.contents.shards:
            if shard.number in owners:
                other = owners[shard.number].folder
                raise InputError(f"both {other} and {store.folder} hold {shard_name(shard.number)}")
            owners[shard.number] = store
    for number in range(first.contents.n_text_shards):
        if number not in owners:
            n = first.contents.part[1]
            raise InputError(f"part {number % n + 1}/{n} is missing: none holds {shard_name(number)}")
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder)
    lock.acquire()
    try:
        _check_empty(folder, set(owners))
        for store in stores:
            for part in store.shards():
                _add(part, folder)
        shards = {shard.number: shard for store in stores for shard in store.contents.shards}
        contents = Contents((1, 1), first.contents.text_hashes, tuple(shards[n] for n in sorted(shards)))
        write_description(folder, first.meta, contents)
    finally:
        lock.release()
    return contents


def _check_empty(folder: Path, numbers: set[int]) -> None:
    names = {META, *map(shard_name, numbers)}
    for path in folder.iterdir():
        if path.name.endswith(".part"):
            path.unlink()
        elif path.name not in names and not path.name.startswith("writing."):
            raise InputError(f"{folder} is there already and not empty; name another folder, or remove it")


def _add(shard: Shard, folder: Path) -> None:
    path = folder / shard.path.name
    if path.exists():
        if Shard(path).contents != shard.contents:
            raise InputError(f"{path} is there already, and another one than {shard.path}")
        return
    with contextlib.suppress(OSError):
        os.link(shard.path, path)
        return
    with explained(folder):
        write_whole(path, lambda temporary: shutil.copyfile(shard.path, temporary))


def verify_store(folder: Path, progress: Callable[[int], None] = lambda n_shards: None) -> list[str]:
    """Read every byte of a store and compare it with what was written.

    Parameters
    ----------
    folder
        A store, finished or not.
    progress
        Called with the number of shards that have been read.

    Returns
    -------
    list of str
        What is wrong, naming the file; empty if all is well.

    Raises
    ------
    MissingFileError
        If there is no store.
    """
    problems: list[str] = []
    expected: dict[int, object] = {}
    described = None
    if (folder / META).is_file():
        try:
            described, contents = read_description(folder)
            expected = {shard.number: shard for shard in contents.shards}
        except FormatError as error:
            problems.append(str(error))
    elif not (folder.is_dir() and shard_numbers(folder)):
        VectorStore.open(folder)  # says what is missing
    for number in sorted({*expected, *shard_numbers(folder)}):
        path = folder / shard_name(number)
        try:
            shard = Shard(path)
            if shard.digest() != shard.contents.sha256:
                raise FormatError(f"{path}: damaged: its bytes are not those that were written")
            if shard.text.hash != shard.contents.text_hash:
                raise FormatError(f"{path}: its words are not those that it says")
            if described is not None and (shard.contents, shard.meta) != (expected.get(number), described):
                raise FormatError(f"{path}: not the shard that {META} describes")
        except CtxembError as error:
            problems.append(str(error))
        progress(1)
    return problems
