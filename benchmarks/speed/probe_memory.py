"""Memory of a linear and a nearest-neighbour probe over the number of layers: one layer's training rows.

    python benchmarks/speed/probe_memory.py [--words 400000 --width 256 --layers 1 4]

Vectors lie in a memory-mapped file, as a comparison keeps them. Each count of layers, and each probe, runs in
a process of its own; what counts is the peak resident memory beyond what the process held before.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from resident import peak_beyond

from ctxemb.comparison.vectors import read_rows
from ctxemb.probes import run_probe
from ctxemb.tasks import Example, Span, Task
from ctxemb.text.sentence import Sentence

N_LABELS = 6
TRAIN_SHARE = 0.8


def write_vectors(path: Path, n_layers: int, n_words: int, width: int) -> None:
    """Write vectors that tell labels apart a little, a block at a time."""
    values = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n_layers, n_words, width))
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(N_LABELS, width)).astype(np.float32) / 8
    for layer in range(n_layers):
        for start in range(0, n_words, 1 << 15):
            stop = min(n_words, start + (1 << 15))
            noise = generator.standard_normal((stop - start, width), dtype=np.float32)
            values[layer, start:stop] = noise + centres[np.arange(start, stop) % N_LABELS]
    values.flush()


def made_task(n_words: int) -> Task:
    examples = tuple(Example((Span(0, 0, 1),), str(i % N_LABELS)) for i in range(n_words))
    mixed = np.random.default_rng(1).permutation(n_words)
    train, dev, test = np.split(mixed, [int(TRAIN_SHARE * n_words), int((TRAIN_SHARE + 0.1) * n_words)])
    splits = {name: np.sort(rows) for name, rows in (("train", train), ("dev", dev), ("test", test))}
    return Task("words", "token-label", "", "", "", (Sentence(("a",)),), examples, splits)


def measure(path: Path, probe: str) -> None:
    """Probe every layer of a file, and print the peak beyond what was held before."""
    vectors = np.load(path, mmap_mode="r")
    task = made_task(vectors.shape[1])
    run_probe(task_of_few(task), probe, lambda rows: read_rows(vectors, [0], rows))  # loads what is needed
    started = time.perf_counter()

    def run() -> None:
        for layer in range(len(vectors)):
            run_probe(task, probe, lambda rows, layer=layer: read_rows(vectors, [layer], rows))

    peak = peak_beyond(run)
    n_layers, _, width = vectors.shape
    rows = len(task.splits["train"]) * width * 4
    print(
        f"{probe:9} {n_layers:3} layers, {vectors.nbytes / 2**20:7.0f} MiB   one layer's training rows "
        f"{rows / 2**20:6.0f} MiB   peak {peak / 2**20:6.0f} MiB beyond before   "
        f"{time.perf_counter() - started:5.0f} s",
        flush=True,
    )


def task_of_few(task: Task) -> Task:
    splits = {name: rows[:600] for name, rows in task.splits.items()}
    return Task(task.name, task.kind, "", "", "", task.sentences, task.examples, splits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--probes", nargs="+", default=["logistic", "centroid"])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.probes[0])
        return
    for n_layers in options.layers:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "vectors.npy"
            write_vectors(path, n_layers, options.words, options.width)
            for probe in options.probes:
                command = [sys.executable, __file__, "--measure", str(path), "--probes", probe]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
