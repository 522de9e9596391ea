"""FAISS's exact index in a process of its own, where no other library's threads stand in its way.

`python benchmarks/speed/faiss_alone.py FOLDER` prints the seconds that a search of ``rows.npy`` for
``queries.npy`` takes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import faiss
import numpy as np


def main() -> None:
    rows, queries = (np.load(Path(sys.argv[1]) / f"{name}.npy") for name in ("rows", "queries"))
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    index.search(queries[:100], 1)  # its threads are started
    started = time.perf_counter()
    index.search(queries, 1)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
