"""What `import ctxemb` offers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ctxemb
from ctxemb.extraction.embedder import Embedder, load_embedder
from ctxemb.extraction.vectorizer import ContextualVectorizer
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import WordVectors


def test_names() -> None:
    assert dir(ctxemb) == sorted(ctxemb.__all__)
    assert ctxemb.load is load_embedder
    assert ctxemb.ContextualVectorizer is ContextualVectorizer
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", ctxemb.__version__)
    for name in ctxemb.__all__:
        assert getattr(ctxemb, name) is not None


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'ctxemb' has no attribute 'lode'"):
        _ = ctxemb.lode


@pytest.mark.parametrize("family", ["elmo", "gpt", "bert"])
def test_two_lines_to_word_vectors(family: str, toy_folders: dict[str, Path]) -> None:
    model = ctxemb.load(str(toy_folders[family]))
    vectors = model.embed(["I sat by the bank.", Sentence(("The", "bank", "opened", "."))])
    assert isinstance(model, Embedder)
    assert isinstance(vectors, WordVectors)
    assert len(vectors) == 2
    assert vectors.values.shape == (model.n_layers, 10, model.width)
    assert vectors.sentence(1).shape == (model.n_layers, 4, model.width)
