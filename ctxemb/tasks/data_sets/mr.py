"""MR: the polarity of film reviews (Pang and Lee 2005)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import numbered_labels
from ctxemb.tasks.formats.labelled import read_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "sentences/mr"
_FILE = RemoteFile(
    f"{FOLDER}/all.tsv",
    f"{GITHUB}harvardnlp/sent-conv-torch/656a7ea29de3409aca87bb17935cf93c537527fa/data/rt-polarity.all",
    "964f703b0ce47f72d43ac649dfd785127f1aea6c4b8c3e7a6b4de1116205bbf4",
    convert=numbered_labels(("negative", "positive")),
)

DATA_SET = DataSet(
    name="mr",
    kind="sentence-label",
    description="Whether a snippet of a film review is positive or negative; ten folds.",
    licence="CC BY 4.0",
    paper="B. Pang, L. Lee. Seeing stars. ACL 2005",
    folder=FOLDER,
    public="GitHub harvardnlp/sent-conv-torch, data; as label<TAB>text",
    counts={"all": 10_662},
    files=lambda: (_FILE,),
    read=read_labelled,
)
