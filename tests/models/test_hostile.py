"""Hostile files: no code is run, nothing but our errors comes out, and nothing is half-loaded."""

from __future__ import annotations

import os
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ctxemb.errors import CtxembError, FormatError
from ctxemb.models.checkpoints import load_network
from ctxemb.models.elmo import Elmo
from ctxemb.models.formats.bilm import write_elmo
from ctxemb.pretraining.corpus import Corpus
from tests.checkpoints.hugging_face import as_bin, as_safetensors, as_shards, reference, write_tokenizer
from tests.models.test_openai import folder as openai_folder  # noqa: F401
from tests.toys import sentences, toy_network

COUNT = int(os.environ.get("CTXEMB_FUZZ", "60"))
"""Mutated folders of each format."""


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


@pytest.fixture(params=["bert", "gpt2", "shards", "bin", "bilm", "openai"])
def healthy(request: pytest.FixtureRequest, tmp_path: Path, toy_corpus: Corpus) -> Path:
    """Return a folder of each format."""
    kind: str = request.param
    if kind == "openai":
        found: Path = request.getfixturevalue("openai_folder")
        return found
    folder = tmp_path / "healthy"
    folder.mkdir()
    if kind == "bilm":
        pytest.importorskip("h5py")
        network = toy_network("elmo", toy_corpus)
        assert isinstance(network, Elmo)
        write_elmo(network, folder)
        return folder
    architecture = kind if kind == "gpt2" else "bert"
    write_tokenizer(architecture, folder)
    {"shards": as_shards, "bin": as_bin}.get(kind, as_safetensors)(reference(architecture, 400), folder)
    return folder


def mutate(path: Path, generator: random.Random) -> None:
    """Damage a file: flip bytes, cut it, repeat or drop a part, or write nonsense over a part."""
    content = bytearray(path.read_bytes())
    near = generator.choice((64, 4096, max(1, len(content))))
    place = generator.randrange(min(near, max(1, len(content))))
    size = generator.choice((1, 2, 8, 200))
    kind = generator.randrange(5)
    if kind == 0:
        for _ in range(size):
            spot = generator.randrange(len(content)) if generator.random() < 0.3 else place
            content[min(spot, len(content) - 1)] = generator.randrange(256)
    elif kind == 1:
        del content[place:]
    elif kind == 2:
        del content[place : place + size]
    elif kind == 3:
        content[place:place] = content[place : place + size]
    else:
        content[place : place + size] = generator.randbytes(size)
    path.write_bytes(bytes(content))


@torch.no_grad()
def test_mutated_folders(healthy: Path, tmp_path: Path) -> None:
    generator = random.Random(0)
    refused = 0
    for number in range(COUNT):
        folder = tmp_path / "mutated"
        shutil.copytree(healthy, folder)
        mutate(generator.choice(sorted(path for path in folder.iterdir() if path.is_file())), generator)
        try:
            network = load_network(folder)
        except CtxembError as error:
            refused += 1
            assert str(folder) in str(error), number
        else:
            layers = network(network.encode(sentences(3)))
            assert layers.shape[0] == network.n_layers
        shutil.rmtree(folder)
    assert 0 < refused < COUNT
