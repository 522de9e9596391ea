"""ELMo's objective."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ctxemb.models.elmo import Elmo
from ctxemb.pretraining.bilm import BOUNDARY, UNKNOWN, BiLMObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch, mean_losses, total_loss
from ctxemb.pretraining.running import RunningText
from ctxemb.text.sentence import Sentence
from tests.toys import counts_of, lively, sentence, sentences, targets_of, toy_network


def objective(corpus: Corpus, *, n_samples: int = 2048) -> BiLMObjective:
    network = toy_network("elmo", corpus)
    assert isinstance(network, Elmo)
    torch.manual_seed(1)
    made = BiLMObjective(network, counts_of(corpus), size=1000, min_count=1, n_samples=n_samples)
    lively(made.head)
    made.module.eval()
    return made


def batch_of(made: BiLMObjective, texts: list[Sentence]) -> Batch:
    (batch,) = made.batches(RunningText.of([texts]), 10**6, np.random.default_rng(0))
    return batch


def losses_of(made: BiLMObjective, batch: Batch) -> dict[str, float]:
    sums = {name: total.item() for name, total in made.losses(batch).items()}
    return mean_losses(made, sums, batch.counts())


def test_the_softmax_knows_frequent_words(toy_corpus: Corpus) -> None:
    counts = counts_of(toy_corpus)
    network = objective(toy_corpus).network
    made = BiLMObjective(network, counts, size=1000, min_count=3)
    assert list(made.numbers) == [word for word in counts if counts[word] >= 3]
    assert list(BiLMObjective(network, counts, size=7, min_count=1).numbers) == list(counts)[:7]
    assert made.numbers.keys() | made.unknown.keys() == counts.keys()
    assert not made.numbers.keys() & made.unknown.keys()


def test_targets(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    batch = batch_of(made, [sentence("the bank zzz the")])
    the, bank = made.numbers["the"], made.numbers["bank"]
    assert min(the, bank) > UNKNOWN
    assert targets_of(batch, "forward") == [the, bank, UNKNOWN, the, BOUNDARY, None]
    assert targets_of(batch, "backward") == [None, BOUNDARY, the, bank, UNKNOWN, the]
    assert batch.n_words == batch.encoding.n_words == 4
    assert batch.counts() == {"forward": 5, "backward": 5}


@torch.no_grad()
def test_loss_by_hand(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    texts = [sentence("the bank of the river zzz"), sentence("the spring"), sentence("the spring")]
    losses = losses_of(made, batch_of(made, texts))
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
    assert losses["forward"] == pytest.approx(forward, abs=1e-5)
    assert losses["backward"] == pytest.approx(backward, abs=1e-5)
    assert losses["loss"] == pytest.approx((forward + backward) / 2, abs=1e-5)


def test_a_large_batch_is_scored_in_parts(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    context = torch.randn(2500, made.network.config.width)
    targets = torch.randint(made.n_words, (2500,))
    scores = context @ made.head.words.weight.T + made.head.bias
    expected = torch.nn.functional.cross_entropy(scores, targets, reduction="sum")
    torch.testing.assert_close(made._full(context, targets), expected)


def test_a_new_model_guesses(toy_corpus: Corpus) -> None:
    torch.manual_seed(0)
    network = toy_network("elmo", toy_corpus)
    assert isinstance(network, Elmo)
    made = BiLMObjective(Elmo(network.config), counts_of(toy_corpus), size=1000, min_count=1)
    made.module.eval()
    loss = losses_of(made, batch_of(made, sentences(5, 6, 7)))["loss"]
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
    full = losses_of(made, batch)["loss"]
    made.module.train()
    torch.manual_seed(0)
    drawn = [losses_of(made, batch)["loss"] for _ in range(300)]
    assert np.std(drawn) > 0
    assert np.mean(drawn) == pytest.approx(full, rel=0.05)


def test_chances_to_be_drawn(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus, n_samples=30)
    probabilities, chances = made.head.probabilities, made.head.log_chances.exp()
    assert probabilities.sum().item() == pytest.approx(1)
    assert (probabilities.diff() < 0).all()
    assert chances.sum().item() == pytest.approx(30)
    torch.manual_seed(0)
    counts = torch.zeros(made.n_words)
    for _ in range(4000):
        counts[made.draw()] += 1
    torch.testing.assert_close(counts / 4000, chances, rtol=0, atol=0.035)


def test_batches_hold_every_sentence_once_in_similar_lengths(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus)
    documents = list(toy_corpus.documents())
    batches = list(made.batches(RunningText.of(documents), 60, np.random.default_rng(0)))
    assert sum(batch.n_words for batch in batches) == sum(len(text) for doc in documents for text in doc)
    assert len(batches) > 4
    for batch in batches:
        lengths = batch.encoding.lengths
        assert int(lengths.max() - lengths.min()) <= 3
    sizes = [batch.n_words for batch in batches]
    others = list(made.batches(RunningText.of(documents), 60, np.random.default_rng(1)))
    assert [batch.n_words for batch in others] != sizes  # another order


def test_gradients_reach_every_weight(toy_corpus: Corpus) -> None:
    made = objective(toy_corpus, n_samples=20)
    made.module.train()
    batch = batch_of(made, sentences(*range(2, 12)))
    total_loss(made, made.losses(batch), batch.counts()).backward()
    for name, weight in made.module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
