"""What models predict: by hand, against perplexity, and against transformers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import InputError, MissingFileError
from ctxemb.models.bert import Bert
from ctxemb.models.elmo import Elmo
from ctxemb.prediction import Predictor, judge_pairs, load_predictor
from ctxemb.prediction.families import BertPredictor, ElmoPredictor, GptPredictor
from ctxemb.pretraining.bilm import BiLMObjective
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.heads import write_counts
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import Objective
from ctxemb.pretraining.perplexity import perplexity
from ctxemb.pretraining.trained import save_objective
from ctxemb.tasks.minimal_pairs import MinimalPair
from ctxemb.text.sentence import Sentence
from tests.toys import FAMILIES, counts_of, lively, sentence, sentences, toy_network


def objective(family: str, corpus: Corpus) -> Objective:
    network = toy_network(family, corpus)
    torch.manual_seed(1)
    if isinstance(network, Elmo):
        made: Objective = BiLMObjective(network, counts_of(corpus), size=40, min_count=1)
    elif isinstance(network, Bert):
        made = MaskedObjective(network)
    else:
        return CausalObjective(network)
    lively(made.module, 0.1)
    made.module.eval()
    return made


def predictor(family: str, corpus: Corpus) -> Predictor:
    made = objective(family, corpus)
    if isinstance(made, BiLMObjective):
        return ElmoPredictor(made)
    if isinstance(made, MaskedObjective):
        return BertPredictor(made)
    assert isinstance(made, CausalObjective)
    return GptPredictor(made.network)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_whole_vocabulary_has_probability_one(family: str, toy_corpus: Corpus) -> None:
    made = predictor(family, toy_corpus)
    for words in ("The [MASK] sat by the bank", "[MASK] sat", "The old [MASK]"):
        place = words.split().index("[MASK]")
        for probabilities in made._expected(sentence(words), place).values():
            assert probabilities.sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_fill_agrees_with_surprisal(family: str, toy_corpus: Corpus) -> None:
    made = predictor(family, toy_corpus)
    # What follows does not matter to GPT, nor what precedes to ELMo backward: "bank" is one piece.
    text = "the old man sat by the bank of the river"
    place = text.split().index("bank")
    ((*found,),) = made.surprisals([sentence(text)])
    expected = made.fill(text.replace("bank", "[MASK]").split(), top=10_000)
    for one in found:
        (probability,) = [
            e.probability for e in expected if e.word == "bank" and e.direction == one.direction
        ]
        assert one.bits[place] == pytest.approx(-math.log2(probability), rel=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_bits_do_not_depend_on_other_sentences(family: str, toy_corpus: Corpus) -> None:
    made = predictor(family, toy_corpus)
    texts = [*sentences(3, 9, 1, 40, 5), sentence("zzz qqq the bank")]  # one is longer than a window of 16
    together = made.surprisals(texts)
    for text, found in zip(texts, together, strict=True):
        (alone,) = made.surprisals([text])
        for one, other in zip(found, alone, strict=True):
            assert one.direction == other.direction
            assert len(one.bits) == len(text)
            np.testing.assert_allclose(one.bits, other.bits, rtol=1e-4, atol=1e-4)
            assert one.end == pytest.approx(other.end, rel=1e-4, abs=1e-4)


def test_elmos_sums_are_those_of_perplexity(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("elmo", toy_corpus)
    assert isinstance(made, BiLMObjective)
    path = tmp_path / "text.txt"
    path.write_text("The zebra sat. The bank of the river.\n\nIt was cold.\n", encoding="utf-8")
    corpus = Corpus((path,))
    texts = [text for document in corpus.documents() for text in document]
    found = ElmoPredictor(made).surprisals(texts)
    for number, measured in enumerate(perplexity(made, corpus)):
        bits = sum(each[number].total for each in found)
        assert found[0][number].direction == measured.direction
        assert bits == pytest.approx(measured.bits_per_character * measured.n_characters, rel=1e-5)


def test_gpts_sum_is_that_of_perplexity(tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective("gpt", toy_corpus)
    assert isinstance(made, CausalObjective)
    path = tmp_path / "text.txt"
    path.write_text("The bank.\n", encoding="utf-8")
    corpus = Corpus((path,))
    (measured,) = perplexity(made, corpus)
    # Perplexity reads the start of a document as a piece of the text, behind the start of the window.
    (text,) = next(corpus.documents())
    pieces = [p for word in made.network.tokenizer.pieces([text])[0] for p in word]
    window = torch.tensor([made.start, made.start, *pieces])
    x = made.network.pieces.weight[window] + made.network.positions.weight[: len(window)]
    for block in made.network.blocks:
        x = block(x, [(1, len(window))])
    scores = (made.network.norm(x) @ made.network.pieces.weight.T).log_softmax(dim=1)
    whole = -sum(scores[i, window[i + 1]].item() for i in range(len(window) - 1)) / math.log(2)
    assert whole == pytest.approx(measured.bits_per_character * measured.n_characters, rel=1e-5)
    ((one,),) = GptPredictor(made.network).surprisals([text])
    x = made.network.pieces.weight[window[1:]] + made.network.positions.weight[: len(window) - 1]
    for block in made.network.blocks:
        x = block(x, [(1, len(window) - 1)])
    scores = (made.network.norm(x) @ made.network.pieces.weight.T).log_softmax(dim=1)
    alone = -sum(scores[i, piece].item() for i, piece in enumerate(pieces)) / math.log(2)
    assert one.total == pytest.approx(alone, rel=1e-5)


def test_bert_masks_a_words_pieces_from_the_current_one_on(toy_corpus: Corpus) -> None:
    made = objective("bert", toy_corpus)
    assert isinstance(made, MaskedObjective)
    text = sentence("the springs")  # "spring", "##s"
    window = [made.cls, *(p for word in made.network.tokenizer.pieces([text])[0] for p in word), made.sep]
    assert len(window) == 5
    expected = [0.0, 0.0]
    for place, hidden, word in ((1, [1], 0), (2, [2, 3], 1), (3, [3], 1)):
        read = torch.tensor([made.mask if i in hidden else piece for i, piece in enumerate(window)])
        network = made.network
        assert network.segments is not None
        x = network.pieces.weight[read] + network.positions.weight[: len(read)] + network.segments.weight[0]
        x = network.norm(x)
        for block in network.blocks:
            x = block(x, [(1, len(read))])
        expected[word] -= made.head.piece_logits(x[place]).log_softmax(dim=0)[window[place]].item()
    ((found,),) = BertPredictor(made).surprisals([text])
    assert found.bits.tolist() == pytest.approx([value / math.log(2) for value in expected], rel=1e-4)


def test_elmos_product(toy_corpus: Corpus) -> None:
    made = predictor("elmo", toy_corpus)
    found = made._expected(sentence("the old [MASK] sat"), 2)
    product = found["forward"] * found["backward"]
    torch.testing.assert_close(found["product"], product / product.sum())


@pytest.mark.parametrize("words", ["no place", "[MASK] and [MASK]"])
def test_one_place_is_filled(words: str, toy_corpus: Corpus) -> None:
    with pytest.raises(InputError, match=r"expected one word \[MASK\] in .*, found [02]"):
        predictor("gpt", toy_corpus).fill(words.split())


@pytest.mark.parametrize("family", FAMILIES)
def test_folders_of_trained_models(family: str, tmp_path: Path, toy_corpus: Corpus) -> None:
    made = objective(family, toy_corpus)
    save_objective(made, tmp_path / "mine")
    if family == "elmo":
        write_counts(counts_of(toy_corpus), tmp_path / "mine" / "words.txt")
    loaded = load_predictor(str(tmp_path / "mine"))
    text = [sentence("the old man sat by the bank")]
    for one, other in zip(
        loaded.surprisals(text)[0], predictor(family, toy_corpus).surprisals(text)[0], strict=True
    ):
        np.testing.assert_allclose(one.bits, other.bits, rtol=0.02)  # float16


def test_a_published_bert_has_its_head(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "bank", "of", "river", "##s"]
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32,
    )  # fmt: skip
    torch.manual_seed(0)
    theirs = transformers.BertForPreTraining(config).eval()
    lively(theirs, 0.3)
    theirs.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    made = load_predictor(str(tmp_path))
    assert isinstance(made, BertPredictor)
    ids = torch.tensor([[2, 5, 4, 7, 5, 8, 3]])
    with torch.no_grad():
        expected = theirs(ids).prediction_logits[0, 2].softmax(dim=0)
        pair = theirs(
            torch.tensor([[2, 5, 6, 3, 8, 9, 3]]), token_type_ids=torch.tensor([[0, 0, 0, 0, 1, 1, 1]])
        )
    found = made._expected(Sentence(("the", "[MASK]", "of", "the", "river")), 1)["masked"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    follows = made.next_sentence(sentence("the bank"), sentence("rivers"))
    assert follows == pytest.approx(pair.seq_relationship_logits.softmax(dim=1)[0, 0].item(), rel=1e-4)
    transformers.BertModel(config).save_pretrained(tmp_path / "bare")
    (tmp_path / "bare" / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    with pytest.raises(MissingFileError, match=r"no tensor cls\.predictions\.transform\.dense\.weight"):
        load_predictor(str(tmp_path / "bare"))


def test_minimal_pairs(toy_corpus: Corpus) -> None:
    made = predictor("gpt", toy_corpus)
    bits = {
        text: made.surprisals([sentence(text)])[0][0].total for text in ("the bank", "bank the", "it was")
    }
    pairs = [
        MinimalPair(good, bad, paradigm, "syntax", term)
        for paradigm, term in (("a", "x"), ("b", "x"), ("c", "y"))
        for good in bits
        for bad in bits
    ]
    found = judge_pairs(made, pairs)
    by_name = {(one.level, one.name): one for one in found}
    expected = np.mean([bits[a] < bits[b] for a in bits for b in bits if a != b])
    assert by_name["all", ""].accuracy == pytest.approx(expected)
    assert by_name["all", ""].n_pairs == 18
    assert by_name["all", ""].n_equal == 9
    assert by_name["paradigm", "a"].n_equal == 3
    assert [one.level for one in found] == [
        "all",
        "field",
        "term",
        "term",
        "paradigm",
        "paradigm",
        "paradigm",
    ]
    assert by_name["term", "y"].low < by_name["term", "y"].high
