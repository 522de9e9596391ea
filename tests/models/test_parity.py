"""Checkpoints that `transformers` writes give its pieces and its hidden states."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers

from ctxemb.models.checkpoints import load_network, save_network
from ctxemb.text.sentence import Sentence
from tests.checkpoints.hugging_face import (
    KINDS,
    TOLERANCE,
    WRITERS,
    Write,
    as_safetensors,
    difference,
    misaligned,
    odd_sentences,
    reference,
    reference_tokenizer,
    their_layers,
    write_tokenizer,
)
from tests.toys import sentences


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states(kind: str, write: Write, tmp_path: Path) -> None:
    assert difference(kind, write, tmp_path) <= TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_and_words(kind: str, tmp_path: Path) -> None:
    assert not misaligned(kind, tmp_path, odd_sentences(2000))


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_what_we_save_they_read(kind: str, tmp_path: Path) -> None:
    source, target = tmp_path / "theirs", tmp_path / "ours"
    source.mkdir()
    write_tokenizer(kind, source)
    model = reference(kind, len(reference_tokenizer(kind, source)))
    as_safetensors(model, source)
    network = load_network(source)
    save_network(network, target, dtype=torch.float32)
    again = load_network(target)
    assert again.config == network.config
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    back = transformers.AutoModel.from_pretrained(target, attn_implementation="eager").eval()
    pieces = again.encode(sentences(9)).pieces
    torch.testing.assert_close(
        torch.stack([layer[0] for layer in back(pieces[None], output_hidden_states=True).hidden_states]),
        their_layers(model, pieces),
        rtol=0,
        atol=TOLERANCE,
    )
    words = ["The", "old", "man", "sat", "by", "the", "bank", "."]
    tokenizer = transformers.AutoTokenizer.from_pretrained(target)
    encoded = tokenizer(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert encoded == [p for word in again.tokenizer.pieces([Sentence(tuple(words))])[0] for p in word]
