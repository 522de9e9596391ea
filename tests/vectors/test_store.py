from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.vectors import StoreMeta, StoreWriter, VectorStore, WordVectors

SENTENCES = [("a", "b\ud800"), ("c",), ("d", "e", "👍🏽")]


def meta(dtype: str = "float32") -> StoreMeta:
    return StoreMeta(
        model="m", family="gpt", fingerprint="f", source="m", random_init=None, layers=(0, 2),
        pool="mean", unit="word", dtype=dtype, width=4,
    )  # fmt: skip


def vectors() -> WordVectors:
    values = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)
    return WordVectors(values, np.array([0, 2, 3, 6]))


def written(folder: Path, dtype: str = "float32") -> VectorStore:
    writer = StoreWriter(folder, meta(dtype))
    whole = vectors()
    writer.write(SENTENCES[:2], WordVectors(whole.values[:, :3], np.array([0, 2, 3])))
    writer.write(SENTENCES[2:], WordVectors(whole.values[:, 3:], np.array([0, 3])))
    writer.finish(meta(dtype))
    return VectorStore.open(folder)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = written(tmp_path / "store")
    assert store.meta.n_shards == 2
    assert store.sentences() == SENTENCES
    assert store.words() == [word for words in SENTENCES for word in words]
    assert (store.layer(2) == vectors().values[1]).all()
    assert store.offsets.tolist() == [0, 2, 3, 6]
    assert (store.vectors().sentence(2) == vectors().sentence(2)).all()
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [
        "shard-00000.safetensors", "shard-00001.safetensors", "store.json",
    ]  # fmt: skip


def test_half_precision_keeps_what_it_can(tmp_path: Path) -> None:
    store = written(tmp_path / "store", "float16")
    assert store.layer(0).dtype == np.float16
    assert store.layer(0) == pytest.approx(vectors().values[0], rel=1e-3)


def test_overflow_is_refused_with_the_way_out(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path / "store", meta("float16"))
    with pytest.raises(InputError, match="float32"):
        writer.write([("a",)], WordVectors(np.full((2, 1, 4), 1e6, dtype=np.float32), np.array([0, 1])))
    assert list((tmp_path / "store").iterdir()) == []


def test_a_layer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="not 1"):
        written(tmp_path / "store").layer(1)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        StoreWriter(tmp_path, meta())


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"store\.json is missing"):
        VectorStore.open(tmp_path)
    folder = tmp_path / "store"
    store = written(folder)
    shard = folder / "shard-00001.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-10])
    with pytest.raises(FormatError, match="shard-00001"):
        store.layer(0)
    shard.unlink()
    with pytest.raises(MissingFileError, match="shard-00001"):
        store.layer(0)
    description = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    (folder / "store.json").write_text(json.dumps({**description, "format": 99}), encoding="utf-8")
    with pytest.raises(FormatError, match="format 99"):
        VectorStore.open(folder)
    (folder / "store.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match="not the description"):
        VectorStore.open(folder)


@pytest.mark.parametrize(
    ("shape", "offsets"), [((2, 3), [0, 3]), ((1, 3, 2), [0, 2]), ((1, 3, 2), [1, 3]), ((1, 3, 2), [0, 4, 3])]
)
def test_shapes_must_fit(shape: tuple[int, ...], offsets: list[int]) -> None:
    with pytest.raises(ValueError, match=r"should be|should start|offsets end"):
        WordVectors(np.zeros(shape), np.array(offsets))


def test_sentences_of_word_vectors() -> None:
    found = vectors()
    assert len(found) == 3
    assert (found.sentence(-1) == found.values[:, 3:]).all()
    with pytest.raises(IndexError, match="no sentence 3"):
        found.sentence(3)
