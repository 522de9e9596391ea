"""Peak memory of `ctxemb embed` over the size of the text: ten times the words, the same memory.

    python benchmarks/speed/memory.py [--model bert] [--layers all] [--words 100000 1000000]

Each size runs in a process of its own, on sentences of 3 to 37 words drawn from a vocabulary of 20,000. With
`--long-line`, the text is a single line that is read in pieces.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def write_text(path: Path, n_words: int, *, one_line: bool) -> None:
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(random.choice(letters, size=size)) for size in random.integers(2, 10, size=20_000)]
    left = n_words
    with path.open("w", encoding="utf-8") as file:
        while left:
            size = min(left, int(random.integers(3, 38)))
            places = (20_000 * random.random(size) ** 3).astype(int)  # few words are frequent
            file.write(" ".join(words[i] for i in places) + (" " if one_line else "\n"))
            left -= size


def peak(command: list[str]) -> tuple[int, float]:
    """Return the peak memory of a process in bytes, and its seconds."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="bert")
    parser.add_argument("--words", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--layers", default="all")
    parser.add_argument("--long-line", action="store_true")
    arguments = parser.parse_args()
    first = 0
    for n_words in arguments.words:
        with tempfile.TemporaryDirectory() as name:
            text = Path(name) / "text.txt"
            write_text(text, n_words, one_line=arguments.long_line)
            command = [sys.executable, "-m", "ctxemb", "embed", str(text), "--model", arguments.model]
            command += ["--layers", arguments.layers]
            more = ["--split-long"] if arguments.long_line else []
            size, seconds = peak([*command, "-o", str(Path(name) / "store"), *more])
        first = first or size
        print(
            f"{arguments.model:8} {n_words:12,} words   peak {size / 1e6:7.0f} MB   {size / first:.3f} x the "
            f"first   {seconds:6.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
