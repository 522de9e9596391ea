"""One file of a vector store, written and read; `ctxemb.vectors.store` describes it byte for byte."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import mmap
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.atomic import write_whole
from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.vectors.meta import ShardMeta, StoreMeta, shard_name, to_json
from ctxemb.vectors.numbers import STORED, from_bits, to_bits
from ctxemb.vectors.packed import PackedText
from ctxemb.vectors.word_vectors import WordVectors

_CHUNK = 1 << 23
"""Bytes that are converted, hashed and written at once; in fewer steps, threads wait less for each other."""
_DIGEST = b'"sha256":"'
_CODES = {"U8": "<u1", "I64": "<i8", **{stored.code: stored.bits for stored in STORED.values()}}


def write_shard(
    folder: Path, meta: StoreMeta, number: int, text: PackedText, vectors: WordVectors
) -> ShardMeta:
    """Write a shard, whole or not at all.

    Parameters
    ----------
    folder
        The store.
    meta
        How the vectors were made.
    number
        Of the shard, from 0.
    text
        The words of its sentences.
    vectors
        Their vectors; for ``unit="sentence"`` a row a sentence.

    Returns
    -------
    ShardMeta
        What is in it.

    Raises
    ------
    InputError
        If a value does not fit the type of the store; the message says where, and what to do.
    ValueError
        If vectors and sentences, or their shape and the description of the store, do not fit.
    """
    _check(meta, text, vectors)
    n_rows = vectors.values.shape[1]
    shard = ShardMeta(number, text.n_sentences, text.n_words, vectors.n_pieces, n_rows, text.hash)
    header = _header(meta, shard, len(text.words))
    digests: list[str] = []
    write_whole(
        folder / shard_name(number),
        lambda path: digests.append(_write(path, header, _chunks(meta, number, text, vectors))),
        keep_name=False,  # `StoreWriter.finish` keeps all names at once
    )
    return dataclasses.replace(shard, sha256=digests[0])


def _check(meta: StoreMeta, text: PackedText, vectors: WordVectors) -> None:
    n_layers, _, width = vectors.values.shape
    expected = (len(meta.layers), meta.width)
    if (n_layers, width) != expected:
        raise ValueError(f"the store holds {expected} (layers, width), found {(n_layers, width)}")
    rows = text.lengths if meta.unit == "word" else np.ones(text.n_sentences, dtype=np.int64)
    if not np.array_equal(np.diff(vectors.offsets), rows):
        raise ValueError(f"the vectors are not those of the {text.n_sentences} sentences")


def _header(meta: StoreMeta, shard: ShardMeta, n_bytes: int) -> bytes:
    """Return the length and the header, with zeros for the hash."""
    described = dataclasses.asdict(shard)
    del described["sha256"]
    metadata = {
        "ctxemb.shard": to_json(described),
        "ctxemb.store": to_json(dataclasses.asdict(meta)),
        "sha256": "0" * 64,
    }
    tensors: dict[str, tuple[str, list[int]]] = {
        "sentence_ends": ("I64", [shard.n_sentences]),
        "word_ends": ("I64", [shard.n_words]),
        **{f"layer.{name}": (STORED[meta.dtype].code, [shard.n_rows, meta.width]) for name in meta.layers},
        "words": ("U8", [n_bytes]),
    }
    entries: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, (code, shape) in tensors.items():
        stop = start + prod(shape) * np.dtype(_CODES[code]).itemsize
        entries[name] = {"dtype": code, "shape": shape, "data_offsets": [start, stop]}
        start = stop
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=True).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _chunks(meta: StoreMeta, number: int, text: PackedText, vectors: WordVectors) -> Iterator[memoryview]:
    yield text.sentence_ends.data.cast("B")
    yield text.word_ends.data.cast("B")
    rows = max(1, _CHUNK // (meta.width * STORED[meta.dtype].size))
    for name, layer in zip(meta.layers, vectors.values, strict=True):
        for start in range(0, len(layer), rows):
            bits = to_bits(layer[start : start + rows], meta.dtype)
            if bits is None:
                raise _overflow(meta, number, name, vectors, layer)
            yield bits.data.cast("B")
    yield text.words.data


def _overflow(
    meta: StoreMeta, number: int, name: int | str, vectors: WordVectors, layer: NDArray[Any]
) -> InputError:
    row = next(i for i, values in enumerate(layer) if to_bits(values, meta.dtype) is None)
    sentence = int(np.searchsorted(vectors.offsets, row, side="right")) - 1
    place = f"sentence {sentence}, row {row - vectors.offsets[sentence]} (from 0) of {shard_name(number)}"
    if not np.isfinite(layer[row]).all():
        return InputError(f"layer {name} holds a value that is not finite, at {place}")
    largest = np.abs(np.asarray(layer[row], dtype=np.float64)).max()
    return InputError(
        f"layer {name} holds {largest:g}, at {place}, too large for {meta.dtype}; use --store-dtype float32"
        + (" or bfloat16" if meta.dtype == "float16" else "")
    )


def _write(path: Path, header: bytes, chunks: Iterator[memoryview]) -> str:
    """Write header and chunks, hashing beside it; return the hash, which is in the header, too."""
    digest = hashlib.sha256(header)
    hashed: Future[None] | None = None
    with path.open("wb") as file, ThreadPoolExecutor(1) as pool:
        file.write(header)
        for chunk in chunks:
            if hashed is not None:
                hashed.result()
            hashed = pool.submit(digest.update, chunk)
            file.write(chunk)
        if hashed is not None:
            hashed.result()
        file.seek(header.index(_DIGEST) + len(_DIGEST))
        file.write(digest.hexdigest().encode())
    return digest.hexdigest()


class Shard:
    """A shard on disk; its arrays are views of the mapped file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    MissingFileError
        If it is not there.
    FormatError
        If it is damaged; the message names it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._size = path.stat().st_size
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                self.header = file.read(length) if length < self._size else b""
            self.data_start = 8 + length
            self._read_header()
        except FileNotFoundError:
            raise MissingFileError(f"{path} is missing") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise FormatError(f"{path}: damaged, or no shard of a vector store: {error}") from error
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from None

    def _read_header(self) -> None:
        if not self.header:
            raise FormatError("damaged: cut off in its header")
        entries = json.loads(self.header)
        metadata = entries.pop("__metadata__")
        self.meta = StoreMeta.from_json(json.loads(metadata["ctxemb.store"]))
        described = {**json.loads(metadata["ctxemb.shard"]), "sha256": metadata["sha256"]}
        self.contents = ShardMeta.from_json(described)
        expected = 0
        self._places: dict[str, tuple[str, tuple[int, ...], int]] = {}
        for name, entry in entries.items():
            start, stop = entry["data_offsets"]
            bits, shape = _CODES[entry["dtype"]], tuple(entry["shape"])
            if start != expected or stop - start != prod(shape) * np.dtype(bits).itemsize:
                raise FormatError(f"damaged: the place of {name} is wrong")
            expected = stop
            self._places[name] = (bits, shape, self.data_start + start)
        n_rows = self.contents.n_words if self.meta.unit == "word" else self.contents.n_sentences
        sizes = {"sentence_ends": self.contents.n_sentences, "word_ends": self.contents.n_words}
        if n_rows != self.contents.n_rows or any(
            self._places[name][:2] != (_CODES["I64"], (size,)) for name, size in sizes.items()
        ):
            raise FormatError("damaged: it has other numbers of words or sentences than the header says")
        if self._places["words"][0] != _CODES["U8"]:
            raise FormatError("damaged: its words are no bytes")
        places = [self._places[f"layer.{name}"] for name in self.meta.layers]
        bits, shape = STORED[self.meta.dtype].bits, (self.contents.n_rows, self.meta.width)
        step = prod(shape) * np.dtype(bits).itemsize
        if any(place != (bits, shape, places[0][2] + i * step) for i, place in enumerate(places)):
            raise FormatError("damaged: a layer has another shape, type or place than the header says")
        if self.data_start + expected != self._size:
            raise FormatError(f"damaged: {self._size} bytes, expected {self.data_start + expected}")

    @cached_property
    def _map(self) -> mmap.mmap:
        with self.path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def array(self, name: str) -> NDArray[Any]:
        """Return a tensor as it lies on disk, without copying."""
        bits, shape, start = self._places[name]
        found = np.frombuffer(self._map, dtype=bits, count=prod(shape), offset=start)
        return found.reshape(shape)

    def layer(self, name: int | str) -> NDArray[Any]:
        """Return a layer, (n_rows, width); only bfloat16 is copied."""
        return from_bits(self.array(f"layer.{name}"), self.meta.dtype)

    @cached_property
    def block(self) -> NDArray[Any]:
        """All layers as they lie on disk, (n_layers, n_rows, width), without copying."""
        bits, shape, start = self._places[f"layer.{self.meta.layers[0]}"]
        shape = (len(self.meta.layers), *shape)
        return np.frombuffer(self._map, dtype=bits, count=prod(shape), offset=start).reshape(shape)

    def numbers(self, rows: slice) -> NDArray[Any]:
        """Return some rows of all layers, (n_layers, n_rows asked for, width); only bfloat16 is copied."""
        return from_bits(self.block[:, rows], self.meta.dtype)

    def read_layer(self, name: int | str, out: NDArray[Any]) -> None:
        """Read a layer from the file into `out`, (n_rows, width), contiguous."""
        if self.meta.dtype == "bfloat16":
            out[:] = self.layer(name)
            return
        with self.path.open("rb", buffering=0) as file:
            file.seek(self._places[f"layer.{name}"][2])
            rest = out.data.cast("B") if out.size else memoryview(b"")
            while rest:
                read = file.readinto(rest)
                if not read:
                    raise FormatError(f"{self.path}: damaged: cut off in layer {name}")
                rest = rest[read:]

    @cached_property
    def text(self) -> PackedText:
        """The words, without copying.

        Raises
        ------
        FormatError
            If words or sentences end where they cannot.
        """
        text = PackedText(*(self.array(name) for name in ("words", "word_ends", "sentence_ends")))
        for what, ends, size in (
            ("words", text.word_ends, text.words.size),
            ("sentences", text.sentence_ends, text.n_words),
        ):
            if np.any(np.diff(ends, prepend=0) < 0) or int(ends[-1] if len(ends) else 0) != size:
                raise FormatError(f"{self.path}: damaged: its {what} end where they cannot")
        try:
            text.words.tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise FormatError(f"{self.path}: damaged: its words are not UTF-8: {error}") from error
        return text

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """(n_sentences + 1,) where sentences start and end in the rows."""
        if self.meta.unit == "sentence":
            return np.arange(self.contents.n_sentences + 1)
        return np.concatenate([[0], self.text.sentence_ends])

    def digest(self) -> str:
        """Return the SHA-256 (hex) that the file should say of itself."""
        place = self.header.index(_DIGEST) + len(_DIGEST)
        header = self.header[:place] + b"0" * 64 + self.header[place + 64 :]
        digest = hashlib.sha256(len(header).to_bytes(8, "little") + header)
        with self.path.open("rb") as file:
            file.seek(self.data_start)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()
