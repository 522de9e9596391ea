"""A store that was begun is gone on with, and ends as if nothing had happened."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ctxemb.errors import FormatError, InputError, UnknownNameError
from ctxemb.extraction import embed, embed_to_store, engine, storing
from ctxemb.extraction.embed import Job
from ctxemb.models import load
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import StoreWriter, VectorStore
from tests.toys import sentences
from tests.vectors.stores import hashes

TEXT = sentences(5, 9, 2, 14, 1, 7, 30, 3, 3, 6, 8, 2)


class StopError(Exception):
    pass


def stopping_after(n_sentences: int) -> Iterator[Sentence]:
    yield from TEXT[:n_sentences]
    raise StopError


def store(folder: Path, name: str, text: Any = TEXT, **options: Any) -> Path:
    """Embed to a store of shards of about 12 words."""
    chosen = {"store_dtype": "float32", "shard_words": 12, **options}
    embed_to_store(load(name), text, folder, source=name, **chosen)
    return folder


@pytest.fixture(params=["bert", "elmo", "gpt", "static:bert", "static:elmo"])
def name(request: pytest.FixtureRequest, toy_folders: dict[str, Path]) -> str:
    prefix, _, family = request.param.rpartition(":")
    return f"{prefix}:{toy_folders[family]}" if prefix else str(toy_folders[family])


@pytest.fixture
def bert(toy_folders: dict[str, Path]) -> str:
    return str(toy_folders["bert"])


def test_what_is_stored(tmp_path: Path, bert: str) -> None:
    found = VectorStore.open(store(tmp_path / "store", bert))
    assert found.sentences() == [sentence.words for sentence in TEXT]
    assert found.n_shards == 5
    assert found.meta.shard_words == 12
    assert (found.meta.fingerprint, found.meta.origin) == (load(bert).fingerprint, load(bert).origin)
    expected = embed(load(bert), TEXT)
    np.testing.assert_allclose(found.vectors().values, expected.values, rtol=0, atol=1e-5)
    assert found.contents.n_pieces == expected.n_pieces


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    assert torch.get_num_threads() == request.param
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_shards_are_whole_however_many_threads_compute(tmp_path: Path, name: str) -> None:
    found = VectorStore.open(store(tmp_path / "store", name))
    expected = embed(load(name), TEXT)
    np.testing.assert_allclose(found.vectors().values, expected.values, rtol=0, atol=1e-5)
    assert found.contents.n_pieces == expected.n_pieces


@pytest.mark.usefixtures("threads")
def test_no_more_than_two_shards_are_in_memory(
    tmp_path: Path, bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is computed; beside it the one before it is written, or the next one begun."""
    written, unwritten = [0], []
    arrays: list[weakref.ref[Any]] = []

    class Watched(Job):
        def begin(self, given: Any) -> None:
            arrays.append(weakref.ref(self._scatter.targets[0].values))
            unwritten.append(len(arrays) - written[0])
            for _ in range(500):  # the thread that wrote one may still hold it
                if sum(array() is not None for array in arrays) <= 2:
                    break
                time.sleep(0.01)
            else:
                pytest.fail("more than two shards are in memory")
            super().begin(given)

    write = StoreWriter.write

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.05)  # more than the model takes
        done = write(*arguments)
        written[0] += 1
        return done

    monkeypatch.setattr(engine, "Job", Watched)
    monkeypatch.setattr(StoreWriter, "write", slowly)
    store(tmp_path / "store", bert)
    assert len(unwritten) == 5
    assert max(unwritten) == 2


@pytest.mark.parametrize("after", [3, 4, 5, 9, 11, 12])
def test_continued_stores_have_the_same_bytes(tmp_path: Path, name: str, after: int) -> None:
    whole = hashes(store(tmp_path / "whole", name))
    with pytest.raises(StopError):
        store(tmp_path / "stopped", name, stopping_after(after))
    assert "store.json" not in hashes(tmp_path / "stopped")
    assert hashes(store(tmp_path / "stopped", name)) == whole
    assert hashes(store(tmp_path / "stopped", name)) == whole


def test_what_is_there_is_not_made_again(tmp_path: Path, bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(model: Any, chosen: Any, *arguments: Any, **options: Any) -> Any:
        made.append(len(chosen))
        return Job(model, chosen, *arguments, **options)

    monkeypatch.setattr(engine, "Job", counted)
    with pytest.raises(StopError):
        store(tmp_path / "store", bert, stopping_after(5))
    assert made == [2, 2]
    seen: list[int] = []
    folder = store(tmp_path / "store", bert, progress=seen.append)
    assert made == [2, 2, 3, 3, 2]
    assert sum(seen) == len(TEXT)
    (folder / "shard-00003.safetensors").unlink()
    store(folder, bert)
    assert made[5:] == [3]


def test_a_text_that_ends_early_leaves_whole_shards(tmp_path: Path, bert: str) -> None:
    with pytest.raises(StopError):
        store(tmp_path / "store", bert, stopping_after(6))
    assert sorted(hashes(tmp_path / "store")) == ["shard-00000.safetensors", "shard-00001.safetensors"]
    with pytest.raises(StopError):
        store(tmp_path / "nothing", bert, stopping_after(1))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": [0, -1]}, r"layers is \[0, 1, 2\] there and \[0, 2\] here"),
        ({"pool": "first"}, "pool is mean there and first here"),
        ({"unit": "sentence"}, "unit is word there and sentence here"),
        ({"store_dtype": "float16"}, "store-dtype is float32 there and float16 here"),
        ({"shard_words": 13}, "shard_words is 12 there and 13 here"),
        ({"part": (2, 3)}, r"part 1/1; give the options|not of part 2/3"),
    ],
)
def test_other_options_are_refused(
    tmp_path: Path, bert: str, options: dict[str, Any], message: str, finished: bool
) -> None:
    folder = tmp_path / "store"
    if finished:
        store(folder, bert)
    else:
        with pytest.raises(StopError):
            store(folder, bert, stopping_after(9))
    before = hashes(folder)
    with pytest.raises(InputError, match=message):
        store(folder, bert, **options)
    assert hashes(folder) == before


def test_another_model_is_refused(tmp_path: Path, bert: str, toy_folders: dict[str, Path]) -> None:
    folder = store(tmp_path / "store", bert)
    before = hashes(folder)
    with pytest.raises(InputError, match="family is bert there and gpt here"):
        store(folder, str(toy_folders["gpt"]))
    with pytest.raises(InputError, match=r"fingerprint is [0-9a-f]{12}… there"):
        embed_to_store(
            load(bert, 1), TEXT, folder, source=bert, random_init=1, store_dtype="float32", shard_words=12
        )
    assert hashes(folder) == before


@pytest.mark.parametrize(
    "text",
    [
        [*TEXT[:5], Sentence(("other",)), *TEXT[6:]],
        TEXT[:-1],
        TEXT[:3],
        [*TEXT, Sentence(("more",))],
        [*TEXT, *sentences(30)],
    ],
    ids=["changed", "shorter", "much shorter", "longer", "a shard longer"],
)
@pytest.mark.parametrize("part", [(1, 1), (1, 2), (2, 2)])
def test_another_text_is_refused(
    tmp_path: Path, bert: str, text: list[Sentence], part: tuple[int, int]
) -> None:
    folder = store(tmp_path / "store", bert, part=part)
    before = hashes(folder)
    with pytest.raises(InputError, match="made from another text"):
        store(folder, bert, text, part=part)
    assert hashes(folder) == before


@pytest.mark.parametrize("text", [TEXT[:-1], TEXT[:3], TEXT[2:]])
def test_another_text_for_an_unfinished_store_is_refused(
    tmp_path: Path, bert: str, text: list[Sentence]
) -> None:
    folder = store(tmp_path / "store", bert)
    (folder / "store.json").unlink()
    with pytest.raises(InputError, match="made from another text"):
        store(folder, bert, text)


def test_a_folder_of_something_else_is_refused(tmp_path: Path, bert: str) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        store(tmp_path, bert)
    with pytest.raises(InputError, match="no folder"):
        store(tmp_path / "mine.txt", bert)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_damaged_shard_is_named(tmp_path: Path, bert: str) -> None:
    folder = store(tmp_path / "store", bert)
    shard = folder / "shard-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(FormatError, match="shard-00002"):
        store(folder, bert)


def test_what_a_killed_writer_left_is_removed(tmp_path: Path, bert: str) -> None:
    folder = store(tmp_path / "store", bert)
    whole = hashes(folder)
    for name in ("shard-00007.safetensors.99.part", "store.json.7.part", "writing.json"):
        (folder / name).write_bytes(b"half")
    assert hashes(store(folder, bert)) == whole


@pytest.mark.parametrize("n", [2, 3, 8])
def test_parts_are_the_shards_of_the_whole(tmp_path: Path, name: str, n: int) -> None:
    whole = hashes(store(tmp_path / "whole", name))
    del whole["store.json"]
    found: dict[str, str] = {}
    for i in range(1, n + 1):
        part = hashes(store(tmp_path / f"part-{i}", name, part=(i, n)))
        del part["store.json"]
        assert not found.keys() & part.keys()
        found |= part
    assert found == whole


def test_default_shards_hold_64_mebibytes() -> None:
    assert storing._shard_words(13 * 768 * 2, 1) == 3360
    assert storing._shard_words(3 * 16 * 2, 1) == 50_000
    assert storing._shard_words(1 << 27, 1) == 1
    assert storing._shard_words(13 * 768 * 2, 8) == 26_886


@pytest.mark.parametrize("kind", ["pool", "unit", "store_dtype"])
def test_unknown_names(tmp_path: Path, bert: str, kind: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown {kind.replace('_', ' ')} 'bogus'"):
        store(tmp_path / "store", bert, **{kind: "bogus"})
    with pytest.raises(InputError, match="no sentences"):
        store(tmp_path / "store", bert, [])
    assert not (tmp_path / "store").exists()
