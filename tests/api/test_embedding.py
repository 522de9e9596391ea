"""Streams of texts to batches of vectors, and to a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ctxemb
from ctxemb.errors import InputError


def test_batches_are_made_as_they_are_asked_for(toy_folders: dict[str, Path]) -> None:
    drawn: list[int] = []

    def texts() -> Iterator[str]:
        for number in range(5):
            drawn.append(number)
            yield f"number {number} ."

    batches = ctxemb.embed(texts(), str(toy_folders["gpt"]), batch_sentences=2)
    first = next(batches)
    assert drawn == [0, 1]
    sizes = [len(first), *(len(batch) for batch in batches)]
    assert sizes == [2, 2, 1]
    whole = ctxemb.load(str(toy_folders["gpt"])).embed([f"number {number} ." for number in range(5)])
    np.testing.assert_allclose(first.values, whole.values[:, : first.values.shape[1]], rtol=1e-5, atol=1e-6)


def test_a_store(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    texts = ["I sat by the bank .", ["a", "b"]]
    store = ctxemb.embed_into(tmp_path / "store", texts, str(toy_folders["bert"]), layers=[-1])
    assert (store.n_sentences, store.n_words) == (2, 8)
    with pytest.raises(InputError, match="has no words"):
        list(ctxemb.embed(["  "], str(toy_folders["bert"])))
