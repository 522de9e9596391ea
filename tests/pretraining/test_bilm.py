"""ELMo's objective."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ctxemb.models.elmo import Elmo
from ctxemb.pretraining.bilm import BOUNDARY, UNKNOWN, BiLMObjective, word_vocabulary
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch
from ctxemb.text.sentence import Sentence
from tests.toys import lively, sentence, sentences, toy_network


def objective(corpus: Corpus, *, n_samples: int = 2048) -> BiLMObjective:
    network = toy_network("elmo", corpus)
    assert isinstance(network, Elmo)
    torch.manual_seed(1)
    made = BiLMObjective(network, word_vocabulary(corpus, size=1000, min_count=1), n_samples)
    lively(made.head)
    made.module.eval()
    return made


def batch_of(made: BiLMObjective, texts: list[Sentence]) -> Batch:
    (batch,) = made.batches([texts], 10**6, np.random.default_rng(0), 0.0)
    return batch


def test_word_vocabulary(toy_corpus: Corpus) -> None:
    words = word_vocabulary(toy_corpus, size=1000, min_count=1)
    assert words[:2] == [".", "the"]
    assert len(set(words)) == len(words) > 100
    counts = dict.fromkeys(words, 0)
    for document in toy_corpus.documents():
        for text in document:
            for word in text.words:
                counts[word] += 1
    assert words == sorted(words, key=lambda word: (-counts[word], word))
    assert word_vocabulary(toy_corpus, size=1000, min_count=3) == [
        word for word in words if counts[word] >= 3
    ]
    assert word_vocabulary(toy_corpus, size=7, min_count=1) == words[:7]


def test_targets(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    batch = batch_of(made, [sentence("the bank zzz the")])
    encoding, numbers = batch.data
    the, bank = made.numbers["the"], made.numbers["bank"]
    assert min(the, bank) > UNKNOWN
    assert numbers.tolist() == [BOUNDARY, the, bank, UNKNOWN, the, BOUNDARY]
    assert batch.n_words == encoding.n_words == 4


@torch.no_grad()
def test_loss_by_hand(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    texts = [sentence("the bank of the river zzz"), sentence("the spring"), sentence("the spring")]
    losses = made.losses(batch_of(made, texts))
    width = made.network.config.width
    directions: tuple[list[float], list[float]] = ([], [])
    for text in texts:
        goals = [BOUNDARY, *(made.numbers.get(word, UNKNOWN) for word in text.words), BOUNDARY]
        last = made.network(made.network.encode([text]))[-1]
        for direction, shift in ((0, 1), (1, -1)):
            for position, row in enumerate(last[:, direction * width : (direction + 1) * width]):
                if 0 <= position + shift < len(goals):
                    scores = made.head.words.weight @ row + made.head.bias
                    directions[direction].append(-scores.log_softmax(dim=0)[goals[position + shift]].item())
    forward, backward = (sum(parts) / len(parts) for parts in directions)
    assert len(directions[0]) == len(directions[1]) == (6 + 2 + 2) + 3
    assert losses["forward"].item() == pytest.approx(forward, abs=1e-5)
    assert losses["backward"].item() == pytest.approx(backward, abs=1e-5)
    assert losses["loss"].item() == pytest.approx((forward + backward) / 2, abs=1e-5)


def test_a_large_batch_is_scored_in_parts(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    context = torch.randn(2500, made.network.config.width)
    targets = torch.randint(made.n_words, (2500,))
    scores = context @ made.head.words.weight.T + made.head.bias
    expected = torch.nn.functional.cross_entropy(scores, targets)
    torch.testing.assert_close(made._full(context, targets), expected)


def test_a_new_model_guesses(toy_corpus: Corpus) -> None:
    torch.manual_seed(0)
    network = toy_network("elmo", toy_corpus)
    assert isinstance(network, Elmo)
    made = BiLMObjective(Elmo(network.config), word_vocabulary(toy_corpus, size=1000, min_count=1))
    made.module.eval()
    loss = made.losses(batch_of(made, sentences(5, 6, 7)))["loss"].item()
    assert loss == pytest.approx(math.log(made.n_words), rel=0.1)


def test_sampling_all_words_is_the_full_softmax(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus, n_samples=10_000)
    batch = batch_of(made, sentences(5, 9, 12))
    full = made.losses(batch)
    made.module.train()
    sampled = made.losses(batch)
    assert made.n_samples == made.n_words
    for name, loss in full.items():
        torch.testing.assert_close(sampled[name], loss)


@torch.no_grad()
def test_sampling_is_close_to_the_full_softmax(toy_corpus: Corpus) -> None:
    # A partition function is the sum of its parts' expectations, whatever words are drawn.
    made = objective(toy_corpus, n_samples=60)
    assert made.n_words > 120
    batch = batch_of(made, sentences(12))
    full = made.losses(batch)["loss"].item()
    made.module.train()
    torch.manual_seed(0)
    drawn = [made.losses(batch)["loss"].item() for _ in range(300)]
    assert np.std(drawn) > 0
    assert np.mean(drawn) == pytest.approx(full, rel=0.05)


def test_chances_to_be_drawn(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus, n_samples=30)
    assert made.probabilities.sum().item() == pytest.approx(1)
    assert (made.probabilities.diff() < 0).all()
    assert made.chances.sum().item() == pytest.approx(30)
    torch.manual_seed(0)
    counts = torch.zeros(made.n_words)
    for _ in range(4000):
        counts[torch.multinomial(made.probabilities, 30, replacement=False)] += 1
    torch.testing.assert_close(counts / 4000, made.chances.float(), rtol=0, atol=0.035)


def test_batches_hold_every_sentence_once_in_similar_lengths(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    documents = list(toy_corpus.documents())
    batches = list(made.batches(documents, 60, np.random.default_rng(0), 0.0))
    assert sum(batch.n_words for batch in batches) == sum(len(text) for doc in documents for text in doc)
    assert len(batches) > 4
    for batch in batches:
        lengths = batch.data[0].lengths
        assert int(lengths.max() - lengths.min()) <= 3
    sizes = [batch.n_words for batch in batches]
    others = list(made.batches(documents, 60, np.random.default_rng(1), 0.0))
    assert [batch.n_words for batch in others] != sizes  # another order


def test_gradients_reach_every_weight(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus, n_samples=20)
    made.module.train()
    made.losses(batch_of(made, sentences(*range(2, 12))))["loss"].backward()
    for name, weight in made.module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
