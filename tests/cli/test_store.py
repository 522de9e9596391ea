from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ctxemb.vectors import VectorStore
from tests.cli.conftest import Ctxemb
from tests.vectors.stores import hashes

TEXT = "The old man sat .\nHe had a rod .\nThe water was cold and clear .\nIt was late .\n"


@pytest.fixture
def store(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> Path:
    return embed(ctxemb, elmo_folder, tmp_path, "store")


def embed(ctxemb: Ctxemb, model: Path, folder: Path, name: str, *more: str) -> Path:
    text = folder / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    done = ctxemb("embed", text, "--model", model, "--shard-words", 5, "-o", folder / name, *more)
    assert done.code == 0, done.err
    return folder / name


def test_info(ctxemb: Ctxemb, store: Path) -> None:
    row = json.loads(ctxemb("store", "info", store, "--format", "json").out)[0]
    assert (row["finished"], row["part"], row["sentences"], row["shards"]) == (True, "1/1", 4, 4)
    assert (row["layers"], row["store_dtype"], row["width"], row["words"]) == ("0,1,2", "float16", 16, 21)
    assert len(row["fingerprint"]) == len(row["text_hash"]) == 64
    assert "torch" in row["versions"]
    table = ctxemb("store", "info", store).out
    assert row["fingerprint"] in table
    (store / "store.json").unlink()
    row = json.loads(ctxemb("store", "info", store, "--format", "json").out)[0]
    assert (row["finished"], row["shards"]) == (False, 4)
    done = ctxemb("store", "info", store.parent / "nowhere")
    assert (done.code, done.err.count("\n")) == (1, 1)


def test_verify_and_repair(ctxemb: Ctxemb, store: Path, elmo_folder: Path, tmp_path: Path) -> None:
    before = hashes(store)
    assert ctxemb("store", "verify", store).code == 0
    shard = store / "shard-00002.safetensors"
    raw = bytearray(shard.read_bytes())
    raw[-20] ^= 1
    shard.write_bytes(raw)
    done = ctxemb("store", "verify", store)
    assert done.code == 1
    assert done.out == f"{shard}: damaged: its bytes are not those that were written\n"
    shard.unlink()
    assert "is missing" in ctxemb("store", "verify", store).out
    embed(ctxemb, elmo_folder, tmp_path, "store")
    assert hashes(store) == before


def test_parts_are_merged(ctxemb: Ctxemb, store: Path, elmo_folder: Path, tmp_path: Path) -> None:
    parts = [embed(ctxemb, elmo_folder, tmp_path, f"p{i}", "--shard", f"{i}/3") for i in (1, 2, 3)]
    done = ctxemb("store", "merge", *parts, "-o", tmp_path / "merged")
    assert (done.code, done.out) == (0, f"{tmp_path / 'merged'}\n")
    assert hashes(tmp_path / "merged") == hashes(store)
    done = ctxemb("store", "merge", parts[0], "-o", tmp_path / "other")
    assert done.code == 1
    assert "part 2/3 is missing" in done.err


@pytest.mark.parametrize("to", ["hdf5", "parquet", "arrow", "numpy", "word2vec"])
def test_export(ctxemb: Ctxemb, store: Path, tmp_path: Path, to: str) -> None:
    output = tmp_path / f"vectors.{to}"
    done = ctxemb("store", "export", store, "--to", to, "-o", output)
    assert (done.code, done.out) == (0, f"{output}\n"), done.err
    assert output.is_dir() == (to == "numpy")


def test_import(ctxemb: Ctxemb, store: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    assert ctxemb("store", "export", store, "--to", "hdf5", "-o", tmp_path / "x.hdf5").code == 0
    for more in ([], ["--text", tmp_path / "text.txt"]):
        back = tmp_path / f"back-{len(more)}"
        done = ctxemb("store", "import", tmp_path / "x.hdf5", "--model", "mine", *more, "-o", back)
        assert done.code == 0, done.err
        found, expected = VectorStore.open(back), VectorStore.open(store)
        assert found.sentences() == expected.sentences()
        np.testing.assert_array_equal(found.layer(2), expected.layer(2))
    done = ctxemb("store", "import", tmp_path / "text.txt", "--model", "m", "-o", tmp_path / "z")
    assert done.code == 1
    assert "not an HDF5 file" in done.err
