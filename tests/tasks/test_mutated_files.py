"""Damaged files of people's own: read, or refused by an error that names the file."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from ctxemb.errors import CtxembError
from ctxemb.tasks import load_task
from ctxemb.text.corpus import read_corpus
from tests.checkpoints.damage import mutate

COUNT = int(os.environ.get("CTXEMB_FUZZ", "60"))
ROWS = [("good", "A fine *film* ."), ("bad", "A bad *film* ."), ("good", "My *film* .")] * 3
FILES = {
    "x.tsv": "label\ttext\n" + "".join(f"{label}\t{text}\n" for label, text in ROWS),
    "x.csv": "text,label\n" + "".join(f'"{text}",{label}\n' for label, text in ROWS),
    "x.jsonl": "".join(json.dumps({"label": label, "text": text}) + "\n" for label, text in ROWS),
    "x.json": json.dumps([{"label": label, "text": text} for label, text in ROWS]),
    "x.conll": "-DOCSTART- O\n\n" + "# 1\nThe DT\ndog NN\n\nIt PRP\n\n" * 4,
    "x.conllu": "# newdoc id = a\n1\tThe\tthe\tDET\t_\t_\t_\t_\t_\t_\n2\tdog\tdog\tNOUN\t_\t_\t_\t_\t_\t_\n\n"
    * 5,
}


@pytest.mark.parametrize("name", FILES)
def test_mutated_files(name: str, tmp_path: Path) -> None:
    generator = random.Random(0)
    path = tmp_path / name
    for _ in range(COUNT):
        path.write_text(FILES[name], encoding="utf-8")
        mutate(path, generator)
        try:
            load_task(str(path))
        except CtxembError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("name", ["x.tsv", "x.jsonl", "x.conllu", "x.txt"])
def test_mutated_corpora(name: str, tmp_path: Path) -> None:
    generator = random.Random(0)
    path = tmp_path / name
    column = "text" if name == "x.tsv" else None
    for _ in range(COUNT):
        path.write_text(FILES.get(name, "The bank .\nA river\n"), encoding="utf-8")
        mutate(path, generator)
        try:
            for sentence in read_corpus(str(path), column=column, skip_empty=True):
                assert len(sentence)
        except CtxembError as error:
            assert str(path) in str(error)
