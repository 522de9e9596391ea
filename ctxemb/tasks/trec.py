"""TREC: what a question asks for (Li and Roth 2002)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.conversions import numbered_labels
from ctxemb.tasks.labelled import load_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

LICENCE = "none stated"
PAPER = "X. Li, D. Roth. Learning question classifiers. COLING 2002"
COUNTS = {"train": 5_452, "test": 500}
_KIM = GITHUB + "harvardnlp/sent-conv-torch/656a7ea29de3409aca87bb17935cf93c537527fa/data/"
_SHA256 = {
    "train": "0035bf54325f32d8d069288de77d5316e5bce769933190a17ef0eb6f93b5651d",
    "test": "bc8b9b5aaa3617167b8ff2a5a7028bb7e8a8fb0fc06162a7db9b15566cc0424d",
}
_LABELS = numbered_labels(("DESC", "ENTY", "ABBR", "HUM", "LOC", "NUM"), {"sister\xf0city": "sister-city"})
FILES = tuple(
    RemoteFile(f"sentences/trec/{split}.tsv", f"{_KIM}TREC.{split}.all", checked, convert=_LABELS)
    for split, checked in _SHA256.items()
)


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
