"""The model as a user holds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxemb.errors import InputError
from ctxemb.extraction.embed import embed
from ctxemb.extraction.embedder import Embedder, as_sentences, load_embedder
from ctxemb.models import ContextualModel, load
from ctxemb.text.sentence import Sentence


@pytest.fixture
def embedder(toy_folders: dict[str, Path]) -> Embedder:
    return load_embedder(str(toy_folders["bert"]))


def test_texts_in_all_forms(embedder: Embedder) -> None:
    words = ("The", "old", "man", "sat", ".")
    found = embedder.embed(["The old man sat.", list(words), words, Sentence(words)])
    assert found.offsets.tolist() == [0, 5, 10, 15, 20]
    for number in range(1, 4):
        np.testing.assert_allclose(found.sentence(number), found.sentence(0), rtol=0, atol=1e-6)


def test_options_are_passed_on(embedder: Embedder) -> None:
    text = "The children found a spring."
    found = embedder.embed([text], layers=[1], pool="last", unit="sentence")
    expected = embed(embedder.model, as_sentences([text]), layers=[1], pool="last", unit="sentence")
    np.testing.assert_array_equal(found.values, expected.values)


def test_is_a_model(embedder: Embedder, toy_folders: dict[str, Path]) -> None:
    model = load(str(toy_folders["bert"]))
    assert isinstance(embedder, ContextualModel)
    for name in ("name", "family", "n_layers", "width", "n_parameters", "fingerprint"):
        assert getattr(embedder, name) == getattr(model, name)
    texts = as_sentences(["The bank."])
    np.testing.assert_array_equal(embed(embedder, texts).values, embed(model, texts).values)
    assert repr(embedder) == "<toy-bert: bert, 3 layers of width 16>"


def test_random_weights(toy_folders: dict[str, Path]) -> None:
    assert load_embedder(str(toy_folders["gpt"]), random_init=1).name == "toy-gpt@random"


def test_texts_that_are_none(embedder: Embedder) -> None:
    with pytest.raises(TypeError, match=r"found a single string; write \[text\]"):
        embedder.embed("The bank.")
    with pytest.raises(InputError, match=r"sentence 1 \(counted from 0\) has no words"):
        embedder.embed(["The bank.", "  "])
    with pytest.raises(InputError, match=r"sentence 0 \(counted from 0\) has no words"):
        embedder.embed([[]])
    with pytest.raises(InputError, match="a word is an empty string, at position 1"):
        embedder.embed([["the", ""]])
    with pytest.raises(InputError, match="no sentences to embed"):
        embedder.embed([])
