"""RTE: whether a text entails a hypothesis (Dagan et al. 2006), as in GLUE (Wang et al. 2019)."""

from __future__ import annotations

from functools import partial

from ctxemb.tasks.data_set import DataSet
from ctxemb.tasks.formats.conversions import picked_columns
from ctxemb.tasks.formats.text_pairs import read_text_pairs
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "pairs/rte"
_URL = GITHUB + "marcwww/nlu_eval/1403aef7eeb8e0876e28835daf0fa64918bea396/data/RTE/"
_SHA256 = {
    "train": "292b949146f82a65f282361459dd428347338d8f5205ebea2c5031ab3b4a0dda",
    "dev": "a383b318092fe254e8bb6683d667feb003e17982bb4c205d106d775164b69b01",
}
_COLUMNS = picked_columns("label", "sentence1", "sentence2")
_FILES = tuple(
    RemoteFile(f"{FOLDER}/{split}.tsv", f"{_URL}{split}.tsv", checked, convert=_COLUMNS)
    for split, checked in _SHA256.items()
)

DATA_SET = DataSet(
    name="rte",
    kind="sentence-pair",
    description="Whether a text entails a hypothesis; tested on GLUE's dev split.",
    licence="none stated",
    paper=(
        "I. Dagan, O. Glickman, B. Magnini. The PASCAL recognising textual entailment challenge. 2006; "
        "GLUE 2019"
    ),
    folder=FOLDER,
    public="GitHub marcwww/nlu_eval, data/RTE; as label<TAB>text<TAB>text",
    counts={"train": 2_490, "dev": 277},
    files=lambda: _FILES,
    read=partial(read_text_pairs, names={"dev": "test"}),  # the labels of GLUE's test are secret
)
