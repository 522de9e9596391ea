"""Three losses on one scale."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.models.bert import Bert
from ctxemb.models.elmo import Elmo
from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.bilm import BiLMObjective
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.heads import HEAD, WORDS, write_counts
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import Objective, n_characters
from ctxemb.pretraining.perplexity import perplexity
from ctxemb.pretraining.spelling import ByteBigrams
from ctxemb.pretraining.trained import load_objective, save_objective
from tests.toys import FAMILIES, counts_of, toy_network


def objective(family: str, corpus: Corpus) -> Objective:
    network = toy_network(family, corpus)
    torch.manual_seed(1)
    if isinstance(network, Elmo):
        made: Objective = BiLMObjective(network, counts_of(corpus), size=40, min_count=1)
    elif isinstance(network, Gpt):
        return CausalObjective(network)
    else:
        assert isinstance(network, Bert)
        made = MaskedObjective(network)
    for name, weight in made.module.named_parameters():
        if not name.startswith("network."):
            weight.data.add_(0.3 * torch.randn_like(weight))
    return made


def short(tmp_path: Path, text: str) -> Corpus:
    path = tmp_path / "short.txt"
    path.write_text(text, encoding="utf-8")
    return Corpus((path,))


def test_characters_count_what_parts_words(tmp_path: Path) -> None:
    assert n_characters(list(short(tmp_path, "The bank.\n\nÄh!\n").documents())) == 4 + 5 + 2 + 3 + 2


@torch.no_grad()
def test_gpt_by_hand(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("gpt", toy_corpus)
    assert isinstance(made, CausalObjective)
    corpus = short(tmp_path, "The bank of the river was cold. The man sat by the bank of the river.\n")
    (found,) = perplexity(made, corpus)
    pieces = [made.start, *(p for s in next(corpus.documents()) for word in _pieces(made, s) for p in word)]
    bits = 0.0
    for start in range(0, len(pieces), 15):
        window = [made.start, *pieces[start : start + 15]]
        for position in range(1, len(window)):
            x = made.network.pieces.weight[window[:position]] + made.network.positions.weight[:position]
            for block in made.network.blocks:
                x = block(x, [(1, position)])
            scores = made.network.pieces.weight @ made.network.norm(x)[-1]
            bits -= scores.log_softmax(dim=0)[window[position]].item() / math.log(2)
    assert len(pieces) > 16
    assert found.n_predictions == len(pieces)
    assert found.bits_per_character == pytest.approx(bits / found.n_characters, rel=1e-5)
    assert found.n_words == 18
    assert found.word_perplexity == pytest.approx(2 ** (bits / 18), rel=1e-4)


def _pieces(made: CausalObjective | MaskedObjective, sentence: object) -> list[tuple[int, ...]]:
    return made.network.tokenizer.pieces([sentence])[0]  # type: ignore[list-item]


@torch.no_grad()
def test_bert_by_hand(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("bert", toy_corpus)
    assert isinstance(made, MaskedObjective)
    made.module.eval()
    corpus = short(tmp_path, "The bank of the river.\n")
    (found,) = perplexity(made, corpus)
    (sentence,) = next(corpus.documents())
    pieces = [piece for word in _pieces(made, sentence) for piece in word]
    assert len(pieces) <= 14  # one window
    window = [made.cls, *pieces, made.sep]
    bits = 0.0
    for place in range(1, len(window) - 1):
        read = torch.tensor([made.mask if i == place else piece for i, piece in enumerate(window)])
        network = made.network
        x = network.pieces.weight[read] + network.positions.weight[: len(read)] + network.segments.weight[0]
        x = network.norm(x)
        for block in network.blocks:
            x = block(x, [(1, len(read))])
        bits -= made.head.piece_logits(x[place]).log_softmax(dim=0)[window[place]].item() / math.log(2)
    assert found.direction == "pseudo-likelihood"
    assert found.n_predictions == len(pieces)
    assert found.bits_per_character == pytest.approx(bits / found.n_characters, rel=1e-5)


def test_elmo_pays_for_the_spelling_of_unknown_words(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("elmo", toy_corpus)
    assert isinstance(made, BiLMObjective)
    corpus = short(tmp_path, "The zebra sat. The bank.\n")
    forward, backward = perplexity(made, corpus)
    spelling = ByteBigrams(made.unknown)
    assert {"zebra", "sat"} & made.numbers.keys() == set()
    paid = spelling.bits("zebra") + spelling.bits("sat")
    for found in (forward, backward):
        predictions = 4 + 3 + 2  # words, and the end of each sentence
        assert found.n_predictions == predictions
        bits = found.loss / math.log(2) * predictions + paid
        assert found.bits_per_character == pytest.approx(bits / found.n_characters)
    assert (forward.direction, backward.direction) == ("forward", "backward")
    assert forward.loss != backward.loss


def test_a_spelling_is_a_probability() -> None:
    model = ByteBigrams({"aba": 3, "né": 1})
    assert np.exp2(-model.bits_after).sum(axis=1) == pytest.approx(1)
    assert model.bits("aba") < model.bits("bab") < model.bits("zzz")
    assert ByteBigrams({}).bits("ab") == pytest.approx(3 * math.log2(257))


def test_only_the_start_is_read(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("gpt", toy_corpus)
    (few,) = perplexity(made, toy_corpus, max_words=30)
    assert 30 <= few.n_words < 45
    (all_of_it,) = perplexity(made, toy_corpus)
    assert all_of_it.n_words == sum(len(text) for document in toy_corpus.documents() for text in document)
    with pytest.raises(InputError, match="no text in"):
        perplexity(made, short(tmp_path, "\n\n"))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_predicts_as_before(family: str, tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective(family, toy_corpus)
    save_objective(made, tmp_path)
    if isinstance(made, BiLMObjective):
        write_counts(counts_of(toy_corpus), tmp_path / WORDS)
    assert (tmp_path / HEAD).is_file() == (family != "gpt")
    before, after = (
        perplexity(model, toy_corpus, max_words=60) for model in (made, load_objective(tmp_path))
    )
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert other.bits_per_character == pytest.approx(one.bits_per_character, rel=2e-3)  # float16


def test_what_is_no_head_is_told(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("bert", toy_corpus)
    save_objective(made, tmp_path)
    (tmp_path / HEAD).write_bytes(b"{}")
    with pytest.raises(FormatError, match=r"head\.safetensors: not a safetensors file"):
        load_objective(tmp_path)
    save_objective(objective("elmo", toy_corpus), tmp_path / "elmo")
    (tmp_path / HEAD).write_bytes((tmp_path / "elmo" / HEAD).read_bytes())
    with pytest.raises(FormatError, match=r"head\.safetensors: not the head|missing or unknown tensors"):
        load_objective(tmp_path)
    with pytest.raises(MissingFileError, match=r"no words at .*words\.txt"):
        load_objective(tmp_path / "elmo")
    (tmp_path / "elmo" / WORDS).write_text("the\t5\nof 3\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"words\.txt:2: expected a word, a tab and a count, found 'of 3'"):
        load_objective(tmp_path / "elmo")
    (tmp_path / "elmo" / HEAD).unlink()
    with pytest.raises(MissingFileError, match="no head at"):
        load_objective(tmp_path / "elmo")
