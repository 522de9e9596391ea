"""SST: how positive a sentence of a film review is (Socher et al. 2013)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.labelled import load_labelled

LICENCE = "none stated"
PAPER = "R. Socher et al. Recursive deep models for semantic compositionality. EMNLP 2013"
COUNTS = {"train": 6_920, "dev": 872, "test": 1_821}
FINE_COUNTS = {"train": 8_544, "dev": 1_101, "test": 2_210}


def load(data: Path) -> Task:
    """Load whole sentences, with the official split, from ``sentences/sst2`` in the folder `data`."""
    return load_labelled(
        data / "sentences" / "sst2",
        COUNTS,
        name="sst2",
        description="Whether a sentence of a film review is positive or negative.",
        licence=LICENCE,
        source=PAPER,
    )


def load_fine(data: Path) -> Task:
    """Load whole sentences in five classes, with the official split, from ``sentences/sst5`` in `data`."""
    return load_labelled(
        data / "sentences" / "sst5",
        FINE_COUNTS,
        name="sst5",
        description="How positive a sentence of a film review is, in five steps.",
        licence=LICENCE,
        source=PAPER,
    )
