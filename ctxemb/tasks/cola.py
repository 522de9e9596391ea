"""CoLA: whether linguists accept a sentence (Warstadt et al. 2019)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.labelled import load_labelled

LICENCE = "excerpts for research use"
PAPER = "A. Warstadt, A. Singh, S. Bowman. Neural network acceptability judgments. TACL 7, 2019"
COUNTS = {"train": 8_551, "dev": 527, "dev_ood": 516}


def load(data: Path) -> Task:
    """Load the sentences from ``sentences/cola`` in the folder `data`.

    The labels of the published test are secret. The in-domain dev split is dev here, and the out-of-domain
    dev split is the test. Sentences are split into words as raw text is.
    """
    return load_labelled(
        data / "sentences" / "cola",
        COUNTS,
        name="cola",
        description="Whether a sentence is acceptable; tested on the out-of-domain part of the dev data.",
        licence=LICENCE,
        source=PAPER,
        names={"dev_ood": "test"},
        metrics=("matthews", "accuracy"),
        raw=True,
    )
