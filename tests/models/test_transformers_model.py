"""Other architectures of `transformers` keep the promises of a model."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.models import ContextualModel, load, save
from ctxemb.text.sentence import Sentence
from tests.checkpoints.others import KINDS, difference, write, write_folder
from tests.toys import STRANGE_WORDS, sentences


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    return write(request.param, tmp_path_factory.mktemp("wrapped") / request.param)


def vectors(model: ContextualModel, texts: list[Sentence]) -> list[Tensor]:
    batch = model.encode(texts)
    layers = model(batch)
    rows = torch.stack([layers[:, batch.words == word].mean(dim=1) for word in range(batch.n_words)], dim=1)
    return [rows[:, a:b] for a, b in zip(batch.offsets[:-1], batch.offsets[1:], strict=True)]


def test_layers_are_the_hidden_states(made: tuple[Path, Any]) -> None:
    path, _ = made
    model = load(str(path))
    assert (model.name, model.family) == (path.stem, "qwen2" if path.suffix else path.name)
    assert (model.n_layers, model.width) == (3, 24)
    assert difference(*made) <= 1e-5


def test_a_vector_does_not_depend_on_the_batch(made: tuple[Path, Any]) -> None:
    model = load(str(made[0]))
    texts = sentences(4, 1, 40, 4, 9)
    for text, found in zip(texts, vectors(model, texts), strict=True):
        torch.testing.assert_close(found, vectors(model, [text])[0], rtol=0, atol=1e-5)


def test_every_word_gets_a_vector(made: tuple[Path, Any]) -> None:
    model = load(str(made[0]))
    words = [word for word in STRANGE_WORDS if len(word) < 1000]
    (found,) = vectors(model, [Sentence(tuple(words))])
    assert found.shape == (3, len(words), 24)
    assert torch.isfinite(found).all()


def test_special_pieces(tmp_path: Path) -> None:
    write_folder("electra", tmp_path / "electra")
    model = load(str(tmp_path / "electra"))
    batch = model.encode([Sentence(("the", "bank"))])
    assert batch.words[0] == batch.words[-1] == -1  # [CLS] and [SEP]
    with pytest.raises(InputError, match="a model of transformers, which saves it itself"):
        save(model, tmp_path / "saved")


def test_random_twins(made: tuple[Path, Any]) -> None:
    texts = sentences(3)
    trained, one, same, other = (load(str(made[0]), seed) for seed in (None, 1, 1, 2))
    assert torch.equal(vectors(one, texts)[0], vectors(same, texts)[0])
    assert not torch.equal(vectors(one, texts)[0], vectors(other, texts)[0])
    assert len({model.fingerprint for model in (trained, one, other)}) == 3


def test_without_transformers(made: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingFileError, match=r"pip install 'ctxemb\[hf\]'"):
        load(str(made[0]))


def test_what_transformers_cannot_load(tmp_path: Path) -> None:
    write_folder("electra", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(FormatError, match="transformers cannot load this model"):
        load(str(tmp_path))


def test_gguf_by_its_folder(tmp_path: Path) -> None:
    path, _ = write("gguf", tmp_path / "small.gguf")  # a folder may be called so, too
    by_file, by_folder = load(str(path)), load(str(path.parent))
    assert (by_file.name, by_folder.name) == ("tiny", "small.gguf")
    assert by_file.fingerprint == by_folder.fingerprint
    path.with_name("other.gguf").write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"holds 2 files \*\.gguf; name one of them: --model .*other\.gguf"):
        load(str(path.parent))


def test_a_damaged_gguf_file(tmp_path: Path) -> None:
    path, _ = write("gguf", tmp_path / "made")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FormatError, match=r"tiny\.gguf: transformers cannot load this model"):
        load(str(path))


def test_without_gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = write("gguf", tmp_path / "made")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gguf" else find(name))
    with pytest.raises(MissingFileError, match=r"need gguf: pip install 'ctxemb\[hf\]'"):
        load(str(path))
