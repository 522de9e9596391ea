"""A store is read as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.vectors import VectorStore, WordVectors
from tests.vectors.stores import META, SENTENCES, vectors, write, written


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = written(tmp_path / "store")
    assert (store.n_shards, store.n_sentences, store.n_words, store.n_rows) == (3, 5, 9, 9)
    assert store.contents.n_pieces == 18
    assert store.meta == META
    assert store.sentences() == SENTENCES
    assert store.words() == [word for words in SENTENCES for word in words]
    assert store.layer(2).tolist() == vectors().values[1].tolist()
    assert store.offsets.tolist() == vectors().offsets.tolist()
    assert store.vectors().values.tolist() == vectors().values.tolist()
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [
        "shard-00000.safetensors", "shard-00001.safetensors", "shard-00002.safetensors", "store.json",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(-5, 5))
@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
def test_one_sentence(tmp_path: Path, number: int, dtype: str) -> None:
    store = written(tmp_path / "store", dtype=dtype)
    found = store.sentence(number)
    assert found.shape == (2, len(SENTENCES[number]), 4)
    np.testing.assert_allclose(found, vectors().sentence(number), rtol=2**-8)
    assert store.sentence_words(number) == SENTENCES[number]
    assert found.tolist() == store.vectors().sentence(number).tolist()


@pytest.mark.parametrize("number", [5, -6])
def test_a_sentence_that_is_not_there(tmp_path: Path, number: int) -> None:
    with pytest.raises(IndexError, match=f"no sentence {number}: there are 5"):
        written(tmp_path / "store").sentence(number)


def test_sentences_and_maps_are_not_copied(tmp_path: Path) -> None:
    store = written(tmp_path / "store")
    sentence, *maps = [store.sentence(3), *store.maps(2)]
    assert not any(array.flags.owndata or array.flags.writeable for array in (sentence, *maps))
    assert np.concatenate(maps).tolist() == store.layer(2).tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
@pytest.mark.parametrize("rows", [[], [0], [8, 0, 3, 3, 5], list(range(9))])
def test_some_rows(tmp_path: Path, dtype: str, rows: list[int]) -> None:
    store = written(tmp_path / "store", dtype=dtype)
    found = store.rows(2, rows)
    assert found.shape == (len(rows), 4)
    assert found.dtype == store.dtype
    assert found.tolist() == store.layer(2)[rows].tolist()


@pytest.mark.parametrize("row", [-1, 9])
def test_a_row_that_is_not_there(tmp_path: Path, row: int) -> None:
    with pytest.raises(IndexError, match="the rows 0 to 8"):
        written(tmp_path / "store").rows(2, [0, row])


def test_a_layer_that_is_not_there(tmp_path: Path) -> None:
    store = written(tmp_path / "store")
    for read in (store.layer, store.maps, lambda layer: store.rows(layer, [0])):
        with pytest.raises(KeyError, match="not 1"):
            read(1)


def test_one_layer_does_not_touch_the_others(tmp_path: Path) -> None:
    """The other layers are damaged on disk, and no one minds."""
    folder = write(tmp_path / "store")
    store = VectorStore.open(folder)
    shard = next(store.shards())
    start = shard.data_start + 8 * (2 + 3)
    with (folder / "shard-00000.safetensors").open("rb+") as file:
        file.seek(start)
        file.write(b"\xff" * (3 * 4 * 4))  # layer 0 of the first shard
    assert VectorStore.open(folder).layer(2).tolist() == vectors().values[1].tolist()
    assert not np.isfinite(VectorStore.open(folder).layer(0)).all()


def test_more_shards_than_may_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctxemb.vectors.store._OPEN_SHARDS", 2)
    store = written(tmp_path / "store", shard_sentences=1)
    before = _open_files()
    for _ in range(20):
        assert [store.sentence(i).shape[1] for i in range(5)] == [2, 1, 3, 2, 1]
    assert _open_files() <= before + 2


def _open_files() -> int:
    folder = Path("/proc/self/fd")  # Linux
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_an_unfinished_store(tmp_path: Path) -> None:
    folder = write(tmp_path / "store", stop=2)
    with pytest.raises(MissingFileError, match=r"not finished: .*reads its 2 shards"):
        VectorStore.open(folder)
    store = VectorStore.open(folder, unfinished=True)
    assert not store.finished
    assert store.sentences() == SENTENCES[:4]
    assert store.layer(0).tolist() == vectors().values[0, :8].tolist()
    (folder / "shard-00000.safetensors").unlink()
    with pytest.raises(MissingFileError, match="shard-00000"):
        VectorStore.open(folder, unfinished=True)
    with pytest.raises(MissingFileError, match="no finished vector store"):
        VectorStore.open(tmp_path / "nowhere")


def test_damage_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "store")
    shard = folder / "shard-00001.safetensors"
    whole = shard.read_bytes()
    for damaged in (whole[:-10], whole + b"x", whole[:50], b"", b"\xff" * 200, whole[:8] + b"[" + whole[9:]):
        shard.write_bytes(damaged)
        with pytest.raises(FormatError, match="shard-00001"):
            VectorStore.open(folder).layer(0)
    shard.write_bytes((folder / "shard-00000.safetensors").read_bytes())
    with pytest.raises(FormatError, match=r"shard-00001.*not the shard"):
        VectorStore.open(folder).layer(0)
    shard.unlink()
    with pytest.raises(MissingFileError, match="shard-00001"):
        VectorStore.open(folder).layer(0)


def test_a_damaged_description_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "store") / "store.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    other = {**description, "store": {**description["store"], "format": 99}}
    for text, message in (
        (json.dumps(other), "format 99"),
        (json.dumps(description["store"] | {"format": 1}), "format 1; this version"),
        ("{}", "not the description"),
        ("[]", "not the description"),
        ("\xff", "not the description"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FormatError, match=message):
            VectorStore.open(path.parent)


@pytest.mark.parametrize(
    ("shape", "offsets"), [((2, 3), [0, 3]), ((1, 3, 2), [0, 2]), ((1, 3, 2), [1, 3]), ((1, 3, 2), [0, 4, 3])]
)
def test_shapes_must_fit(shape: tuple[int, ...], offsets: list[int]) -> None:
    with pytest.raises(ValueError, match=r"should be|should start|offsets end"):
        WordVectors(np.zeros(shape), np.array(offsets))


def test_sentences_of_word_vectors() -> None:
    found = vectors()
    assert len(found) == 5
    assert (found.sentence(-1) == found.values[:, 8:]).all()
    with pytest.raises(IndexError, match="no sentence 5"):
        found.sentence(5)
