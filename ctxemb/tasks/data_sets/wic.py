"""WiC: whether a word is used in the same sense in two contexts (Pilehvar and Camacho-Collados 2019)."""

from __future__ import annotations

import re
from pathlib import Path

from ctxemb.errors import FormatError
from ctxemb.tasks.base import Example, Span
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.files import check_count, read_rows, splits_of, tokenized
from ctxemb.tasks.remote import GITHUB, RemoteFile
from ctxemb.text.sentence import Sentence

_URL = GITHUB + "Wenxin-Jiang/CS577-NLP/84976b146c24470d9235c46fbfc64f03b3803775/HW2/WiC_dataset/"
_SHA256 = {
    "train.data": "3a56ff8285ca9703d6c91dfb7cc79760171899c560bb6a8698fa4559a71b160d",
    "train.gold": "3f614ca12c03a90fecc34471d8ae666f924a3c657b5620fcfb46d9b2b50bb7b2",
    "dev.data": "1c360246ffa3904fc1d8f6f16bb7ae0d7980a1a27e9200e9b43c32fd35af11e7",
    "dev.gold": "665ee959c2cf7db2a4255b7a049bdfa165b970482145cfd2ac456007d4dcf1d6",
    "test.data": "28befe601f5bdbc8e452e9538f6d3582a164647ad5949a9808a74908e70031f7",
    "test.gold": "a69386c579762d9ddf988a61896a2e912f402410185f5e8316007093799b341f",
}
_FILES = tuple(
    RemoteFile(f"wic/{place}", _URL + place, checked)
    for place, checked in (
        (f"{name.partition('.')[0]}/{name}.txt", sha256) for name, sha256 in _SHA256.items()
    )
)
_PLACES = re.compile(r"(\d+)-(\d+)")


def read(data_set: DataSet, data: Path) -> Content:
    """Read all pairs, with the official split.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or the rows are not as many as published.
    """
    sentences: list[Sentence] = []
    examples: list[Example] = []
    splits: list[str] = []
    for split, count in data_set.counts.items():
        path = data / "wic" / split / f"{split}.data.txt"
        rows = read_rows(path, 5)
        gold = read_rows(path.with_name(f"{split}.gold.txt"), 1)
        check_count(path, count, len(rows))
        check_count(path.with_name(f"{split}.gold.txt"), count, len(gold))
        for line, ((_, _, places, *texts), (label,)) in enumerate(zip(rows, gold, strict=True), start=1):
            places_read = _PLACES.fullmatch(places)
            pair = [tokenized(text, path, line) for text in texts]
            if not places_read or any(
                int(i) >= len(text) for i, text in zip(places_read.groups(), pair, strict=True)
            ):
                raise FormatError(f"{path}:{line}: no words at the positions {places!r}")
            if label not in ("T", "F"):
                raise FormatError(
                    f"{path.with_name(f'{split}.gold.txt')}:{line}: expected T or F, found {label!r}"
                )
            first, second = (int(place) for place in places_read.groups())
            n = len(sentences)
            examples.append(Example((Span(n, first, first + 1), Span(n + 1, second, second + 1)), label))
            sentences += pair
            splits.append(split)
    return Content(tuple(sentences), tuple(examples), splits_of(splits))


DATA_SET = DataSet(
    name="wic",
    kind="pair",
    description="Whether a noun or verb has the same sense in two sentences.",
    licence="none stated",
    paper="M. Pilehvar, J. Camacho-Collados. WiC: the Word-in-Context dataset. NAACL 2019",
    folder="wic",
    public="pilehvar.github.io/wic, and GitHub Wenxin-Jiang/CS577-NLP, HW2/WiC_dataset",
    counts={"train": 5_428, "dev": 638, "test": 1_400},
    files=lambda: _FILES,
    read=read,
)
