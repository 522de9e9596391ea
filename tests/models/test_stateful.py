"""ELMo with carried states, against AllenNLP's stateful encoder around its LSTM cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.extraction import embed, embed_to_store
from ctxemb.extraction.embed import STATEFUL_SENTENCES
from ctxemb.extraction.embedder import load_embedder
from ctxemb.models import ContextualModel, load, save
from ctxemb.vectors import VectorStore
from tests.checkpoints.bilm import write
from tests.checkpoints.stateful import by_sentence, difference
from tests.toys import sentences


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    write(folder)
    return folder


def test_layers_equal_the_reference_over_batches(tmp_path: Path) -> None:
    found, carried_on = difference(tmp_path)
    assert found <= 1e-5
    assert carried_on > 0.1


def test_the_first_batch_begins_with_clean_states(folder: Path) -> None:
    model, clean = load(f"stateful:{folder}"), load(str(folder))
    texts = sentences(4, 1, 7)
    first, again, expected = by_sentence(model, texts), by_sentence(model, texts), by_sentence(clean, texts)
    for one, other in zip(first, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    assert (first[0] - again[0]).abs().max() > 0.01
    model.reset()
    assert all(torch.equal(one, other) for one, other in zip(by_sentence(model, texts), first, strict=True))


def test_names_tell(folder: Path) -> None:
    model, clean = load(f"stateful:{folder}"), load(str(folder))
    assert (model.name, clean.name) == ("published@stateful", "published")
    assert (model.stateful, clean.stateful) == (True, False)
    assert model.fingerprint == f"stateful-{clean.fingerprint}"
    assert load(f"stateful:{folder}", 1).name == "published@stateful@random"
    assert load(f"static:stateful:{folder}").name == "published@stateful@static"
    assert isinstance(model, ContextualModel)


def test_only_elmo_has_states(toy_folders: dict[str, Path], folder: Path, tmp_path: Path) -> None:
    for toy in ("gpt", "bert"):
        with pytest.raises(InputError, match=f"toy-{toy}@stateful has no states to carry; only ELMo has"):
            load(f"stateful:{toy_folders[toy]}")
    with pytest.raises(InputError, match="save the model it is made from"):
        save(load(f"stateful:{folder}"), tmp_path / "saved")


def test_embed_keeps_the_order(folder: Path) -> None:
    lengths = np.random.default_rng(0).integers(1, 12, 2 * STATEFUL_SENTENCES + 5).tolist()
    texts = sentences(*lengths)
    found = embed(load(f"stateful:{folder}"), texts)
    model = load(f"stateful:{folder}")
    expected: list[Tensor] = []
    for start in range(0, len(texts), STATEFUL_SENTENCES):
        expected += by_sentence(model, texts[start : start + STATEFUL_SENTENCES])
    np.testing.assert_array_equal(found.values, torch.cat(expected, dim=1).numpy())
    embedder = load_embedder(f"stateful:{folder}")
    for _ in range(2):  # each time from clean states
        np.testing.assert_array_equal(embedder.embed(texts).values, found.values)
    moved = embed(load(f"stateful:{folder}"), texts[::-1]).values[:, -lengths[0] :]
    assert np.abs(moved - found.values[:, : lengths[0]]).max() > 0.01


def test_a_store_tells(folder: Path, tmp_path: Path) -> None:
    texts = sentences(*[3] * 40)
    model = load(f"stateful:{folder}")
    embed_to_store(model, texts, tmp_path / "store", source=f"stateful:{folder}", store_dtype="float32")
    meta = VectorStore.open(tmp_path / "store").meta
    assert meta.fingerprint == model.fingerprint
    assert (meta.model, meta.source) == ("published@stateful", f"stateful:{folder}")
