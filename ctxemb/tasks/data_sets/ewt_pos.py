"""UD English EWT: the part of speech of each word of web text (Silveira et al. 2014)."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.columns import CONLLU, packed, read_tagged
from ctxemb.tasks.remote import GITHUB, RemoteFile

FOLDER = "tokens/ud_ewt"
SENTENCES = {"train": 12_544, "dev": 2_001, "test": 2_077}
_EWT = GITHUB + "UniversalDependencies/UD_English-EWT/r2.16/"
_SHA256 = {
    "train": "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
    "dev": "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    "test": "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
}
_FILES = {
    split: RemoteFile(f"{FOLDER}/en_ewt-ud-{split}.conllu", f"{_EWT}en_ewt-ud-{split}.conllu", checked)
    for split, checked in _SHA256.items()
}


def read(data_set: DataSet, data: Path) -> Content:
    """Read the universal parts of speech, with the official split."""
    files = {split: packed(data / file.path) for split, file in _FILES.items()}
    counts = {split: (SENTENCES[split], n_words) for split, n_words in data_set.counts.items()}
    return read_tagged(files, 3, CONLLU, counts=counts)


DATA_SET = DataSet(
    name="ewt-pos",
    kind="token-label",
    description="The part of speech of each word of web text: 17 universal tags.",
    licence="CC BY-SA 4.0",
    paper="N. Silveira et al. A gold standard dependency corpus for English. LREC 2014; UD English EWT",
    metrics=("accuracy", "macro_f1"),
    folder=FOLDER,
    public="GitHub UniversalDependencies/UD_English-EWT, release 2.16",
    counts={"train": 204_577, "dev": 25_147, "test": 25_094},
    files=lambda: tuple(_FILES.values()),
    read=read,
)
