"""Batch after batch, from any place on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.stream import Position, ahead, stream
from tests.toys import toy_network


def test_the_stream_goes_on_from_every_position(toy_corpus: Corpus) -> None:
    network = toy_network("gpt", toy_corpus)
    assert isinstance(network, Gpt)
    objective = CausalObjective(network)
    corpus = Corpus(toy_corpus.paths, chunk_words=150)

    def batches(start: Position, count: int) -> list[tuple[list[int], Position]]:
        found = islice(stream(objective, corpus, 0, 40, 1000, start), count)
        return [(batch.encoding.pieces.tolist(), position) for batch, position in found]

    whole = batches(Position(), 40)
    assert whole[-1][1].epoch >= 2
    assert len({position.chunk for _, position in whole}) >= 2
    for number, (_, position) in enumerate(whole[:-1]):
        assert batches(position, 39 - number) == whole[number + 1 :]


def test_ahead_keeps_the_order_and_the_error() -> None:
    def numbers() -> Iterator[int]:
        yield from range(5)
        raise ValueError("no more")

    seen = []
    with pytest.raises(ValueError, match="no more"):
        for number in ahead(numbers()):
            seen.append(number)  # noqa: PERF402
    assert seen == [0, 1, 2, 3, 4]
    assert list(ahead(iter(range(3)))) == [0, 1, 2]
    assert list(ahead(iter(()))) == []
