"""TREC: what a question asks for (Li and Roth 2002)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import numbered_labels
from ctxemb.tasks.formats.labelled import read_labelled
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "sentences/trec"
_KIM = GITHUB + "harvardnlp/sent-conv-torch/656a7ea29de3409aca87bb17935cf93c537527fa/data/"
_SHA256 = {
    "train": "0035bf54325f32d8d069288de77d5316e5bce769933190a17ef0eb6f93b5651d",
    "test": "bc8b9b5aaa3617167b8ff2a5a7028bb7e8a8fb0fc06162a7db9b15566cc0424d",
}
_LABELS = numbered_labels(("DESC", "ENTY", "ABBR", "HUM", "LOC", "NUM"), {"sister\xf0city": "sister-city"})
_FILES = tuple(
    RemoteFile(f"{FOLDER}/{split}.tsv", f"{_KIM}TREC.{split}.all", checked, convert=_LABELS)
    for split, checked in _SHA256.items()
)

DATA_SET = DataSet(
    name="trec",
    kind="sentence-label",
    description="What a question asks for: abbreviation, description, entity, human, location or number.",
    licence="none stated",
    paper="X. Li, D. Roth. Learning question classifiers. COLING 2002",
    folder=FOLDER,
    public="GitHub harvardnlp/sent-conv-torch, data; as label<TAB>text",
    counts={"train": 5_452, "test": 500},
    files=lambda: _FILES,
    read=read_labelled,
)
