"""Labels of words: parts of speech in the English Web Treebank, and the chunks of CoNLL-2000."""

from __future__ import annotations

from pathlib import Path

from ctxemb.tasks.base import Task
from ctxemb.tasks.columns import tagged_task

EWT_LICENCE = "CC BY-SA 4.0"
EWT_PAPER = "N. Silveira et al. A gold standard dependency corpus for English. LREC 2014; UD English EWT"
CHUNK_LICENCE = "none stated"
CHUNK_PAPER = "E. Tjong Kim Sang, S. Buchholz. Introduction to the CoNLL-2000 shared task: chunking. 2000"
EWT_COUNTS = {"train": (12_544, 204_577), "dev": (2_001, 25_147), "test": (2_077, 25_094)}
CHUNK_COUNTS = {"train": (8_936, 211_727), "test": (2_012, 47_377)}


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
