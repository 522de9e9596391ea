"""Batch after batch, from any place on."""

from __future__ import annotations

from itertools import islice

import pytest

from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import Prepared
from ctxemb.pretraining.stream import Position, Source, stream
from tests.toys import toy_network


@pytest.fixture
def source(toy_corpus: Corpus, toy_prepared: Prepared) -> Source:
    network = toy_network("gpt", toy_corpus)
    assert isinstance(network, Gpt)
    plan = TrainingPlan(max_words=1000, batch_words=60, ramp=0.5)
    return Source(CausalObjective(network), toy_prepared, plan)


def batches(
    source: Source, start: Position, count: int, workers: int = 0
) -> list[tuple[list[int], Position]]:
    some = islice(stream(source, start, workers=workers), count)
    return [(batch.encoding.pieces.tolist(), position) for batch, position in some]


def test_the_stream_goes_on_from_every_position(source: Source) -> None:
    whole = batches(source, Position(), 40)
    assert whole[-1][1].chunk >= 2 * source.corpus.n_chunks
    for number, (_, position) in enumerate(whole[:-1]):
        assert batches(source, position, 39 - number) == whole[number + 1 :]


def test_processes_make_the_same_batches(source: Source) -> None:
    assert batches(source, Position(1, 1), 25, workers=2) == batches(source, Position(1, 1), 25)


def test_passes_differ(source: Source) -> None:
    n_chunks = source.corpus.n_chunks
    first, second = (
        [batch.encoding.pieces.tolist() for batch in source.batches(number)] for number in (0, n_chunks)
    )
    assert first != second
