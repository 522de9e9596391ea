"""Words that were read before."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor

from ctxemb.layers.weight_cache import Kept
from ctxemb.models.elmo import Elmo
from ctxemb.models.known_words import KnownWords
from ctxemb.pretraining.corpus import Corpus
from ctxemb.text.sentence import Sentence
from tests.toys import toy_network


@pytest.fixture
def network(toy_corpus: Corpus) -> Elmo:
    found = toy_network("elmo", toy_corpus)
    assert isinstance(found, Elmo)
    return found


def spelled(*words: int) -> Tensor:
    return torch.tensor([[word, word + 1] for word in words])


def test_only_new_words_are_read() -> None:
    known, asked = KnownWords(4), []

    def read(spellings: Tensor) -> Tensor:
        asked.append(spellings[:, 0].tolist())
        return spellings[:, :1].float() * 10

    for words in ((1, 2), (2, 3, 1), (3,), (4, 5, 1), (1, 5, 4), (9, 8, 7, 6, 5), (9, 5)):
        assert known.vectors(spelled(*words), read)[:, 0].tolist() == [10 * word for word in words]
        assert len(known) <= 4
    # 4 and 5 have no room beside 1, 2 and 3; of the five words only four are kept
    assert asked == [[1, 2], [3], [4, 5], [1], [9, 8, 7, 6], [5]]


def test_a_word_has_the_same_bits_in_any_company(network: Elmo) -> None:
    chance = random.Random(0)
    words = ["".join(chance.choices("abcdef", k=chance.randint(1, 60))) for _ in range(300)]
    whole = network.prepare(network.encode([Sentence(tuple(words))])).inputs
    assert whole is not None
    vectors = dict(zip(dict.fromkeys(words), whole[2:], strict=True))
    for size in (1, 7, 100):
        network._known = Kept()
        chosen = chance.sample(words, size)
        for _ in range(2):
            found = network.prepare(network.encode([Sentence(tuple(chosen))])).inputs
            assert found is not None
            for word, vector in zip(dict.fromkeys(chosen), found[2:], strict=True):
                assert torch.equal(vector, vectors[word]), word


def test_words_are_read_anew_when_the_weights_change(network: Elmo) -> None:
    batch = network.encode([Sentence(("the", "bank"))])
    before = network.prepare(batch).inputs
    with torch.no_grad():
        network.characters.projection.bias.add_(1)
    after = network.prepare(batch).inputs
    assert before is not None
    assert after is not None
    torch.testing.assert_close(after, before + 1)
