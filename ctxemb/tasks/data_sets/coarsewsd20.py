"""CoarseWSD-20: coarse senses of 20 nouns in Wikipedia (Loureiro et al. 2021)."""

from __future__ import annotations

import json
from pathlib import Path

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.shipped import shipped_path
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import check_count, parts_by_group, read_rows, splits_of
from ctxemb.tasks.remote import GITHUB, RemoteFile
from ctxemb.text.sentence import Sentence

WORDS = (
    "apple", "arm", "bank", "bass", "bow", "chair", "club", "crane", "deck", "digit",
    "hood", "java", "mole", "pitcher", "pound", "seal", "spring", "square", "trunk", "yard",
)  # fmt: skip
FOLDER = "coarsewsd20"
_URL = GITHUB + "danlou/bert-disambiguation/e1b829108b03c374a52e8b9ddf070925e41f2382/data/CoarseWSD-20/"


def files() -> tuple[RemoteFile, ...]:
    """Return the hundred files, with the SHA-256 of each that ``checksums.txt`` lists."""
    lines = shipped_path("checksums.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("  ", 1) for line in lines)
    return tuple(RemoteFile(path, _URL + path.removeprefix(f"{FOLDER}/"), sha256) for sha256, path in pairs)


def read(data_set: DataSet, data: Path) -> Content:
    """Read all 20 words, with the official split.

    Positions count words between any white space: a no-break space inside a number such as "7 1/2", or two
    spaces in a row, would otherwise move three targets.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or the rows are not as many as published.
    """
    folder = data / data_set.folder
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for word in WORDS:
        senses = _senses(folder / word / "classes_map.txt")
        for split in data_set.counts:
            path = folder / word / f"{split}.data.txt"
            gold = read_rows(folder / word / f"{split}.gold.txt", 1)
            rows = read_rows(path, 2)
            check_count(path, len(gold), len(rows))
            for line, ((position, text), (number,)) in enumerate(zip(rows, gold, strict=True), start=1):
                sentence = Sentence(tuple(text.split()))
                if not position.isdecimal() or int(position) >= len(sentence) or number not in senses:
                    raise FormatError(
                        f"{path}:{line}: no word at position {position!r}, or no sense {number!r}"
                    )
                span = Span(len(sentences), int(position), int(position) + 1)
                examples.append(Example((span,), senses[number], word, cluster=word))
                sentences.append(sentence)
                splits.append(split)
    for split, count in data_set.counts.items():
        check_count(folder, count, splits.count(split))
    return Content(
        tuple(sentences), tuple(examples), splits_of(splits), parts=parts_by_group(examples, splits)
    )


def _senses(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise MissingFileError(f"no file {path}")
    try:
        senses = json.loads(path.read_text(encoding="utf-8"))
        return {str(number): str(name) for number, name in senses.items()}
    except (ValueError, AttributeError) as error:
        raise FormatError(f"{path}: expected JSON of class numbers and senses: {error}") from error


DATA_SET = DataSet(
    name="coarsewsd20",
    kind="word-sense",
    description="Which coarse sense one of 20 nouns has in Wikipedia; one classifier per noun.",
    licence="CC BY-NC 4.0",
    paper="D. Loureiro, K. Rezaee, M. Pilehvar, J. Camacho-Collados. Computational Linguistics 47, 2021",
    metrics=("macro_f1", "accuracy"),
    folder=FOLDER,
    public="GitHub danlou/bert-disambiguation, data/CoarseWSD-20",
    counts={"train": 23_370, "test": 10_196},
    files=files,
    read=read,
)
