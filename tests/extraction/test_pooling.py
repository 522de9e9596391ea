"""Pieces into words and sentences, against the slow and obvious way."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.extraction.pooling import POOLS, UNITS, Pool, Unit, pool_pieces
from ctxemb.models import load
from ctxemb.models.encoding import Encoding, pack
from tests.toys import sentences


def slowly(layers: Tensor, batch: Encoding, pool: Pool, unit: Unit) -> Tensor:
    """Collect each word's pieces in the order of the text; windows may lie in any order."""
    if pool == "cls":
        return torch.stack([layers[:, _window_of(batch, int(word))] for word in batch.offsets[:-1]], dim=1)
    of_words: list[list[Tensor]] = [[] for _ in range(batch.n_words)]
    for piece, word in enumerate(batch.words.tolist()):
        if word >= 0:
            of_words[word].append(layers[:, piece])
    groups = of_words
    if unit == "sentence":
        borders = batch.offsets.tolist()
        groups = [
            [piece for word in of_words[start:stop] for piece in word] for start, stop in pairwise(borders)
        ]
    choose = {
        "max": lambda x: torch.stack(x).amax(dim=0),
        "mean": lambda x: sum(x) / len(x),
        "first": lambda x: x[0],
        "last": lambda x: x[-1],
    }[pool]
    return torch.stack([choose(group) for group in groups], dim=1)


def _window_of(batch: Encoding, word: int) -> int:
    """Return where the window begins that holds the first piece of a word."""
    piece = batch.words.tolist().index(word)
    return max(start for start in batch.windows.tolist() if start <= piece)


def random_batch(max_pieces: int | None, *, causal: bool) -> Encoding:
    generator = torch.Generator().manual_seed(0)
    sizes = torch.randint(1, 4, (9, 12), generator=generator).tolist()
    texts = [[tuple(range(size)) for size in row[: 2 + 3 * number % 11]] for number, row in enumerate(sizes)]
    return pack(texts, prefix=(7,), suffix=(8, 8), max_pieces=max_pieces, causal=causal)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(("max_pieces", "causal"), [(None, False), (8, False), (9, True)])
def test_against_the_slow_way(max_pieces: int | None, causal: bool, pool: Pool, unit: Unit) -> None:
    if (pool, unit) == ("cls", "word"):
        pytest.skip("a word has no special piece")
    batch = random_batch(max_pieces, causal=causal)
    layers = torch.randn(
        3, len(batch.pieces), 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    found = pool_pieces(layers, batch, pool, unit)
    assert found.shape == (3, batch.n_words if unit == "word" else batch.n_sentences, 5)
    torch.testing.assert_close(found, slowly(layers, batch, pool, unit))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("family", ["elmo", "gpt", "bert"])
def test_models_against_the_slow_way(
    toy_folders: dict[str, Path], family: str, pool: Pool, unit: Unit
) -> None:
    model = load(str(toy_folders[family]))
    batch = model.encode(sentences(3, 40, 1, 17))
    if pool == "cls" and (unit == "word" or batch.words[0] >= 0):
        with pytest.raises(InputError, match="'cls'"):
            pool_pieces(model(batch), batch, pool, unit)
        return
    layers = model(batch)
    torch.testing.assert_close(pool_pieces(layers, batch, pool, unit), slowly(layers, batch, pool, unit))


@pytest.mark.parametrize("pool", [pool for pool in POOLS if pool != "cls"])
def test_words_of_one_piece_are_that_piece(pool: Pool) -> None:
    batch = pack([[(1,), (2,)], [(3,)]], prefix=(0,))
    layers = torch.randn(2, len(batch.pieces), 4)
    assert torch.equal(pool_pieces(layers, batch, pool, "word"), layers[:, [3, 4, 1]])


def test_a_mean_over_a_sentence_weighs_pieces_alike() -> None:
    batch = pack([[(1,), (2, 3, 4)]])
    layers = torch.tensor([[[4.0], [0.0], [0.0], [0.0]]])
    assert pool_pieces(layers, batch, "mean", "sentence").tolist() == [[[1.0]]]
