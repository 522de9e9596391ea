"""A vector store in the formats of other tools; they are written whole or not at all, a shard at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.atomic import write_whole
from ctxemb.errors import InputError, MissingFileError, UnknownNameError
from ctxemb.vectors.shard import Shard
from ctxemb.vectors.store import VectorStore
from ctxemb.vectors.writer import explained

if TYPE_CHECKING:
    import pyarrow

Progress = Callable[[int], None]


def export_store(
    store: VectorStore,
    path: Path,
    to: str,
    *,
    layer: int | str | None = None,
    progress: Progress = lambda n_sentences: None,
) -> None:
    """Write `store` in another format.

    ``hdf5``
        As AllenNLP's ``elmo`` command and bilm-tf write it, and structural-probes and others read it: a data
        set (n_layers, n_words, width), float32, for each sentence, named by its number from 0; and
        ``sentence_to_index``, a JSON text of the number of each sentence, its words joined by spaces.
    ``parquet``, ``arrow``
        A table (as an Arrow IPC stream for ``arrow``) with a row for each vector, which `datasets` of Hugging
        Face loads: ``sentence`` (its number), ``position`` (of the word, from 0), ``word`` (for vectors of
        sentences: their words joined by spaces) and ``layer_NAME``, a list of `width` numbers. A lone
        surrogate, which Arrow refuses, becomes "?".
    ``numpy``
        A folder of ``layer-NAME.npy`` (n_rows, width), ``offsets.npy`` (n_sentences + 1) and
        ``sentences.jsonl``, a list of words a line.
    ``word2vec``
        The text format of word2vec, for one layer: the mean of all occurrences of each word, in the order of
        their first (as Bommasani et al. 2020 reduce contextual to static vectors). White space in a word
        becomes "_".

    Parameters
    ----------
    store
        What to write.
    path
        The file, or for ``numpy`` the folder; one that is there is replaced, a folder is not.
    to
        The format.
    layer
        For ``word2vec`` the layer; None for the last.
    progress
        Called with the number of sentences that have been written.

    Raises
    ------
    InputError
        If the format cannot hold the store, or the folder is there.
    UnknownNameError
        If there is no such layer.
    MissingFileError
        If a package that the format needs is not installed.
    StorageError
        If there is no space left.
    """
    if to == "word2vec":
        if store.meta.unit != "word":
            raise InputError("word2vec's format holds vectors of words, the store has vectors of sentences")
        chosen = store.layers[-1] if layer is None else layer
        if chosen not in store.layers:
            raise UnknownNameError(f"{store.folder} holds the layers {list(store.layers)}, not {chosen}")
        with explained(path):
            write_whole(path, lambda temporary: _write_word2vec(store, temporary, chosen, progress))
        return
    if layer is not None:
        raise InputError(f"{to} holds all layers; --layer is for word2vec alone")
    if to == "numpy":
        with explained(path):
            _write_folder(path, lambda temporary: _write_numpy(store, temporary, progress))
        return
    write = {"hdf5": _write_hdf5, "parquet": _write_parquet, "arrow": _write_arrow}[to]
    with explained(path):
        write_whole(path, lambda temporary: write(store, temporary, progress))


def _write_hdf5(store: VectorStore, path: Path, progress: Progress) -> None:
    try:
        import h5py
    except ImportError as error:
        raise MissingFileError("HDF5 files need h5py: pip install 'ctxemb[hdf5]'") from error
    index: dict[str, str] = {}
    numbers = count()
    with h5py.File(path, "w") as file:
        for shard in store.shards():
            for local, words in enumerate(shard.text.sentences()):
                name = str(next(numbers))
                offsets = shard.offsets
                rows = shard.numbers(slice(offsets[local], offsets[local + 1]))
                file.create_dataset(name, data=rows.astype(np.float32))
                index[" ".join(words)] = name
            progress(shard.contents.n_sentences)
        names = file.create_dataset("sentence_to_index", (1,), dtype=h5py.string_dtype("utf-8"))
        names[0] = json.dumps(index)


def _tables(store: VectorStore, progress: Progress) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow

    first = 0
    for shard in store.shards():
        sentences = shard.text.sentences()
        lengths = np.diff(shard.offsets)
        owners = np.repeat(np.arange(len(sentences)), lengths)
        texts = (
            [word for words in sentences for word in words]
            if store.meta.unit == "word"
            else [" ".join(words) for words in sentences]
        )
        columns: dict[str, Any] = {
            "sentence": pyarrow.array(owners + first),
            "position": pyarrow.array(np.arange(len(owners)) - shard.offsets[owners]),
            "word": pyarrow.array([text.encode("utf-8", "replace").decode() for text in texts]),
        }
        for name in store.layers:
            numbers = pyarrow.array(np.ascontiguousarray(shard.layer(name)).reshape(-1))
            columns[f"layer_{name}"] = pyarrow.FixedSizeListArray.from_arrays(numbers, store.meta.width)
        yield pyarrow.RecordBatch.from_pydict(columns)
        first += len(sentences)
        progress(len(sentences))


def _write_parquet(store: VectorStore, path: Path, progress: Progress) -> None:
    import pyarrow.parquet

    batches = _tables(store, progress)
    first = next(batches)
    # vectors are noise to a compressor, and a dictionary of numbers is larger than they are
    with pyarrow.parquet.ParquetWriter(
        path, first.schema, compression="none", use_dictionary=["word"]
    ) as file:
        file.write_batch(first)
        for batch in batches:
            file.write_batch(batch)


def _write_arrow(store: VectorStore, path: Path, progress: Progress) -> None:
    import pyarrow

    batches = _tables(store, progress)
    first = next(batches)
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, first.schema) as stream:
        stream.write_batch(first)
        for batch in batches:
            stream.write_batch(batch)


def _write_folder(path: Path, write: Callable[[Path], None]) -> None:
    if path.exists():
        raise InputError(f"{path} is there already; name another folder, or remove it")
    temporary = path.with_name(f"{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        write(temporary)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_numpy(store: VectorStore, folder: Path, progress: Progress) -> None:
    shape = (store.n_rows, store.meta.width)
    layers = [
        np.lib.format.open_memmap(folder / f"layer-{name}.npy", mode="w+", dtype=store.dtype, shape=shape)
        for name in store.layers
    ]
    start = 0
    with (folder / "sentences.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for shard in store.shards():
            stop = start + shard.contents.n_rows
            for values, name in zip(layers, store.layers, strict=True):
                values[start:stop] = shard.layer(name)
            file.writelines(json.dumps(words) + "\n" for words in shard.text.sentences())
            start = stop
            progress(shard.contents.n_sentences)
    for values in layers:
        values.flush()
    np.save(folder / "offsets.npy", store.offsets)


def _write_word2vec(store: VectorStore, path: Path, layer: int | str, progress: Progress) -> None:
    rows: dict[str, int] = {}
    sums: NDArray[np.float64] = np.zeros((0, store.meta.width))
    counts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    for shard, values in _layer_of_shards(store, layer):
        keys = ["".join("_" if c.isspace() else c for c in word) for word in _words(shard)]
        places = np.array([rows.setdefault(key, len(rows)) for key in keys])
        if len(rows) > len(sums):
            room = max(len(rows), 2 * len(sums))
            sums = np.concatenate([sums, np.zeros((room - len(sums), store.meta.width))])
            counts = np.concatenate([counts, np.zeros(room - len(counts), dtype=np.int64)])
        np.add.at(sums, places, values.astype(np.float64))
        np.add.at(counts, places, 1)
        progress(shard.contents.n_sentences)
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(f"{len(rows)} {store.meta.width}\n")
        for word, row in rows.items():
            mean = (sums[row] / counts[row]).astype(np.float32)
            file.write(f"{word} {' '.join(format(value, '.6g') for value in mean.tolist())}\n")


def _layer_of_shards(store: VectorStore, layer: int | str) -> Iterator[tuple[Shard, NDArray[Any]]]:
    return zip(store.shards(), store.maps(layer), strict=True)


def _words(shard: Shard) -> Iterator[str]:
    return (word for words in shard.text.sentences() for word in words)
