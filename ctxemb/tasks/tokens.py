"""Labels of words: parts of speech in the English Web Treebank, and the chunks of CoNLL-2000."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.columns import tagged_task
from ctxemb.tasks.remote import GITHUB, NLTK, RemoteFile

EWT_LICENCE = "CC BY-SA 4.0"
EWT_PAPER = "N. Silveira et al. A gold standard dependency corpus for English. LREC 2014; UD English EWT"
CHUNK_LICENCE = "none stated"
CHUNK_PAPER = "E. Tjong Kim Sang, S. Buchholz. Introduction to the CoNLL-2000 shared task: chunking. 2000"
EWT_COUNTS = {"train": (12_544, 204_577), "dev": (2_001, 25_147), "test": (2_077, 25_094)}
CHUNK_COUNTS = {"train": (8_936, 211_727), "test": (2_012, 47_377)}
_EWT = GITHUB + "UniversalDependencies/UD_English-EWT/r2.16/"
_EWT_SHA256 = {
    "train": "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
    "dev": "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    "test": "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
}
EWT_FILES = tuple(
    RemoteFile(f"tokens/ud_ewt/en_ewt-ud-{split}.conllu", f"{_EWT}en_ewt-ud-{split}.conllu", checked)
    for split, checked in _EWT_SHA256.items()
)
_CHUNK_SHA256 = {
    "train": "82033cd7a72b209923a98007793e8f9de3abc1c8b79d646c50648eb949b87cea",
    "test": "73b7b1e565fa75a1e22fe52ecdf41b6624d6f59dacb591d44252bf4d692b1628",
}
CHUNK_FILES = tuple(
    RemoteFile(
        f"tokens/conll2000/{split}.txt",
        NLTK + "conll2000.zip",
        checked,
        f"conll2000/{split}.txt",
        checksum="md5:9529b285edd5fe47271da69df1052301",
    )
    for split, checked in _CHUNK_SHA256.items()
)


def load_ewt(data: Path) -> Task:
    """Load the universal parts of speech, with the official split, from ``tokens/ud_ewt`` in `data`."""
    folder = data / "tokens" / "ud_ewt"
    return tagged_task(
        {split: _file(folder, f"en_ewt-ud-{split}.conllu") for split in EWT_COUNTS},
        3,
        counts=EWT_COUNTS,
        word=1,
        separator="\t",
        name="ewt-pos",
        description="The part of speech of each word of web text: 17 universal tags.",
        licence=EWT_LICENCE,
        source=EWT_PAPER,
    )


def load_chunks(data: Path) -> Task:
    """Load the chunk tags, with the official split, from ``tokens/conll2000`` in `data`."""
    folder = data / "tokens" / "conll2000"
    return tagged_task(
        {split: _file(folder, f"{split}.txt") for split in CHUNK_COUNTS},
        2,
        counts=CHUNK_COUNTS,
        name="conll2000",
        description="The chunk tag of each word of the Wall Street Journal: where phrases begin and go on.",
        licence=CHUNK_LICENCE,
        source=CHUNK_PAPER,
    )


def _file(folder: Path, name: str) -> Path:
    """Return the file, or its compressed form where only that is there."""
    packed = folder / f"{name}.xz"
    return packed if packed.is_file() else folder / name
