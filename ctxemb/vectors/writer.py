"""Writes a vector store, or goes on with one that was begun."""

from __future__ import annotations

import dataclasses
import errno
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ctxemb.atomic import keep_names, write_text
from ctxemb.errors import FormatError, InputError, StorageError
from ctxemb.vectors.lock import LOCK, NOTE, FolderLock
from ctxemb.vectors.meta import (
    CHECKSUM,
    META,
    Contents,
    ShardMeta,
    StoreMeta,
    checksum,
    shard_name,
    shard_numbers,
    to_json,
)
from ctxemb.vectors.packed import PackedText
from ctxemb.vectors.shard import Shard, write_shard
from ctxemb.vectors.word_vectors import WordVectors

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class StoreWriter:
    """Writes a store; it is finished when `finish` has been called.

    Shards are written one at a time: models are slower than disks, so that a second one on its way would be
    no faster, and take as much memory.

    All shards of the text are shown to `wants`, in order; those that it wants are given to `write` or
    `submit`. Used in a ``with`` block, in which the folder is locked.

    Parameters
    ----------
    folder
        A new or empty folder, or a store that was made from the same text in the same way.
    meta
        How the vectors are made.
    part
        ``(i, n)``: this store holds the shards whose number leaves the remainder i - 1 when divided by n.

    Raises
    ------
    InputError
        On entry, if the folder holds something else, or a store that was made in another way; the message
        names the difference.
    StorageError
        On entry, if another process writes to the folder; the message says which.
    """

    def __init__(self, folder: Path, meta: StoreMeta, part: tuple[int, int] = (1, 1)) -> None:
        if not 1 <= part[0] <= part[1]:
            raise InputError(f"a part should be I/N with 1 <= I <= N, found {part[0]}/{part[1]}")
        self.folder = folder
        self.meta = meta
        self.part = part
        self._hashes: list[str] = []
        self._shards: dict[int, ShardMeta] = {}
        self._finished: Contents | None = None
        self._pool = ThreadPoolExecutor(1)
        self._pending: Future[ShardMeta] | None = None

    def __enter__(self) -> StoreWriter:
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder} is there already and no folder; name another folder")
        self._is_new = not self.folder.exists()
        self._lock = FolderLock(self.folder)
        try:
            with explained(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                self._lock.acquire()
        except BaseException:
            self._remove_if_empty()
            raise
        try:
            self._look()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._pool.shutdown()  # what has been begun is written
        self._lock.release()
        self._remove_if_empty()

    def _remove_if_empty(self) -> None:
        if self._is_new and self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _look(self) -> None:
        """Look at what is there, and remove what a killed writer left of a shard."""
        numbers = shard_numbers(self.folder)
        finished = (self.folder / META).is_file()
        for path in list(self.folder.iterdir()):
            if path.name.endswith(".part") and path.name.startswith(("shard-", META)):
                path.unlink()
            elif not numbers and not finished and path.name not in (LOCK, NOTE):
                raise InputError(
                    f"{self.folder} is there already and not empty; name another folder, or remove it"
                )
        if finished:
            found, self._finished = read_description(self.folder)
            self.meta.check_same(found, str(self.folder))
            if self._finished.part != self.part:
                i, n = self._finished.part
                raise InputError(f"{self.folder} holds part {i}/{n}; give the options it was made with")
        elif numbers:
            self.meta.check_same(Shard(self.folder / shard_name(numbers[0])).meta, str(self.folder))
            self._check_part(numbers)

    def _check_part(self, numbers: Sequence[int]) -> None:
        i, n = self.part
        if wrong := [number for number in numbers if number % n != i - 1]:
            raise InputError(
                f"{self.folder} holds {shard_name(wrong[0])}, which is not of part {i}/{n}; "
                "give the options it was made with, or name another folder"
            )

    def wants(self, number: int, text: PackedText) -> bool:
        """Return whether this shard has still to be made: it is of this part, and not there yet.

        Raises
        ------
        InputError
            If it is there with another text, or a finished store had no such shard.
        FormatError
            If it is there and damaged.
        """
        if number != len(self._hashes):
            raise ValueError(f"expected shard {len(self._hashes)}, found {number}")
        text_hash = text.hash
        self._hashes.append(text_hash)
        if self._finished is not None and self._finished.text_hashes[number : number + 1] != (text_hash,):
            raise self._other_text(f"{self.folder} (from its shard {number} on)")
        i, n = self.part
        if number % n != i - 1:
            return False
        path = self.folder / shard_name(number)
        if not path.exists():
            return True
        shard = Shard(path)
        self.meta.check_same(shard.meta, str(path))
        if shard.contents.text_hash != text_hash:
            raise self._other_text(str(path))
        self._shards[number] = shard.contents
        return False

    @staticmethod
    def _other_text(where: str) -> InputError:
        return InputError(
            f"{where} was made from another text; give the text it was made from, or name another folder"
        )

    def write(self, number: int, text: PackedText, vectors: WordVectors) -> ShardMeta:
        """Write a shard, whole or not at all.

        Raises
        ------
        InputError
            If a value does not fit the type of the store.
        StorageError
            If there is no space left.
        ValueError
            If vectors and sentences, or their shape and the description of the store, do not fit.
        """
        with explained(self.folder):
            self.add(write_shard(self.folder, self.meta, number, text, vectors))
        return self._shards[number]

    def submit(self, number: int, text: PackedText, vectors: WordVectors) -> None:
        """Write a shard while the caller goes on; wait if one is being written: no more are in memory.

        Raises
        ------
        InputError, StorageError, ValueError
            As `write`, for this shard or one before it; here, or from a later `submit` or `finish`.
        """
        self.wait()
        self._pending = self._pool.submit(self.write, number, text, vectors)

    def wait(self) -> None:
        """Wait until what was submitted is written.

        Raises
        ------
        InputError, StorageError, ValueError
            As `write`, for a shard that was submitted.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def add(self, shard: ShardMeta) -> None:
        """Take note of a shard that was written to the folder."""
        self._shards[shard.number] = shard

    def finish(self) -> Contents:
        """Write ``store.json``; return what the store holds.

        Raises
        ------
        InputError
            If the folder holds a shard of a longer text.
        InputError, StorageError, ValueError
            As `write`, for a shard that was submitted.
        """
        self.wait()
        more = [number for number in shard_numbers(self.folder) if number >= len(self._hashes)]
        if more or (self._finished is not None and self._finished.n_text_shards != len(self._hashes)):
            raise self._other_text(f"{self.folder}, which has more shards than this text,")
        contents = Contents(
            self.part, tuple(self._hashes), tuple(self._shards[number] for number in sorted(self._shards))
        )
        for path in self.folder.glob("shard-*.part"):  # of workers that were killed
            path.unlink()
        with explained(self.folder):
            keep_names(self.folder)  # of the shards, before that of what describes them
        write_description(self.folder, self.meta, contents)
        return contents


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn the error of a full disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
        raise StorageError(
            f"no space left for {folder} ({error.strerror}; {free / 1e6:.1f} MB are free); "
            "what is there is whole: make space and give the same command again"
        ) from error


def write_description(folder: Path, meta: StoreMeta, contents: Contents) -> None:
    """Write ``store.json``.

    Raises
    ------
    StorageError
        If there is no space left.
    """
    values = {"store": dataclasses.asdict(meta), **contents.as_json()}
    text = to_json({**values, CHECKSUM: checksum(values)}, indent=1) + "\n"
    with explained(folder):
        write_text(folder / META, text)


def read_description(folder: Path) -> tuple[StoreMeta, Contents]:
    """Read ``store.json``.

    Raises
    ------
    FormatError
        If it is damaged, or its parts do not fit together.
    """
    path = folder / META
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if "store" not in values and "format" in values:
            StoreMeta.from_json(values)
        meta, contents = StoreMeta.from_json(values["store"]), Contents.from_json(values)
        said = values.pop(CHECKSUM, None)  # stores of earlier versions have none
        found = checksum(values)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path}: not the description of a vector store: {error}") from error
    if said is not None and said != found:
        raise FormatError(f"{path}: damaged: its values are not those that were written")
    return meta, contents
