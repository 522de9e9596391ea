"""WiC: whether a word is used in the same sense in two contexts (Pilehvar and Camacho-Collados 2019)."""

from __future__ import annotations

import re
from pathlib import Path

from ctxemb.errors import FormatError
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import check_count, read_rows, splits_of, tokenized
from ctxemb.text.sentence import Sentence

LICENCE = "none stated"
PAPER = "M. Pilehvar, J. Camacho-Collados. WiC: the Word-in-Context dataset. NAACL 2019"
COUNTS = {"train": 5_428, "dev": 638, "test": 1_400}
_PLACES = re.compile(r"(\d+)-(\d+)")


def load(data: Path) -> Task:
    """Load all pairs, with the official split, from ``wic`` in the folder `data`.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or the rows are not as many as published.
    """
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for split, count in COUNTS.items():
        path = data / "wic" / split / f"{split}.data.txt"
        rows = read_rows(path, 5)
        gold = read_rows(path.with_name(f"{split}.gold.txt"), 1)
        check_count(path, count, len(rows))
        check_count(path.with_name(f"{split}.gold.txt"), count, len(gold))
        for line, ((_, _, places, *texts), (label,)) in enumerate(zip(rows, gold, strict=True), start=1):
            found = _PLACES.fullmatch(places)
            pair = [tokenized(text, path, line) for text in texts]
            if not found or any(int(i) >= len(text) for i, text in zip(found.groups(), pair, strict=True)):
                raise FormatError(f"{path}:{line}: no words at the positions {places!r}")
            if label not in ("T", "F"):
                raise FormatError(
                    f"{path.with_name(f'{split}.gold.txt')}:{line}: expected T or F, found {label!r}"
                )
            first, second = (int(place) for place in found.groups())
            n = len(sentences)
            examples.append(Example((Span(n, first, first + 1), Span(n + 1, second, second + 1)), label))
            sentences += pair
            splits.append(split)
    return Task(
        name="wic",
        kind="pair",
        description="Whether a noun or verb has the same sense in two sentences.",
        licence=LICENCE,
        source=PAPER,
        sentences=tuple(sentences),
        examples=tuple(examples),
        splits=splits_of(splits),
    )
