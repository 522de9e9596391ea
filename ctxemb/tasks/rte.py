"""RTE: whether a text entails a hypothesis (Dagan et al. 2006), as in GLUE (Wang et al. 2019)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.remote import GITHUB, RemoteFile
from ctxemb.tasks.text_pairs import load_text_pairs, picked_columns

LICENCE = "none stated"
PAPER = (
    "I. Dagan, O. Glickman, B. Magnini. The PASCAL recognising textual entailment challenge. 2006; GLUE 2019"
)
COUNTS = {"train": 2_490, "dev": 277}
_URL = GITHUB + "marcwww/nlu_eval/1403aef7eeb8e0876e28835daf0fa64918bea396/data/RTE/"
_SHA256 = {
    "train": "292b949146f82a65f282361459dd428347338d8f5205ebea2c5031ab3b4a0dda",
    "dev": "a383b318092fe254e8bb6683d667feb003e17982bb4c205d106d775164b69b01",
}
FILES = tuple(
    RemoteFile(
        f"pairs/rte/{split}.tsv",
        f"{_URL}{split}.tsv",
        checked,
        convert=picked_columns("label", "sentence1", "sentence2"),
    )
    for split, checked in _SHA256.items()
)


def load(data: Path) -> Task:
    """Load the pairs from ``pairs/rte`` in the folder `data`.

    The labels of GLUE's test are secret: its dev split is the test here, and dev is taken from training.
    """
    return load_text_pairs(
        data / "pairs" / "rte",
        COUNTS,
        name="rte",
        description="Whether a text entails a hypothesis; tested on GLUE's dev split.",
        licence=LICENCE,
        source=PAPER,
        symmetric=False,
        names={"dev": "test"},
    )
