"""CoLA: whether linguists accept a sentence (Warstadt et al. 2019)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.conversions import acceptability
from ctxemb.tasks.labelled import load_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

LICENCE = "excerpts for research use"
PAPER = "A. Warstadt, A. Singh, S. Bowman. Neural network acceptability judgments. TACL 7, 2019"
COUNTS = {"train": 8_551, "dev": 527, "dev_ood": 516}
_RAW = GITHUB + "nyu-mll/CoLA-baselines/HEAD/acceptability_corpus/cola_public/raw/"
_SHA256 = {
    ("train", "in_domain_train"): "d27f4d94c60b98d3d065bcb0aa3afe7cc595d0eca223e44138d4f68281e431a1",
    ("dev", "in_domain_dev"): "27c970908c45b8e4ee16ee98f62d2bc323fed343e7efc7d52110150b4340452e",
    ("dev_ood", "out_of_domain_dev"): "9ff2222193b2ce640087e5c59e0941634302ac083a784ab1be74c23008452b44",
}
FILES = tuple(
    RemoteFile(f"sentences/cola/{split}.tsv", f"{_RAW}{there}.tsv", checked, convert=acceptability)
    for (split, there), checked in _SHA256.items()
)


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
