"""A description, or a header, that lies is found when a store is opened or verified."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctxemb.errors import CtxembError, FormatError
from ctxemb.vectors import VectorStore, WordVectors
from ctxemb.vectors.merge import verify_store
from ctxemb.vectors.meta import CHECKSUM, StoreMeta, checksum, to_json
from ctxemb.vectors.packed import PackedText
from ctxemb.vectors.writer import StoreWriter

COUNT = int(os.environ.get("CTXEMB_FUZZ", "60"))
META = StoreMeta("toy", "bert", "0" * 64, "toy", None, (0, 1), "mean", "word", "float32", 2)
TEXTS = [[("The", "bank"), ("é",)], [("A",)], [("river", "runs", "on")]]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    with StoreWriter(folder, META) as writer:
        for number, sentences in enumerate(TEXTS):
            text = PackedText.of(sentences)
            if writer.wants(number, text):
                values = np.full((2, text.n_words, 2), number, dtype=np.float32)
                writer.write(number, text, WordVectors(values, np.concatenate([[0], text.sentence_ends])))
        writer.finish()
    return folder


Change = Callable[[dict[str, Any]], Any]
LIES: dict[str, Change] = {
    "another order": lambda d: d["shards"].reverse(),
    "the last entry removed": lambda d: d["shards"].pop(),
    "the last removed everywhere": lambda d: (d["shards"].pop(), d["text_hashes"].pop()),
    "a shard twice": lambda d: d["shards"].append(d["shards"][-1]),
    "another hash of a text": lambda d: d["text_hashes"].__setitem__(1, "1" * 64),
    "hashes in another order": lambda d: d["text_hashes"].reverse(),
    "a wrong sum": lambda d: d.update(n_words=99),
    "a wrong sum of shards": lambda d: d.update(n_shards=2),
    "a wrong sum of hashes": lambda d: d.update(text_hash="0" * 64),
    "another part": lambda d: d.update(part=[1, 2]),
    "a part that is none": lambda d: d.update(part=[2, 1]),
    "a part of texts": lambda d: d.update(part=["1", "1"]),
    "a number that is a text": lambda d: d["shards"][0].update(n_words="3"),
    "a number that is true": lambda d: d["shards"][0].update(number=False),
    "a number below 0": lambda d: d["shards"][0].update(n_pieces=-1),
    "a hash that is none": lambda d: d["shards"][0].update(sha256="no"),
    "no hashes": lambda d: d.update(text_hashes="0" * 64),
    "layers that are true": lambda d: d["store"].update(layers=[True]),
    "no layers": lambda d: d["store"].update(layers=[]),
    "a width that is a text": lambda d: d["store"].update(width="2"),
    "a model that is a list": lambda d: d["store"].update(model=["toy"]),
    "versions that are numbers": lambda d: d["store"].update(versions={"torch": 2}),
    "another model": lambda d: d["store"].update(model="other"),
    "another layer": lambda d: d["store"].update(layers=[0, 2]),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("sealed", ["as it is", "without a checksum", "with a new one"])
def test_a_description_that_lies(lie: str, sealed: str, store: Path) -> None:
    assert verify_store(store) == []
    path = store / "store.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    LIES[lie](values)
    if sealed != "as it is":
        del values[CHECKSUM]
    if sealed == "with a new one":
        values[CHECKSUM] = checksum(values)
    path.write_text(to_json(values, indent=1), encoding="utf-8")
    problems = verify_store(store)
    if sealed != "as it is" and lie == "the last removed everywhere":
        assert problems  # the shard that is there, or a sum
    assert problems
    assert all(str(store) in problem for problem in problems)


def test_a_changed_value_anywhere(store: Path) -> None:
    path = store / "store.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    for key in whole:
        values = copy.deepcopy(whole)
        values[key] = None
        path.write_text(json.dumps(values), encoding="utf-8")
        if key == CHECKSUM:
            continue
        with pytest.raises(FormatError, match=r"store\.json"):
            VectorStore.open(store)


@pytest.mark.parametrize("text", ["[" * 200_000, "[]", "3", "{}", '{"store": 1}', "", "\ud800"])
def test_what_is_no_description(text: str, store: Path) -> None:
    (store / "store.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FormatError, match=r"store\.json: "):
        VectorStore.open(store)


def test_ends_that_lie(store: Path) -> None:
    path = store / "shard-00000.safetensors"
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for place in range(start, start + 5 * 8, 8):
        for value in (-1, 0, 1, 2, 5, 99, 2**62):
            path.write_bytes(whole[:place] + value.to_bytes(8, "little", signed=True) + whole[place + 8 :])
            if path.read_bytes() == whole:
                continue
            assert verify_store(store)
            try:
                opened = VectorStore.open(store)
                opened.sentences(), [opened.sentence(i) for i in range(len(opened))]
            except CtxembError as error:
                assert str(path) in str(error)


def test_mutated_stores(store: Path, tmp_path: Path) -> None:
    generator = random.Random(0)
    for _ in range(COUNT):
        folder = tmp_path / "mutated"
        shutil.copytree(store, folder)
        path = generator.choice(sorted(folder.iterdir()))
        content = bytearray(path.read_bytes())
        place = generator.randrange(len(content))
        change = generator.randrange(4)
        if change == 0:
            content[place] ^= 1 << generator.randrange(8)
        elif change == 1:
            del content[place:]
        elif change == 2:
            del content[place : place + generator.randrange(1, 40)]
        else:
            content[place:place] = generator.randbytes(generator.randrange(1, 40))
        path.write_bytes(bytes(content))
        assert verify_store(folder) or json.loads(path.read_bytes()) == json.loads(
            (store / path.name).read_bytes()
        )
        try:
            opened = VectorStore.open(folder)
            opened.vectors()
            opened.sentences()
        except CtxembError as error:
            assert str(folder) in str(error)
        shutil.rmtree(folder)
