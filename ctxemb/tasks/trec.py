"""TREC: what a question asks for (Li and Roth 2002)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.labelled import load_labelled

LICENCE = "none stated"
PAPER = "X. Li, D. Roth. Learning question classifiers. COLING 2002"
COUNTS = {"train": 5_452, "test": 500}


def load(data: Path) -> Task:
    """Load the six coarse classes, with the official split, from ``sentences/trec`` in the folder `data`."""
    return load_labelled(
        data / "sentences" / "trec",
        COUNTS,
        name="trec",
        description="What a question asks for: abbreviation, description, entity, human, location or number.",
        licence=LICENCE,
        source=PAPER,
    )
