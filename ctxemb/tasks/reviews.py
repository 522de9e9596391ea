"""MR and Subj: the polarity of film reviews, and reviews against plots (Pang and Lee 2004, 2005)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.conversions import numbered_labels
from ctxemb.tasks.labelled import load_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

LICENCE = "CC BY 4.0"
MR_PAPER = "B. Pang, L. Lee. Seeing stars. ACL 2005"
SUBJ_PAPER = "B. Pang, L. Lee. A sentimental education. ACL 2004"
MR_COUNTS = {"all": 10_662}
SUBJ_COUNTS = {"all": 10_000}
_KIM = GITHUB + "harvardnlp/sent-conv-torch/656a7ea29de3409aca87bb17935cf93c537527fa/data/"
MR_FILES = (
    RemoteFile(
        "sentences/mr/all.tsv",
        _KIM + "rt-polarity.all",
        "964f703b0ce47f72d43ac649dfd785127f1aea6c4b8c3e7a6b4de1116205bbf4",
        convert=numbered_labels(("negative", "positive")),
    ),
)
SUBJ_FILES = (
    RemoteFile(
        "sentences/subj/all.tsv",
        _KIM + "subj.all",
        "1fba06c5dcd6ded4fb8e248da52e323f911e6090d5f5e72c41bc0d2d5bbede33",
        convert=numbered_labels(("subjective", "objective")),
    ),
)


def load_mr(data: Path) -> Task:
    """Load the snippets of reviews, in ten folds, from ``sentences/mr`` in the folder `data`."""
    return load_labelled(
        data / "sentences" / "mr",
        MR_COUNTS,
        name="mr",
        description="Whether a snippet of a film review is positive or negative; ten folds.",
        licence=LICENCE,
        source=MR_PAPER,
    )


def load_subj(data: Path) -> Task:
    """Load sentences of reviews and of plots, in ten folds, from ``sentences/subj`` in the folder `data`."""
    return load_labelled(
        data / "sentences" / "subj",
        SUBJ_COUNTS,
        name="subj",
        description="Whether a sentence is of a review (subjective) or of a plot (objective); ten folds.",
        licence=LICENCE,
        source=SUBJ_PAPER,
    )
