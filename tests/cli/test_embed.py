from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ctxemb.vectors import VectorStore
from tests.cli.conftest import Ctxemb
from tests.vectors.stores import hashes


def test_text_on_the_command_line(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    done = ctxemb(
        "embed", "--text", "I sat by the bank .", "--text", "Two words", "--model", elmo_folder,
        "-o", tmp_path / "store", "--format", "json",
    )  # fmt: skip
    assert done.code == 0, done.err
    row = json.loads(done.out)[0]
    assert (row["sentences"], row["words"], row["layers"], row["width"]) == (2, 8, "0,1,2", 16)
    store = VectorStore.open(tmp_path / "store")
    assert store.words() == ["I", "sat", "by", "the", "bank", ".", "Two", "words"]
    assert store.layer(2).shape == (8, 16)
    assert store.layer(2).dtype == np.float16


def test_file_with_layers_pool_and_unit(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes("\ufeffa b c\r\nd é 👍🏽\r\n".encode())
    done = ctxemb(
        "embed", text, "--model", elmo_folder, "--layers", "0,-1", "--unit", "sentence", "--pool", "last",
        "--store-dtype", "float32", "-o", tmp_path / "store",
    )  # fmt: skip
    assert done.code == 0, done.err
    store = VectorStore.open(tmp_path / "store")
    assert store.layers == (0, 2)
    assert store.sentences() == [("a", "b", "c"), ("d", "é", "👍🏽")]
    assert store.vectors().values.shape == (2, 2, 16)


def test_other_formats(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("id\ttext\n1\ta b\n", encoding="utf-8")
    (tmp_path / "x.jsonl").write_text('{"s": ["a", "b"]}\n', encoding="utf-8")
    (tmp_path / "x.long").write_text("a b " * 300_000, encoding="utf-8")
    for name, *options in (("x.tsv", "--column", "text"), ("x.jsonl", "--field", "s")):
        store = tmp_path / f"{name}-store"
        done = ctxemb("embed", tmp_path / name, *options, "--model", elmo_folder, "-o", store)
        assert done.code == 0, done.err
        assert VectorStore.open(store).sentences() == [("a", "b")]
    done = ctxemb("embed", tmp_path / "x.tsv", "--model", elmo_folder, "-o", tmp_path / "s")
    assert "x.tsv: say which column" in done.err
    done = ctxemb("embed", tmp_path / "x.long", "--model", elmo_folder, "-o", tmp_path / "s")
    assert "x.long:1: a line of more than 1,048,576 bytes" in done.err
    assert not (tmp_path / "s").exists()


def test_standard_input(elmo_folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "ctxemb.cli.main", "embed", "-", "--tokenized", "--layers", "mix",
            "--model", str(elmo_folder), "-o", str(tmp_path / "store"),
        ],
        input=b"don't stop\n",
        capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert VectorStore.open(tmp_path / "store").layers == ("mix",)


def test_an_empty_line_is_named_and_leaves_nothing(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("one\n\nthree\n", encoding="utf-8")
    done = ctxemb("embed", text, "--model", elmo_folder, "-o", tmp_path / "store")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "text.txt:2: an empty line" in done.err
    assert not (tmp_path / "store").exists()
    done = ctxemb("embed", text, "--model", elmo_folder, "-o", tmp_path / "store", "--skip-empty")
    assert done.code == 0
    assert "skipped 1 empty line" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("embed", "-o", "x"), 2, "either FILE or --text"),
        (("embed", "missing.txt", "-o", "x", "--model", "MODEL"), 1, "no file 'missing.txt'"),
        (("embed", "--text", "a", "-o", "x", "--model", "bort"), 1, "did you mean 'bert'"),
        (("embed", "--text", "a", "-o", "x", "--model", "MODEL", "--layers", "9"), 1, "no layer 9"),
        (("embed", "--text", "a", "-o", "x", "--model", "MODEL", "--layers", "a"), 1, "found 'a'"),
        (("embed", "--text", "a", "-o", "x", "--pool", "median"), 2, "median"),
        (("embed", "--text", "  ", "-o", "x", "--model", "MODEL"), 1, "--text:1: an empty line"),
        (("bogus",), 2, "bogus"),
    ],
)
def test_wrong_input_is_told_in_a_line(
    ctxemb: Ctxemb,
    elmo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = ctxemb(*(str(elmo_folder) if word == "MODEL" else word for word in arguments))
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "x").exists()


def test_the_same_command_again_changes_nothing(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    command = ("embed", "--text", "a b", "--model", elmo_folder, "-o", tmp_path / "store", "--format", "json")
    assert json.loads(ctxemb(*command).out)[0]["new"] == 2
    before = hashes(tmp_path / "store")
    row = json.loads(ctxemb(*command).out)[0]
    assert (row["words"], row["new"], row["words/s"]) == (2, 0, 0)
    assert hashes(tmp_path / "store") == before
    for change, message in (
        (("--text", "c"), "another text"),
        (("--pool", "first"), "pool is mean there and first here"),
        (("--shard", "1/2"), "part 1/1"),
        (("--store-dtype", "bfloat16"), "store-dtype is float16 there and bfloat16 here"),
        (("--dtype", "bfloat16"), "computation is float32 on cpu there and bfloat16 on cpu here"),
    ):
        done = ctxemb(*command, *change)
        assert done.code == 1
        assert message in done.err
    assert hashes(tmp_path / "store") == before


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b", "1/", "-1/2"])
def test_a_wrong_part_is_told(ctxemb: Ctxemb, part: str) -> None:
    done = ctxemb("embed", "--text", "a", "-o", "x", "--shard", part)
    assert done.code == 2
    assert "is not I/N" in done.err


def test_debug_shows_where(ctxemb: Ctxemb) -> None:
    done = ctxemb("--debug", "embed", "missing.txt", "-o", "x")
    assert done.code == 1
    assert "Traceback" in done.err


def test_states_carried(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    model = f"stateful:{elmo_folder}"
    done = ctxemb("embed", "--text", "the bank", "--model", model, "-o", tmp_path / "store")
    assert done.code == 0, done.err
    assert f"{elmo_folder.name}@stateful" in done.out
    meta = VectorStore.open(tmp_path / "store").meta
    assert (meta.source, meta.fingerprint[:9]) == (model, "stateful-")


def test_numbers_and_device(ctxemb: Ctxemb, elmo_folder: Path, tmp_path: Path) -> None:
    command = ("embed", "--text", "the bank", "--model", elmo_folder, "-o", tmp_path / "store")
    done = ctxemb(*command, "--dtype", "bfloat16", "--device", "cpu")
    assert done.code == 0, done.err
    assert VectorStore.open(tmp_path / "store").meta.computation == "bfloat16 on cpu"
    done = ctxemb(*command)
    assert done.code == 1
    assert "computation is bfloat16 on cpu there and float32 on cpu here;" in done.err
    for change, message in (
        (("--device", "cuda:99"), "no device 'cuda:99'"),
        (("--device", "gpu"), "unknown device 'gpu'"),
        (("--dtype", "float16"), "float16 is for GPUs"),
        (("--compile",), "only Transformer blocks of BERT and GPT are compiled"),
    ):
        done = ctxemb(*command, *change)
        assert done.code == 1
        assert message in done.err
        assert done.err.count("\n") == 1
