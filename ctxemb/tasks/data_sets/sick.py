"""SICK: whether one sentence entails or contradicts another (Marelli et al. 2014)."""

from __future__ import annotations

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import picked_columns
from ctxemb.tasks.formats.text_pairs import read_text_pairs
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "pairs/sick_entailment"
_URL = GITHUB + "brmson/dataset-sts/11bb9cf92419821f3bf907e9bd22291bed84d990/data/sts/sick2014/SICK_"
_THERE = {"train": "train", "dev": "trial", "test": "test_annotated"}
_SHA256 = {
    "train": "4ee4369ff79b02077738c988986605492c7634ab6396ffccc1a5b0b361b422b9",
    "dev": "3e5e69443df213b3f87599b0e25ff8a20ecf0c1b72edcd57c7678886cdf0f7fb",
    "test": "4bdbe1bd2bf2ee77f2615d7936c3f99c026509c3f0189a6709e362c5bd1cfada",
}
_COLUMNS = picked_columns("entailment_judgment", "sentence_A", "sentence_B")
_FILES = tuple(
    RemoteFile(f"{FOLDER}/{split}.tsv", f"{_URL}{_THERE[split]}.txt", checked, convert=_COLUMNS)
    for split, checked in _SHA256.items()
)

DATA_SET = DataSet(
    name="sick",
    kind="sentence-pair",
    description="Whether a caption entails another, contradicts it, or neither.",
    licence="CC BY-NC-SA 3.0",
    paper=(
        "M. Marelli et al. A SICK cure for the evaluation of compositional distributional semantics. "
        "LREC 2014"
    ),
    folder=FOLDER,
    public="GitHub brmson/dataset-sts, data/sts/sick2014; as label<TAB>text<TAB>text",
    counts={"train": 4_500, "dev": 500, "test": 4_927},
    files=lambda: _FILES,
    read=read_text_pairs,
)
