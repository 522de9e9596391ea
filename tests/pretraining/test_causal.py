"""GPT's objective."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus, Document
from ctxemb.pretraining.running import RunningText
from tests.toys import sentence, targets_of, toy_network


@pytest.fixture
def objective(toy_corpus: Corpus) -> CausalObjective:
    network = toy_network("gpt", toy_corpus)
    assert isinstance(network, Gpt)
    return CausalObjective(network)


def running_text(objective: CausalObjective, documents: list[Document]) -> list[int]:
    pieces = []
    for document in documents:
        pieces.append(objective.start)
        for words in objective.network.tokenizer.pieces(document):
            pieces.extend(piece for word in words for piece in word)
    return pieces


def test_windows_hold_the_running_text_in_order(objective: CausalObjective, toy_corpus: Corpus) -> None:
    documents = list(toy_corpus.documents())
    windows, n_words = objective.windows(RunningText.of(documents))
    pieces = running_text(objective, documents)
    assert windows.shape == (len(pieces) // 15, 16)
    assert (windows[:, 0] == objective.start).all()
    text = windows[:, 1:].reshape(-1).tolist()
    assert text == pieces[: len(text)]
    assert len(pieces) - len(text) < 15
    assert 0 <= sum(len(text) for document in documents for text in document) - n_words.sum() < 15


def test_words_are_counted_where_they_begin(objective: CausalObjective) -> None:
    # A document begins with a start piece, and "the" and "bank" are one piece each.
    documents = [[sentence("the bank")], [sentence("the bank")]] * 5 + [[sentence("river")] * 10]
    windows, n_words = objective.windows(RunningText.of(documents))
    assert windows[0].tolist().count(objective.start) == 1 + 5
    assert n_words[0] == 10
    assert n_words.sum() <= 2 * 10 + 10


@torch.no_grad()
def test_loss_by_hand(objective: CausalObjective, toy_corpus: Corpus) -> None:
    windows, _ = objective.windows(RunningText.of(list(toy_corpus.documents())))
    windows = windows[:3]
    loss = objective.losses(objective.collate(windows, 0))["next_piece"].item() / (3 * 15)
    network = objective.network
    surprises = []
    for window in windows:
        # One prediction at a time, from what is to the left of it alone.
        for position in range(1, 16):
            x = network.pieces.weight[window[:position]] + network.positions.weight[:position]
            for block in network.blocks:
                x = block(x, [(1, position)])
            scores = network.pieces.weight @ network.norm(x)[-1]
            surprises.append(-scores.log_softmax(dim=0)[window[position]].item())
    assert loss == pytest.approx(sum(surprises) / len(surprises), rel=1e-5)
    assert len(surprises) == 3 * 15


def test_batches_hold_every_window_once(objective: CausalObjective, toy_corpus: Corpus) -> None:
    documents = list(toy_corpus.documents())
    windows, n_words = objective.windows(RunningText.of(documents))
    batches = list(objective.batches(RunningText.of(documents), 50, np.random.default_rng(0)))
    rows = [tuple(row) for batch in batches for row in batch.encoding.pieces.view(-1, 16).tolist()]
    assert rows != [tuple(row) for row in windows.tolist()]  # shuffled
    assert sorted(rows) == sorted(tuple(row) for row in windows.tolist())
    assert sum(batch.n_words for batch in batches) == n_words.sum()
    assert len(batches) > 3


def test_targets_are_the_next_pieces(objective: CausalObjective) -> None:
    batch = objective.collate(np.array([[1, 5, 6], [1, 7, 8]]), 4)
    assert batch.encoding.pieces.tolist() == [1, 5, 6, 1, 7, 8]
    assert batch.encoding.windows.tolist() == [0, 3, 6]
    assert targets_of(batch, "next_piece") == [5, 6, None, 7, 8, None]
    assert batch.counts() == {"next_piece": 4}


def test_the_whole_text_is_predicted_once(objective: CausalObjective, toy_corpus: Corpus) -> None:
    documents = list(toy_corpus.documents())
    targets = torch.cat([batch.targets["next_piece"].values for batch in objective.whole(documents)])
    assert targets.tolist() == running_text(objective, documents)
    n_words = sum(batch.n_words for batch in objective.whole(documents))
    assert n_words == sum(len(text) for document in documents for text in document)


def test_too_little_text_for_a_window(objective: CausalObjective) -> None:
    documents = [[sentence("the bank")]]
    windows, _ = objective.windows(RunningText.of(documents))
    assert windows.shape == (0, 16)
    assert list(objective.batches(RunningText.of(documents), 50, np.random.default_rng(0))) == []


def test_a_start_piece_is_needed(toy_corpus: Corpus) -> None:
    network = toy_network("gpt-post", toy_corpus)
    assert isinstance(network, Gpt)
    with pytest.raises(ValueError, match="needs a start piece"):
        CausalObjective(network)


def test_embedding_reads_windows_as_training_does(objective: CausalObjective) -> None:
    encoding = objective.network.encode([sentence("the bank of the river")])
    windows, _ = objective.windows(RunningText.of([[sentence("the bank of the river")] * 20]))
    length = len(encoding.pieces)
    assert windows[0, 1 : length + 1].tolist() == encoding.pieces.tolist()
    assert dataclasses.astuple(objective.network.config)[0] == len(objective.network.tokenizer)
