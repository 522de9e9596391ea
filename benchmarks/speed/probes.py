"""Linear probes and nearest neighbours against scikit-learn and FAISS, in one run.

`python benchmarks/speed/probes.py` (13 layers; `--layers 2 --rows 1000 --queries 1000` for a quick look).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from resident import peak_beyond
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from ctxemb.probes.k_nearest import KNearestProbe
from ctxemb.solver.logistic import fit_logistic

Floats = NDArray[np.float32]
Codes = NDArray[np.int64]
Fit = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights and intercepts."""

WIDTH, N_CLASSES = 768, 6
STRENGTHS = (1e3, 1e2, 1e1, 1.0, 1e-1)
CORES = os.cpu_count() or 1


def layer(n: int, seed: int) -> tuple[Floats, Codes]:
    """Return correlated Gaussian features, whose spectrum falls as a power, and labels of a linear model."""
    generator = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=generator))[0]
    spread = torch.arange(1, WIDTH + 1) ** -0.7
    X = (torch.randn(n, WIDTH, generator=generator) * spread) @ basis.T
    logits = X @ torch.randn(WIDTH, N_CLASSES, generator=generator)
    noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator)))
    targets = (1.5 * logits / logits.std() + noise).argmax(dim=1)
    X -= X.mean(dim=0)
    return (X / X.square().mean().sqrt()).numpy(), targets.numpy()


def loss_of(X: Floats, y: Codes, fit: Fit, l2: float) -> float:
    """Return the loss that both minimise."""
    coef, intercept = fit
    logits = X.astype(np.float64) @ coef.T + intercept
    top = logits.max(axis=1)
    losses = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top - logits[np.arange(len(y)), y]
    return float(losses.sum() + l2 / 2 * np.square(coef).sum())


def ours(layers: list[tuple[Floats, Codes]]) -> list[list[Fit]]:
    """Fit every layer, a torch thread for each core."""
    before = torch.get_num_threads()
    with ThreadPoolExecutor(CORES, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        fits = list(pool.map(lambda one: fit_logistic(*one, N_CLASSES, STRENGTHS)[0], layers))
    torch.set_num_threads(before)
    return [[(fit.coef, fit.intercept) for fit in of_layer] for of_layer in fits]


def theirs(X: Floats, y: Codes, l2: float) -> Fit:
    """Fit scikit-learn's to one layer and strength."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = LogisticRegression(C=1 / l2, max_iter=2000).fit(X, y)
    return found.coef_, found.intercept_


def one_thread(X: Floats, y: Codes, l2: float) -> Fit:
    """Fit with one BLAS thread."""
    with threadpool_limits(1):
        return theirs(X, y, l2)


def linear(n_layers: int, n_rows: int, repeats: int) -> None:
    """Time and compare the linear probes."""
    made = [layer(n_rows + 1000, seed) for seed in range(n_layers)]
    layers = [(X[:n_rows], y[:n_rows]) for X, y in made]
    jobs = [(X, y, l2) for X, y in layers for l2 in STRENGTHS]
    ways: dict[str, Callable[[], list[list[Fit]]]] = {
        "ctxemb": lambda: ours(layers),
        "scikit-learn, a loop": lambda: grouped([theirs(*job) for job in jobs]),
        f"scikit-learn, joblib over {CORES} cores": lambda: grouped(
            Parallel(CORES)(delayed(one_thread)(*job) for job in jobs)
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            found[name] = way()
            seconds[name].append(time.perf_counter() - started)
    best = statistics.median(seconds["ctxemb"])
    print(f"{n_layers} layers x {len(STRENGTHS)} strengths x {n_rows} x {WIDTH}, {N_CLASSES} classes")
    for name, times in seconds.items():
        right = np.mean(
            [
                ((X[n_rows:] @ coef.T + intercept).argmax(axis=1) == y[n_rows:]).mean()
                for (X, y), fits in zip(made, found[name], strict=True)
                for coef, intercept in fits
            ]
        )
        losses = [
            loss_of(X, y, fit, l2)
            for (X, y), fits in zip(layers, found[name], strict=True)
            for fit, l2 in zip(fits, STRENGTHS, strict=True)
        ]
        median = statistics.median(times)
        held_out = f"held-out accuracy {right:.4f}, loss {sum(losses):.1f}"
        print(f"  {name}: {median:.2f} s ({median / best:.1f} x), {held_out}", flush=True)


def grouped(
    fits: list[Fit],
) -> list[list[Fit]]:
    """Return the fits of each layer."""
    n = len(STRENGTHS)
    return [fits[start : start + n] for start in range(0, len(fits), n)]


def timed(way: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def faiss_alone(folder: str) -> float:
    """Return the seconds of FAISS's search."""
    command = [sys.executable, str(Path(__file__).with_name("faiss_alone.py")), folder]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def neighbors(n_queries: int, repeats: int) -> None:
    """Time the nearest neighbour by cosine."""
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((3 * n_queries, WIDTH), dtype=np.float32)
    queries = generator.standard_normal((n_queries, WIDTH), dtype=np.float32)
    labels = generator.integers(10, size=len(rows)).astype(str)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    probe = KNearestProbe(1)
    beyond = peak_beyond(lambda: probe.fit(rows, labels.tolist()).predict(queries))
    brute = KNeighborsClassifier(1, metric="cosine", algorithm="brute").fit(rows, labels)
    turned = torch.from_numpy(unit).T

    def product() -> None:
        for block in torch.from_numpy(queries).split(500):
            block @ turned

    ways: dict[str, Callable[[], float]] = {
        "ctxemb": lambda: timed(lambda: probe.predict(queries)),
        "the product alone": lambda: timed(product),
        "scikit-learn, brute force": lambda: timed(lambda: brute.predict(queries)),
    }
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if importlib.util.find_spec("faiss"):
            np.save(Path(folder) / "rows.npy", unit)
            np.save(Path(folder) / "queries.npy", queries)
            ways["FAISS, exact index, alone in a process"] = lambda: faiss_alone(folder)
        else:
            print("  (FAISS is not installed)")
        for _ in range(repeats):
            for name, way in ways.items():
                seconds.setdefault(name, []).append(way())
    best = statistics.median(seconds["ctxemb"])
    print(f"nearest of {len(rows)} rows for {n_queries} queries, {WIDTH} wide")
    for name, times in seconds.items():
        print(f"  {name}: {statistics.median(times):.2f} s ({statistics.median(times) / best:.2f} x)")
    print(f"  ctxemb's memory beyond the vectors: {beyond / 2**20:.0f} MiB at the peak")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=13)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    linear(options.layers, options.rows, options.repeats)
    neighbors(options.queries, options.repeats)


if __name__ == "__main__":
    main()
