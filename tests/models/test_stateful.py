"""ELMo with carried states, against AllenNLP's stateful encoder around its LSTM cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp_light.modules.encoder_base import _EncoderBase
from torch import Tensor
from torch.nn.utils.rnn import pad_packed_sequence, pad_sequence

from ctxemb.errors import InputError
from ctxemb.extraction import embed, embed_to_store
from ctxemb.extraction.embed import STATEFUL_SENTENCES
from ctxemb.extraction.embedder import load_embedder
from ctxemb.models import ContextualModel, load, save
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import VectorStore
from tests.checkpoints.bilm import Reference, data_sets, write
from tests.toys import sentences

h5py = pytest.importorskip("h5py")

BATCHES = ((4, 1, 7, 7), (2, 9, 3, 1, 5, 5), (6, 2), (1, 1, 8, 3, 3, 2, 11), (5, 4, 4))


class StatefulReference(_EncoderBase):
    """The LSTMs of a `Reference` in AllenNLP's base of encoders, which sorts rows and keeps states."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(stateful=True)
        self.reference = reference

    def forward(self, words: list[Tensor]) -> list[Tensor]:
        """Return (3, n_words, 2 * WIDTH) of each sentence, given as (n_words, WIDTH)."""
        inputs = pad_sequence(words, batch_first=True)
        mask = pad_sequence([torch.ones(len(rows), dtype=torch.bool) for rows in words], batch_first=True)
        stacked, final, back = self.sort_and_run_forward(self._run, inputs, mask)
        self._update_states(final, back)
        found = stacked.index_select(1, back)  # (3, n_sentences, longest, 2 * WIDTH)
        return [found[:, number, : len(rows)] for number, rows in enumerate(words)]

    def _run(self, packed: Any, initial: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        inputs, lengths = pad_packed_sequence(packed, batch_first=True)
        current = [inputs, inputs]
        layers, states, cells = [torch.cat(current, dim=-1)], [], []
        for layer in range(2):
            ended = []
            for direction in range(2):
                begun = None
                if initial is not None:  # both directions side by side, as AllenNLP's ElmoLstm keeps them
                    begun = tuple(part[layer : layer + 1].chunk(2, dim=-1)[direction] for part in initial)
                cell = self.reference.cells[direction][layer]
                out, final = cell(current[direction], lengths.tolist(), begun)
                current[direction] = out + current[direction] if layer else out
                ended.append(final)
            layers.append(torch.cat(current, dim=-1))
            states.append(torch.cat([ended[0][0], ended[1][0]], dim=-1))
            cells.append(torch.cat([ended[0][1], ended[1][1]], dim=-1))
        return torch.stack(layers), (torch.cat(states), torch.cat(cells))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    write(folder)
    return folder


def by_sentence(model: ContextualModel, texts: list[Sentence]) -> list[Tensor]:
    """Return (n_layers, n_words, width) of each sentence."""
    batch = model.encode(texts)
    layers = model(batch)
    rows = torch.stack([layers[:, batch.words == word][:, 0] for word in range(batch.n_words)], dim=1)
    return [rows[:, a:b] for a, b in zip(batch.offsets[:-1], batch.offsets[1:], strict=True)]


def spelled(model: ContextualModel, text: Sentence) -> Tensor:
    batch = model.encode([text])
    assert batch.spellings is not None
    return batch.spellings[batch.pieces]


def test_layers_equal_the_reference_over_batches(folder: Path) -> None:
    model, clean = load(f"stateful:{folder}"), load(str(folder))
    with torch.no_grad():
        reference = Reference(data_sets())
        carried = StatefulReference(reference)
    carried_on = 0.0
    for lengths in BATCHES:
        texts = sentences(*lengths)
        ours = by_sentence(model, texts)
        with torch.no_grad():
            words = [reference(spelled(clean, text))[0, :, : ours[0].shape[2] // 2] for text in texts]
            theirs = carried(words)
        for mine, expected in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, expected[:, 1:-1], rtol=0, atol=1e-5)
        for mine, other in zip(ours, by_sentence(clean, texts), strict=True):
            carried_on = max(carried_on, float((mine - other).abs().max()))
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
    embed_to_store(model, texts, tmp_path / "store", source=f"stateful:{folder}", dtype="float32")
    meta = VectorStore.open(tmp_path / "store").meta
    assert meta.fingerprint == model.fingerprint
    assert (meta.model, meta.source) == ("published@stateful", f"stateful:{folder}")
