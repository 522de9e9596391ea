"""ELMo: spellings, and layers from AllenNLP's LSTM cell."""

from __future__ import annotations

import pytest
import torch
from allennlp_light.modules.lstm_cell_with_projection import LstmCellWithProjection

from ctxemb.models.elmo import Elmo
from ctxemb.pretraining.corpus import Corpus
from ctxemb.text.sentence import Sentence
from tests.toys import packed, sentence, sentences, toy_network


@pytest.fixture
def network(toy_corpus: Corpus) -> Elmo:
    found = toy_network("elmo", toy_corpus)
    assert isinstance(found, Elmo)
    return found


def test_spelling(network: Elmo) -> None:
    # AllenNLP's ELMoCharacterMapper: bytes, start and end of a word, padding; all one higher, for the mask.
    rows = network.spell(["bank", "é", "x" * 60])
    assert rows.shape == (5, 50)
    assert rows[0].tolist() == [259, 257, 260] + [261] * 47
    assert rows[1].tolist() == [259, 258, 260] + [261] * 47
    assert rows[2].tolist() == [259, *(byte + 1 for byte in b"bank"), 260] + [261] * 44
    assert rows[3].tolist() == [259, 0xC3 + 1, 0xA9 + 1, 260] + [261] * 46
    assert rows[4].tolist() == [259] + [ord("x") + 1] * 48 + [260]


def test_long_words_are_told_by_their_first_bytes(network: Elmo) -> None:
    rows = network.spell(["x" * 48 + "a", "x" * 48 + "b", "x" * 47 + "a", "x" * 47 + "b"])
    assert torch.equal(rows[2], rows[3])
    assert not torch.equal(rows[4], rows[5])


def test_encoding(network: Elmo) -> None:
    batch = network.encode([sentence("the bank the"), Sentence(("bank",))])
    assert batch.spellings is not None
    assert batch.pieces.tolist() == [0, 3, 1, 0, 2, 3, 2, 1]  # each distinct word is spelled once
    assert batch.words.tolist() == [-1, 3, -1, -1, 0, 1, 2, -1]
    assert torch.equal(batch.spellings, network.spell(["the", "bank"]))


def test_layers_equal_allennlp(network: Elmo) -> None:
    texts = sentences(5, 2, 9, 1)
    batch = network.encode(texts)
    with torch.no_grad():
        layers = network(batch)
        words = network.characters(batch.spellings)[batch.pieces]
        for start, stop in zip(batch.windows[:-1], batch.windows[1:], strict=True):
            inputs = [words[start:stop]] * 2
            assert torch.equal(layers[0, start:stop], torch.cat(inputs, dim=1))
            for number, lstm in enumerate(network.lstm):
                for direction in range(2):
                    cell = LstmCellWithProjection(
                        network.config.width,
                        network.config.width,
                        network.config.cell_width,
                        go_forward=direction == 0,
                        memory_cell_clip_value=network.config.cell_clip,
                        state_projection_clip_value=network.config.state_clip,
                    )
                    cell.input_linearity.weight.copy_(lstm.input_weight[direction])
                    cell.state_linearity.weight.copy_(lstm.state_weight[direction])
                    cell.state_linearity.bias.copy_(lstm.bias[direction])
                    cell.state_projection.weight.copy_(lstm.projection[direction])
                    out = cell(inputs[direction][None], [int(stop - start)])[0][0]
                    inputs[direction] = out + inputs[direction] if number else out
                expected = torch.cat(inputs, dim=1)
                torch.testing.assert_close(layers[number + 1, start:stop], expected, rtol=0, atol=1e-5)


def test_a_batch_of_another_family_is_refused(network: Elmo) -> None:
    with pytest.raises(ValueError, match=r"encode the batch with Elmo\.encode"):
        network(packed([[(1,), (2,)]]))


def test_sizes(network: Elmo) -> None:
    assert (network.n_layers, network.width) == (3, 16)
