"""MB/s written and read, and time of one sentence: our store against three other ways, in one run.

    python benchmarks/speed/store.py [--words 100000] [--repeats 3] [--folder /tmp]

13 layers of 768 float16 numbers, in sentences of 20 words on average: 2 GB for 100,000 words. Everybody gets
the same array in memory and has to have it on disk (fsync) when the time ends. Reading all layers into memory
starts with files that are not in memory; a sentence is one of 1,000 at random, in all layers, copied, from
files that are. The four take turns; medians.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import pyarrow as pa

from ctxemb.vectors import PackedText, StoreMeta, StoreWriter, VectorStore, WordVectors

N_LAYERS, WIDTH = 13, 768
SHARD_WORDS = 3360  # what `ctxemb embed` chooses for this size
SENTENCES = 1000


@dataclass
class Data:
    """Vectors (n_layers, n_words, width) and the borders of the sentences."""

    values: np.ndarray
    offsets: np.ndarray

    def shards(self) -> Iterator[tuple[int, int]]:
        start = 0
        for stop in range(1, len(self.offsets)):
            if self.offsets[stop] - self.offsets[start] >= SHARD_WORDS or stop == len(self.offsets) - 1:
                yield start, stop
                start = stop


def make(n_words: int) -> Data:
    random = np.random.default_rng(0)
    lengths = []
    while sum(lengths) < n_words:
        lengths.append(min(int(random.integers(3, 38)), n_words - sum(lengths)))
    values = np.empty((N_LAYERS, n_words, WIDTH), dtype=np.float16)
    for layer in values:
        layer[:] = random.normal(size=layer.shape).astype(np.float32)
    return Data(values, np.concatenate([[0], np.cumsum(lengths)]))


class Way(Protocol):
    """A way to keep vectors."""

    def write(self, data: Data, folder: Path) -> None: ...

    def read(self, folder: Path) -> list[Any]: ...

    def open(self, folder: Path, data: Data) -> Callable[[int], Any]: ...


class Ours:
    """Safetensors shards with hashes."""

    def write(self, data: Data, folder: Path) -> None:
        meta = StoreMeta(
            model="m", family="bert", fingerprint="0" * 64, source="m", random_init=None,
            layers=tuple(range(N_LAYERS)), pool="mean", unit="word", dtype="float16", width=WIDTH,
        )  # fmt: skip
        with StoreWriter(folder / "store", meta) as writer:
            for number, (start, stop) in enumerate(data.shards()):
                offsets = data.offsets[start : stop + 1]
                text = PackedText.of([["word"] * int(n) for n in np.diff(offsets)])
                writer.wants(number, text)
                rows = data.values[:, offsets[0] : offsets[-1]]
                writer.submit(number, text, WordVectors(rows, offsets - offsets[0]))
            writer.finish()

    def read(self, folder: Path) -> list[Any]:
        store = VectorStore.open(folder / "store")
        return [store.layer(layer) for layer in store.layers]

    def open(self, folder: Path, data: Data) -> Callable[[int], Any]:
        store = VectorStore.open(folder / "store")
        return lambda number: store.sentence(number).copy()


class Npy:
    """One .npy for each layer."""

    def write(self, data: Data, folder: Path) -> None:
        for number, layer in enumerate(data.values):
            with (folder / f"{number}.npy").open("wb") as file:
                np.save(file, layer)
                file.flush()
                os.fsync(file.fileno())

    def read(self, folder: Path) -> list[Any]:
        return [np.load(folder / f"{number}.npy") for number in range(N_LAYERS)]

    def open(self, folder: Path, data: Data) -> Callable[[int], Any]:
        layers = [np.load(folder / f"{number}.npy", mmap_mode="r") for number in range(N_LAYERS)]
        return lambda i: np.stack([layer[data.offsets[i] : data.offsets[i + 1]] for layer in layers])


class Arrow:
    """An Arrow IPC file with a column for each layer."""

    def write(self, data: Data, folder: Path) -> None:
        kind = pa.list_(pa.float16(), WIDTH)
        schema = pa.schema([(f"layer_{number}", kind) for number in range(N_LAYERS)])
        with (folder / "x.arrow").open("wb") as file:
            with pa.ipc.new_file(file, schema) as writer:
                for start, stop in data.shards():
                    rows = data.values[:, data.offsets[start] : data.offsets[stop]]
                    columns = [
                        pa.FixedSizeListArray.from_arrays(pa.array(layer.reshape(-1)), WIDTH)
                        for layer in rows
                    ]
                    writer.write_batch(pa.record_batch(columns, schema=schema))
            file.flush()
            os.fsync(file.fileno())

    def _open(self, folder: Path) -> tuple[pa.Table, np.ndarray]:
        table = pa.ipc.open_file(pa.memory_map(str(folder / "x.arrow"))).read_all()
        sizes = [len(chunk) for chunk in table.column(0).chunks]
        return table, np.concatenate([[0], np.cumsum(sizes)])

    def read(self, folder: Path) -> list[Any]:
        table, _ = self._open(folder)
        return [
            np.concatenate([chunk.flatten().to_numpy().reshape(-1, WIDTH) for chunk in column.chunks])
            for column in table.columns
        ]

    def open(self, folder: Path, data: Data) -> Callable[[int], Any]:
        table, starts = self._open(folder)
        maps = [
            [chunk.flatten().to_numpy().reshape(-1, WIDTH) for chunk in column.chunks]
            for column in table.columns
        ]

        def sentence(i: int) -> np.ndarray:
            start, stop = data.offsets[i : i + 2]
            chunk = int(np.searchsorted(starts, start, side="right")) - 1
            return np.stack([layer[chunk][start - starts[chunk] : stop - starts[chunk]] for layer in maps])

        return sentence


class Hdf5:
    """HDF5 with one data set for each sentence."""

    def write(self, data: Data, folder: Path) -> None:
        with h5py.File(folder / "x.hdf5", "w") as file:
            for i in range(len(data.offsets) - 1):
                file.create_dataset(str(i), data=data.values[:, data.offsets[i] : data.offsets[i + 1]])
        with (folder / "x.hdf5").open("rb+") as raw:
            os.fsync(raw.fileno())

    def read(self, folder: Path) -> list[Any]:
        with h5py.File(folder / "x.hdf5", "r") as file:
            return [file[str(i)][()] for i in range(len(file))]

    def open(self, folder: Path, data: Data) -> Callable[[int], Any]:
        file = h5py.File(folder / "x.hdf5", "r")
        return lambda number: file[str(number)][()]


def forget(folder: Path) -> None:
    """Let the system drop the files from memory."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - started
    del found
    return seconds


def measured(way: Way, data: Data, chosen: list[int], folder: Path) -> tuple[float, float, float]:
    """Return the seconds of writing, of reading, and of one sentence."""
    folder.mkdir()
    written = timed(lambda: way.write(data, folder))
    forget(folder)
    read = timed(lambda: way.read(folder))
    sentence = way.open(folder, data)
    for i in chosen:
        sentence(i)
    one = timed(lambda: [sentence(i).shape for i in chosen]) / len(chosen)
    shutil.rmtree(folder)
    return written, read, one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", default=None)
    arguments = parser.parse_args()
    data = make(arguments.words)
    ways: dict[str, Way] = {"ours": Ours(), "npy": Npy(), "Arrow IPC": Arrow(), "HDF5": Hdf5()}
    chosen = np.random.default_rng(1).integers(len(data.offsets) - 1, size=SENTENCES).tolist()
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as place:
        for _ in range(arguments.repeats):
            for name, way in ways.items():
                found[name].append(measured(way, data, chosen, Path(place) / "x"))
    size = data.values.nbytes / 1e6
    print(f"{size:,.0f} MB, {len(data.offsets) - 1:,} sentences, median of {arguments.repeats}")
    print("            written MB/s   read MB/s   sentence us")
    for name, rows in found.items():
        written, read, one = (statistics.median(row[i] for row in rows) for i in range(3))
        print(f"  {name:10}  {size / written:8.0f}   {size / read:8.0f}      {one * 1e6:8.0f}")


if __name__ == "__main__":
    main()
