"""Parts become what a single run makes; damage is found and named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctxemb.errors import InputError, MissingFileError, StorageError
from ctxemb.vectors import VectorStore
from ctxemb.vectors.lock import FolderLock
from ctxemb.vectors.merge import merge_stores, verify_store
from tests.vectors.stores import SENTENCES, hashes, write


def parts(folder: Path, n: int, **options: object) -> list[Path]:
    return [write(folder / f"part-{i}", shard_sentences=1, part=(i, n), **options) for i in range(1, n + 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_the_union_is_the_whole_byte_for_byte(tmp_path: Path, n: int) -> None:
    whole = write(tmp_path / "whole", shard_sentences=1)
    merge_stores(parts(tmp_path, n)[::-1], tmp_path / "merged")
    assert hashes(tmp_path / "merged") == hashes(whole)
    merge_stores(parts(tmp_path, n), tmp_path / "merged")
    assert hashes(tmp_path / "merged") == hashes(whole)


def test_where_files_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(18, "another device")

    monkeypatch.setattr(os, "link", refuse)
    merge_stores(parts(tmp_path, 2), tmp_path / "merged")
    assert hashes(tmp_path / "merged") == hashes(write(tmp_path / "whole", shard_sentences=1))


def test_a_part_is_a_store_of_its_own(tmp_path: Path) -> None:
    store = VectorStore.open(parts(tmp_path, 2)[1])
    assert store.contents.part == (2, 2)
    assert store.sentences() == SENTENCES[1::2]
    assert store.sentence(1).shape == (2, 2, 4)


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    first, second, third = parts(tmp_path, 3)
    to = tmp_path / "merged"
    with pytest.raises(InputError, match=r"part 2/3 is missing: none holds shard-00001"):
        merge_stores([first, third], to)
    with pytest.raises(InputError, match=r"both .*part-1 and .*part-1 hold shard-00000"):
        merge_stores([first, second, first], to)
    other = write(tmp_path / "other", shard_sentences=1, part=(3, 3), pool="first")
    with pytest.raises(InputError, match="pool is first there and mean here"):
        merge_stores([first, second, other], to)
    text = write(tmp_path / "text", shard_sentences=1, part=(3, 3), sentences=[("x", "y"), *SENTENCES[1:]])
    with pytest.raises(InputError, match=r"text was made from another text than .*part-1"):
        merge_stores([first, second, text], to)
    (third / "store.json").unlink()
    with pytest.raises(MissingFileError, match="not finished"):
        merge_stores([first, second, third], to)
    with pytest.raises(InputError, match="no stores"):
        merge_stores([], to)
    assert not to.exists()


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    found = parts(tmp_path, 2)
    to = tmp_path / "merged"
    to.mkdir()
    (to / "mine").touch()
    with pytest.raises(InputError, match="not empty"):
        merge_stores(found, to)
    (to / "mine").unlink()
    (to / "shard-00001.safetensors").write_bytes((found[0] / "shard-00000.safetensors").read_bytes())
    with pytest.raises(InputError, match="another one than"):
        merge_stores(found, to)
    (to / "shard-00001.safetensors").unlink()
    lock = FolderLock(to)
    lock.acquire()
    with pytest.raises(StorageError, match="being written"):
        merge_stores(found, to)
    lock.release()
    merge_stores(found, to)


@pytest.mark.parametrize("place", [3, 60, 200, 700, -60, -1])
def test_every_flipped_bit_is_found(tmp_path: Path, place: int) -> None:
    folder = write(tmp_path / "store")
    assert verify_store(folder) == []
    path = folder / "shard-00001.safetensors"
    raw = bytearray(path.read_bytes())
    raw[place] ^= 4
    path.write_bytes(raw)
    (problem,) = verify_store(folder)
    assert "shard-00001.safetensors" in problem


def test_what_is_missing_or_mixed_is_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "store")
    one, two = folder / "shard-00001.safetensors", folder / "shard-00002.safetensors"
    one.write_bytes(two.read_bytes())
    two.unlink()
    problems = verify_store(folder)
    assert len(problems) == 2
    assert "shard-00001.safetensors: not the shard that store.json describes" in problems[0]
    assert "shard-00002.safetensors is missing" in problems[1]
    (folder / "store.json").write_text("{}", encoding="utf-8")
    assert any("store.json: not the description" in problem for problem in verify_store(folder))
    assert verify_store(write(tmp_path / "begun", stop=2)) == []
    with pytest.raises(MissingFileError):
        verify_store(tmp_path / "nowhere")


def test_every_single_byte_of_a_shard_matters(tmp_path: Path) -> None:
    folder = write(tmp_path / "store", stop=1)
    path = folder / "shard-00000.safetensors"
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        raw = bytearray(whole)
        raw[place] ^= 1
        path.write_bytes(raw)
        assert verify_store(folder), place
