"""Vectors that another tool wrote, as a vector store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.vectors.meta import Contents, StoreMeta
from ctxemb.vectors.numbers import Dtype
from ctxemb.vectors.packed import PackedText
from ctxemb.vectors.word_vectors import WordVectors
from ctxemb.vectors.writer import StoreWriter

INDEX = "sentence_to_index"
_SHARD_WORDS = 4096


def import_hdf5(
    path: Path,
    folder: Path,
    *,
    model: str,
    sentences: Sequence[Sequence[str]] | None = None,
    dtype: Dtype = "float16",
    progress: Callable[[int], None] = lambda n_sentences: None,
) -> Contents:
    """Write a store of the vectors in an HDF5 file of the layout that AllenNLP and bilm-tf write.

    A data set (n_layers, n_words, width) for each sentence is named by its number from 0; the words come from
    ``sentence_to_index``, in which they are joined by spaces, or from `sentences`. The same call again goes
    on where it was stopped.

    Parameters
    ----------
    path
        The file.
    folder
        The store; new, empty, or begun.
    model
        What to call the model that made them.
    sentences
        The words of each sentence; needed if a word holds a space or a sentence occurs twice, for then the
        file does not tell.
    dtype
        Of the numbers in the store.
    progress
        Called with the number of sentences that have been written.

    Raises
    ------
    MissingFileError
        If the file or h5py is not there.
    FormatError
        If the file has another layout; the message names the data set.
    InputError
        If words are missing, or the folder holds something else.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingFileError("HDF5 files need h5py: pip install 'ctxemb[hdf5]'") from error
    if not path.is_file():
        raise MissingFileError(f"no file '{path}'")
    try:
        with h5py.File(path, "r") as file:
            return _import(file, path, folder, model, sentences, dtype, progress)
    except OSError as error:
        if error.errno is not None:
            raise
        raise FormatError(f"{path}: not an HDF5 file, or damaged: {error}") from error


def _import(
    file: Any,
    path: Path,
    folder: Path,
    model: str,
    given: Sequence[Sequence[str]] | None,
    dtype: Dtype,
    progress: Callable[[int], None],
) -> Contents:
    names = {name for name in file if name != INDEX}
    if missing := [number for number in range(len(names)) if str(number) not in names]:
        raise FormatError(f"{path}: no data set {missing[0]}; expected 0 to {len(names) - 1}, one a sentence")
    if not names:
        raise FormatError(f"{path}: holds no sentence")
    words = _words(file, path, len(names)) if given is None else given
    if len(words) != len(names):
        raise InputError(f"{path} holds {len(names)} sentences, the text {len(words)}")
    shape = file["0"].shape
    if len(shape) != 3:
        raise FormatError(f"{path}: data set 0 has shape {shape}, expected (n_layers, n_words, width)")
    with path.open("rb") as raw:
        digest = hashlib.sha256()
        while chunk := raw.read(1 << 20):
            digest.update(chunk)
    meta = StoreMeta(
        model=model, family="imported", fingerprint=digest.hexdigest(), source=str(path), random_init=None,
        layers=tuple(range(shape[0])), pool="unknown", unit="word", dtype=dtype, width=shape[2],
        computation="unknown", shard_words=_SHARD_WORDS,
    )  # fmt: skip
    with StoreWriter(folder, meta) as writer:
        for number, (start, stop) in enumerate(_shards(words)):
            text = PackedText.of(words[start:stop])
            if writer.wants(number, text):
                parts = [
                    _values(file, path, i, (shape[0], len(words[i]), shape[2])) for i in range(start, stop)
                ]
                offsets = np.concatenate([[0], text.sentence_ends])
                writer.write(number, text, WordVectors(np.concatenate(parts, axis=1), offsets))
            progress(stop - start)
        return writer.finish()


def _words(file: Any, path: Path, n_sentences: int) -> list[tuple[str, ...]]:
    if INDEX not in file:
        raise InputError(f"{path} holds no {INDEX}; give the text as well")
    try:
        index = {int(number): text for text, number in json.loads(file[INDEX][0]).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{path}: {INDEX} is damaged: {error}") from error
    if missing := [number for number in range(n_sentences) if number not in index]:
        raise InputError(
            f"{path}: {INDEX} has no words for sentence {missing[0]} (one that occurs twice has them once); "
            "give the text as well"
        )
    return [_split(str(index[number]), file[str(number)].shape) for number in range(n_sentences)]


def _split(text: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return the words of a sentence: split at white space, as AllenNLP does, or, if it fits, at spaces."""
    words, at_spaces = tuple(text.split()), tuple(text.split(" "))
    fits = len(shape) == 3 and shape[1] == len(at_spaces) != len(words)
    return at_spaces if fits else words


def _values(file: Any, path: Path, number: int, shape: tuple[int, int, int]) -> Any:
    data_set = file[str(number)]
    if tuple(data_set.shape) != shape:
        raise FormatError(
            f"{path}: data set {number} has shape {tuple(data_set.shape)}, expected {shape} "
            "(n_layers, n_words, width)"
        )
    if data_set.dtype.kind != "f":
        raise FormatError(
            f"{path}: data set {number} holds {data_set.dtype}, expected floating-point numbers"
        )
    return data_set[()]


def _shards(sentences: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    start = n_words = 0
    for number, words in enumerate(sentences, start=1):
        n_words += len(words)
        if n_words >= _SHARD_WORDS or number == len(sentences):
            yield start, number
            start, n_words = number, 0
