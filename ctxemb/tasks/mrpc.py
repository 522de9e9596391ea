"""MRPC: whether two sentences of the news say the same (Dolan and Brockett 2005)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.text_pairs import load_text_pairs

LICENCE = "Microsoft Shared Source License, not for commercial use"
PAPER = "W. Dolan, C. Brockett. Automatically constructing a corpus of sentential paraphrases. IWP 2005"
COUNTS = {"train": 4_076, "test": 1_725}


def load(data: Path) -> Task:
    """Load the pairs, with the official split, from ``pairs/mrpc`` in the folder `data`."""
    return load_text_pairs(
        data / "pairs" / "mrpc",
        COUNTS,
        name="mrpc",
        description="Whether two sentences from news say the same.",
        licence=LICENCE,
        source=PAPER,
        symmetric=True,
        metrics=("accuracy", "macro_f1"),
    )
