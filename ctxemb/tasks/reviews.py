"""MR and Subj: the polarity of film reviews, and reviews against plots (Pang and Lee 2004, 2005)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.labelled import load_labelled

LICENCE = "CC BY 4.0"
MR_PAPER = "B. Pang, L. Lee. Seeing stars. ACL 2005"
SUBJ_PAPER = "B. Pang, L. Lee. A sentimental education. ACL 2004"
MR_COUNTS = {"all": 10_662}
SUBJ_COUNTS = {"all": 10_000}


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
