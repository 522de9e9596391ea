"""SST-2: whether a film review is positive (Socher et al. 2013)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.labelled import load_labelled

COUNTS = {"train": 6_920, "dev": 872, "test": 1_821}


def load(data: Path) -> Task:
    """Load whole sentences, with the official split, from ``sentences/sst2`` in the folder `data`."""
    return load_labelled(
        data / "sentences" / "sst2",
        COUNTS,
        name="sst2",
        description="Whether a sentence of a film review is positive or negative.",
        licence="none stated",
        source="R. Socher et al. Recursive deep models for semantic compositionality. EMNLP 2013",
    )
