"""CoNLL-2000: the chunk tag of each word of the Wall Street Journal (Tjong Kim Sang and Buchholz 2000)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.columns import packed, read_tagged
from ctxemb.tasks.remote import NLTK, RemoteFile

FOLDER = "tokens/conll2000"
SENTENCES = {"train": 8_936, "test": 2_012}
_SHA256 = {
    "train": "82033cd7a72b209923a98007793e8f9de3abc1c8b79d646c50648eb949b87cea",
    "test": "73b7b1e565fa75a1e22fe52ecdf41b6624d6f59dacb591d44252bf4d692b1628",
}
_FILES = {
    split: RemoteFile(
        f"{FOLDER}/{split}.txt",
        NLTK + "conll2000.zip",
        checked,
        f"conll2000/{split}.txt",
        checksum="md5:9529b285edd5fe47271da69df1052301",
    )
    for split, checked in _SHA256.items()
}


def read(data_set: DataSet, data: Path) -> Content:
    """Read the chunk tags, with the official split."""
    files = {split: packed(data / file.path) for split, file in _FILES.items()}
    counts = {split: (SENTENCES[split], n_words) for split, n_words in data_set.counts.items()}
    return read_tagged(files, 2, counts=counts)


DATA_SET = DataSet(
    name="conll2000",
    kind="token-label",
    description="The chunk tag of each word of the Wall Street Journal: where phrases begin and go on.",
    licence="none stated",
    paper="E. Tjong Kim Sang, S. Buchholz. Introduction to the CoNLL-2000 shared task: chunking. 2000",
    metrics=("chunk_f1", "accuracy"),
    folder=FOLDER,
    public="GitHub nltk/nltk_data, packages/corpora/conll2000.zip",
    counts={"train": 211_727, "test": 47_377},
    files=lambda: tuple(_FILES.values()),
    read=read,
)
