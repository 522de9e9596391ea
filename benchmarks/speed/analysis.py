"""Time and memory of measures: CKA beside its matrix products and a plain implementation; 1 M occurrences.

    python benchmarks/speed/analysis.py [--rows 20000] [--layers 13] [--repeats 3]
    python benchmarks/speed/analysis.py --memory 1000000 [--folder /tmp]

The first compares, in turns, the CKA of all pairs of layers with the matrix products that it needs (float32,
each pair once) and with the formula of Kornblith et al. 2019 written down plainly (float64, all in memory).
The second runs every measure of layers on a mapped file of float16 and prints what it takes beyond the file:
the peak of anonymous memory, sampled, less that at the start.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from timing import medians

from ctxemb.analysis import cka_matrix
from ctxemb.analysis.catalogue import all_measures
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, Occurrences

WIDTH = 768


def products(layers: list[np.ndarray]) -> None:
    """Do the matrix products that linear CKA cannot do without."""
    for a, b in combinations_with_replacement(layers, 2):
        a.T @ b


def plain(layers: list[np.ndarray]) -> np.ndarray:
    """Return linear CKA by its formula, in memory."""
    centred = [layer.astype(np.float64) - layer.mean(axis=0, dtype=np.float64) for layer in layers]
    own = [np.linalg.norm(layer.T @ layer) for layer in centred]
    matrix = np.ones((len(layers), len(layers)))
    for i, a in enumerate(centred):
        for j in range(i + 1, len(layers)):
            matrix[i, j] = matrix[j, i] = np.linalg.norm(a.T @ centred[j]) ** 2 / (own[i] * own[j])
    return matrix


def anonymous_bytes() -> int:
    """Return what this process holds in memory that is no file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


@contextmanager
def peak_of() -> Iterator[list[int]]:
    """Give a list whose only value becomes the peak while the block runs."""
    peak = [anonymous_bytes()]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.01):
            peak[0] = max(peak[0], anonymous_bytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def measure_time(n_rows: int, n_layers: int, repeats: int) -> None:
    generator = np.random.default_rng(0)
    layers = [generator.normal(size=(n_rows, WIDTH)).astype(np.float32) for _ in range(n_layers)]
    assert np.allclose(cka_matrix(layers[:3]), plain(layers[:3]), atol=1e-5)
    times = medians(
        {
            "matrix products": lambda: products(layers),
            "ctxemb": lambda: cka_matrix(layers),
            "plain formula": lambda: plain(layers),
        },
        repeats,
    )
    print(f"| CKA of {n_layers} x {n_layers} layers, {n_rows:,} x {WIDTH} | seconds | of the products |")
    print("|---|---:|---:|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.2f} | {seconds / times['matrix products']:.2f} |")


def measure_memory(n_rows: int, folder: Path) -> None:
    path = folder / "layer.npy"
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(n_rows, WIDTH))
    generator = np.random.default_rng(0)
    for start in range(0, n_rows, 10_000):
        rows[start : start + 10_000] = generator.normal(size=rows[start : start + 10_000].shape)
    rows.flush()
    rows = np.load(path, mmap_mode="r")
    words = [
        [f"w{int(n)}" for n in line] for line in np.minimum(generator.zipf(1.3, (n_rows // 20, 20)), 50_000)
    ]
    text = Occurrences(words)
    layers = [MeasuredLayer("random", number, rows, text) for number in range(2)]
    len(text.words)
    print(f"| {n_rows:,} x {WIDTH} float16, {rows.nbytes / 2**30:.2f} GiB mapped | MiB beyond it | seconds |")
    print("|---|---:|---:|")
    for name, measure in all_measures().items():
        if name == "sense-separation":
            continue
        before, started = anonymous_bytes(), time.perf_counter()
        with peak_of() as peak:
            if isinstance(measure, LayerMeasure):
                measure.run(layers[0])
            else:
                measure.compare(*(measure.prepare(layer) for layer in layers))
        print(
            f"| {name} | {(peak[0] - before) / 2**20:,.0f} | {time.perf_counter() - started:.1f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--layers", type=int, default=13)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=int, metavar="N", help="measure memory on so many rows instead")
    parser.add_argument("--folder", type=Path, help="where the mapped file goes")
    given = parser.parse_args()
    if given.memory is None:
        measure_time(given.rows, given.layers, given.repeats)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        measure_memory(given.memory - given.memory % 20, Path(folder))


if __name__ == "__main__":
    main()
