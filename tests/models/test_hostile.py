"""Hostile files: no code is run, nothing but our errors comes out, and nothing is half-loaded."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ctxemb.errors import FormatError
from ctxemb.models.checkpoints import load_network
from tests.checkpoints.damage import FORMATS, build, damaged
from tests.checkpoints.hugging_face import as_bin, as_shards, reference, write_tokenizer

COUNT = int(os.environ.get("CTXEMB_FUZZ", "60"))
"""Mutated folders of each format."""

DEEP = "[" * 200_000 + "]" * 200_000
"""More brackets than Python's stack has room for."""


class Shell:
    """What a pickle would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.path}",)


def test_pickles_are_not_run(tmp_path: Path) -> None:
    write_tokenizer("bert", tmp_path)
    as_bin(reference("bert", 200), tmp_path)
    for save in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
        save({"pooler.dense.bias": Shell(tmp_path / "run")}, tmp_path / "pytorch_model.bin")
        with pytest.raises(FormatError, match=r"pytorch_model\.bin"):
            load_network(tmp_path)
        assert not (tmp_path / "run").exists()


def test_an_old_bin_cut_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    build("old bin", folder)
    path = folder / "pytorch_model.bin"
    whole = path.read_bytes()
    for size in [*range(0, 400, 7), *range(400, len(whole), len(whole) // 20)]:
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError, match=r"pytorch_model\.bin"):
            load_network(folder)


def test_shards_lie_beside_their_index(tmp_path: Path) -> None:
    write_tokenizer("bert", tmp_path)
    as_shards(reference("bert", 200), tmp_path)
    index = tmp_path / "model.safetensors.index.json"
    text = index.read_text(encoding="utf-8")
    for name in ("../secret.safetensors", "/etc/passwd", "a/../../b"):
        index.write_text(text.replace("model-00001-of", f"{name}-of"), encoding="utf-8")
        with pytest.raises(FormatError, match="is not the name of a file beside it"):
            load_network(tmp_path)
    index.write_text('{"weight_map": [1]}', encoding="utf-8")
    with pytest.raises(FormatError, match="not an index of shards"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    ("kind", "name", "content", "message"),
    [
        ("bert", "config.json", DEEP, "not JSON"),
        ("bert", "tokenizer_config.json", DEEP, "not JSON"),
        ("tokenizer.json", "tokenizer.json", DEEP, "not a tokenizer"),
        ("shards", "model.safetensors.index.json", DEEP, "not an index of shards"),
        ("bilm", "options.json", DEEP, "not the options of an ELMo"),
        ("openai", "params_shapes.json", DEEP, "not a list of shapes"),
        ("bert", "config.json", '"num_hidden_layers": 999999999', "'num_hidden_layers' should be at most"),
        ("bert", "config.json", '"vocab_size": 999999999999', "word_embeddings.weight has shape"),
        ("tokenizer.json", "config.json", '"pad_token_id": "x"', "'pad_token_id' should be a number"),
        ("bilm", "options.json", '"n_layers": 999999999', "no network has more than"),
        ("our ELMo", "config.json", '"n_lstm_layers": 999999999', "no network has more than"),
    ],
)
def test_json_that_lies(kind: str, name: str, content: str, message: str, tmp_path: Path) -> None:
    build(kind, tmp_path / "made")
    path = tmp_path / "made" / name
    if content != DEEP:
        key = content.split(":", maxsplit=1)[0]
        text = path.read_text(encoding="utf-8")
        assert key in text
        content = re.sub(f"{key}: *[^,}}\\s]+", content, text)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=message) as raised:
        load_network(tmp_path / "made")
    assert str(tmp_path / "made") in str(raised.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_mutated_folders(kind: str, tmp_path: Path) -> None:
    fates = damaged(kind, tmp_path, COUNT)
    assert fates.refused + fates.loaded == COUNT
    assert fates.refused > 0
    assert fates.loaded > 0
