"""Word vectors on disk: a folder of shards that describe themselves.

The folder
    ``shard-00000.safetensors``, ``shard-00001.safetensors``, ... each holds some sentences, in the order of
    the text. ``store.json`` is written last: a folder without it is not finished. While someone writes,
    ``writing.lock`` is locked, and ``writing.json`` says by whom; a name that ends in ``.part`` is a file on
    its way. Every file is written under such a name, flushed to the disk and then renamed, so it is
    there whole or not at all, and the same text embedded again in the same way gives the same bytes. Names of
    shards are flushed when the store is finished: a power cut before may take the last ones back, and the
    same command makes them again.

A shard, byte for byte (a safetensors file, https://github.com/huggingface/safetensors)
    ======================  =====================================================================
    8 bytes                 length N of the header, unsigned, little-endian; a multiple of 8
    N bytes                 the header: JSON, ASCII, filled up with spaces
    8 x n_sentences bytes   ``sentence_ends``: where sentences end, in words (int64)
    8 x n_words bytes       ``word_ends``: where words end, in bytes (int64)
    for each layer in turn  ``layer.NAME``: (n_rows, width), row by row; float16, float32 or bfloat16
    to the end              ``words``: the bytes of all words, UTF-8; a lone surrogate is kept as three bytes
    ======================  =====================================================================

    Numbers are little-endian, and nothing lies between the parts. So the first part starts at a multiple of 8
    in the file, each number at a multiple of its size, and the layers together are one array (n_layers,
    n_rows, width). A row is the vector of a word or, with ``unit`` "sentence", of a sentence.

The header
    An entry for each part, in the order above: ``"NAME":{"dtype":"I64"|"F16"|"F32"|"BF16"|"U8","shape":[...],
    "data_offsets":[start,stop]}``, counted from the end of the header; and before them ``"__metadata__"``
    with three strings:

    ``ctxemb.shard``
        JSON: the fields of `ShardMeta` but its hash. ``text_hash`` is the SHA-256 (hex) of n_sentences
        (int64), ``sentence_ends``, ``word_ends`` and ``words``.
    ``ctxemb.store``
        JSON: the fields of `StoreMeta`: model, its fingerprint (a hash of weights, configuration and
        vocabulary), its origin and revision, layers, pooling, type, computation, versions. It is the same in
        all shards.
    ``sha256``
        SHA-256 (hex, 64 digits) of the whole file with zeros ("0") in place of these digits.

``store.json``
    JSON: ``store`` as in the shards; ``shards``, the `ShardMeta` of those in the folder; ``text_hashes`` of
    all shards of the text; ``part`` [i, n]: the folder holds the shards whose number leaves i - 1 when
    divided by n (all: [1, 1]); sums; and ``sha256``, the hash of all these values as JSON with sorted keys
    and without white space.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.vectors.meta import META, Contents, StoreMeta, shard_name, shard_numbers
from ctxemb.vectors.numbers import from_bits, read_dtype
from ctxemb.vectors.shard import Shard
from ctxemb.vectors.word_vectors import WordVectors
from ctxemb.vectors.writer import read_description

_OPEN_SHARDS = 64
"""Mapped at once: each keeps a file open, and systems allow a few hundred."""


class VectorStore:
    """Reads a store; a layer, or a sentence, is read without touching the others.

    Parameters
    ----------
    folder, meta, contents
        See `open`.
    """

    def __init__(self, folder: Path, meta: StoreMeta, contents: Contents) -> None:
        self.folder = folder
        self.meta = meta
        self.contents = contents
        self.layers = meta.layers
        self.dtype = read_dtype(meta.dtype)
        counts = [(shard.n_sentences, shard.n_rows) for shard in contents.shards]
        self._starts = np.concatenate([[(0, 0)], np.array(counts).reshape(-1, 2).cumsum(axis=0)])
        self._shard = functools.lru_cache(_OPEN_SHARDS)(self._open_shard)

    @classmethod
    def open(cls, folder: Path | str, *, unfinished: bool = False) -> VectorStore:
        """Open the store in `folder`.

        Parameters
        ----------
        folder
            The store.
        unfinished
            Read what is there of a store that is not finished: its shards from the first one to the last that
            has no gap before it. It may be written to meanwhile; shards that come later are not seen.

        Raises
        ------
        MissingFileError
            If there is no finished store, or, with `unfinished`, no first shard.
        FormatError
            If its description or a shard is damaged.
        """
        folder = Path(folder)
        if (folder / META).is_file():
            return cls(folder, *read_description(folder))
        numbers = shard_numbers(folder) if folder.is_dir() else []
        if not unfinished:
            begun = (
                f"; it is not finished: the same `ctxemb embed` goes on with it, unfinished=True reads its "
                f"{len(numbers)} shards"
                if numbers
                else ""
            )
            raise MissingFileError(f"no finished vector store at {folder}: {META} is missing{begun}")
        shards = []
        for number in range(len(numbers)):
            if numbers[number] != number:
                break
            shards.append(Shard(folder / shard_name(number)))
        if not shards:
            raise MissingFileError(f"no vector store at {folder}: {shard_name(0)} is missing")
        found = tuple(shard.contents for shard in shards)
        return cls(folder, shards[0].meta, Contents((1, 1), tuple(shard.text_hash for shard in found), found))

    @property
    def finished(self) -> bool:
        """Whether the store is finished."""
        return (self.folder / META).is_file()

    @property
    def n_sentences(self) -> int:
        """Number of sentences."""
        return int(self._starts[-1, 0])

    @property
    def n_rows(self) -> int:
        """Number of vectors in each layer."""
        return int(self._starts[-1, 1])

    @property
    def n_words(self) -> int:
        """Number of words."""
        return self.contents.n_words

    @property
    def n_shards(self) -> int:
        """Number of shards."""
        return len(self.contents.shards)

    def __len__(self) -> int:
        return self.n_sentences

    def sentence(self, number: int) -> NDArray[Any]:
        """Return the vectors of a sentence, (n_layers, n_rows of the sentence, width).

        It is a view of the mapped file (of bfloat16, a float32 copy), and costs the same in a store of any
        size.

        Raises
        ------
        IndexError
            If there is no such sentence.
        """
        shard, local = self._place(number)
        offsets = shard.offsets
        return shard.numbers(slice(offsets[local], offsets[local + 1]))

    def sentence_words(self, number: int) -> tuple[str, ...]:
        """Return the words of a sentence.

        Raises
        ------
        IndexError
            If there is no such sentence.
        """
        shard, local = self._place(number)
        return shard.text.sentence(local)

    def maps(self, layer: int | str) -> Iterator[NDArray[Any]]:
        """Yield the rows of a layer, a shard at a time, (n_rows of the shard, width), mapped.

        Raises
        ------
        KeyError
            If the store does not hold this layer.
        """
        self._check(layer)
        return (shard.layer(layer) for shard in self.shards())

    def layer(self, layer: int | str) -> NDArray[Any]:
        """Return the rows of a layer, (n_rows, width), in memory; `maps` and `rows` need less of it.

        Raises
        ------
        KeyError
            If the store does not hold this layer.
        """
        self._check(layer)
        values = np.empty((self.n_rows, self.meta.width), dtype=self.dtype)
        for number, shard in enumerate(self.shards()):
            shard.read_layer(layer, values[self._starts[number, 1] : self._starts[number + 1, 1]])
        return values

    def rows(self, layer: int | str, indices: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return some rows of a layer, (n_indices, width), in the order of `indices`; only they are read.

        Raises
        ------
        KeyError
            If the store does not hold this layer.
        IndexError
            If there is no such row.
        """
        self._check(layer)
        wanted = np.asarray(indices, dtype=np.int64).reshape(-1)
        if wanted.size and not (wanted.min() >= 0 and wanted.max() < self.n_rows):
            raise IndexError(f"{self.folder} holds the rows 0 to {self.n_rows - 1}")
        found = np.empty((len(wanted), self.meta.width), dtype=self.dtype)
        owners = np.searchsorted(self._starts[:, 1], wanted, side="right") - 1
        order = np.argsort(owners, kind="stable")
        borders = np.searchsorted(owners[order], np.arange(self.n_shards + 1))
        for number in np.flatnonzero(np.diff(borders)):
            places = order[borders[number] : borders[number + 1]]
            mapped = self._shard(int(number)).array(f"layer.{layer}")
            chosen = mapped[wanted[places] - self._starts[number, 1]]
            found[places] = from_bits(chosen, self.meta.dtype)
        return found

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(n_sentences + 1,) where sentences start and end in the rows."""
        sizes = [np.diff(shard.offsets) for shard in self.shards()]
        return np.concatenate([[0], np.concatenate([np.empty(0, dtype=np.int64), *sizes]).cumsum()])

    def vectors(self) -> WordVectors:
        """Return all layers and rows, in memory."""
        values = np.stack([self.layer(layer) for layer in self.layers])
        return WordVectors(values, self.offsets, self.contents.n_pieces)

    def words(self) -> list[str]:
        """Return the words of all sentences."""
        return [word for words in self.sentences() for word in words]

    def sentences(self) -> list[tuple[str, ...]]:
        """Return the words of each sentence."""
        return [words for shard in self.shards() for words in shard.text.sentences()]

    def shards(self) -> Iterator[Shard]:
        """Yield the shards, in order.

        Raises
        ------
        MissingFileError, FormatError
            If one is missing, damaged or of another store.
        """
        return (self._shard(number) for number in range(self.n_shards))

    def _open_shard(self, number: int) -> Shard:
        expected = self.contents.shards[number]
        shard = Shard(self.folder / shard_name(expected.number))
        if shard.contents != expected or shard.meta != self.meta:
            raise FormatError(f"{shard.path}: not the shard that {META} describes")
        return shard

    def _place(self, number: int) -> tuple[Shard, int]:
        """Return the shard of a sentence, and its number there."""
        if not -self.n_sentences <= number < self.n_sentences:
            raise IndexError(f"no sentence {number}: there are {self.n_sentences}")
        number %= self.n_sentences
        owner = int(np.searchsorted(self._starts[:, 0], number, side="right")) - 1
        return self._shard(owner), number - int(self._starts[owner, 0])

    def _check(self, layer: int | str) -> None:
        if layer not in self.layers:
            raise KeyError(f"{self.folder} holds the layers {list(self.layers)}, not {layer!r}")
