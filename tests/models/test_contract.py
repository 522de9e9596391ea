"""What every model promises, for toys of all families and for the models that ship with ctxemb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ctxemb.models import ContextualModel, Encoding, load
from ctxemb.models.bert import Bert
from ctxemb.models.elmo import Elmo
from ctxemb.models.encoding import NO_WORD
from ctxemb.models.model import LoadedModel
from ctxemb.models.static import StaticModel
from ctxemb.models.transformers_model import TransformersNetwork
from ctxemb.shipped import shipped_path
from ctxemb.text.sentence import Sentence
from tests.checkpoints.others import KINDS, write
from tests.toys import STRANGE_WORDS, sentence, sentences

TOYS = ("elmo", "gpt", "gpt-post", "bert")
SHIPPED = ("elmo", "gpt", "bert")
NAMES = [
    *(f"toy:{name}" for name in TOYS),
    *(f"toy:{name}" for name in KINDS),
    *(f"static:toy:{name}" for name in TOYS),
    *SHIPPED,
    "static:bert",
]
Get = Callable[[str], ContextualModel]


@pytest.fixture(scope="module")
def get(toy_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Get:
    """Return a function that loads a model of `NAMES`, each once."""
    models: dict[str, ContextualModel] = {}
    others = tmp_path_factory.mktemp("others")

    def load_once(name: str) -> ContextualModel:
        if name not in models:
            prefix, _, toy = name.rpartition("toy:")
            shipped = name.removeprefix("static:")
            if not toy or toy == name:
                if not shipped_path("models", shipped, "model.safetensors").is_file():
                    pytest.skip(f"{shipped} is not there")
                models[name] = load(name)
            else:
                place = write(toy, others / toy)[0] if toy in KINDS else toy_folders[toy]
                models[name] = load(f"{prefix}{place}")
        return models[name]

    return load_once


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest, get: Get) -> ContextualModel:
    found = request.param
    assert isinstance(found, str)
    return get(found)


def vectors(model: ContextualModel, texts: list[Sentence]) -> list[Tensor]:
    """Return for each sentence (n_layers, n_words, width), as the mean of each word's pieces."""
    batch = model.encode(texts)
    layers = model(batch)
    rows = torch.stack([layers[:, batch.words == word].mean(dim=1) for word in range(batch.n_words)], dim=1)
    return [rows[:, a:b] for a, b in zip(batch.offsets[:-1], batch.offsets[1:], strict=True)]


def special_pieces(model: ContextualModel, batch: Encoding) -> Tensor:
    """Return (n_pieces,) whether a piece is one that the model sets around its windows."""
    inner = model.model if isinstance(model, StaticModel) else model
    assert isinstance(inner, LoadedModel)
    network = inner.network
    if isinstance(network, Elmo):
        return batch.pieces < 2
    if isinstance(network, TransformersNetwork):
        around = [*network.prefix, *network.suffix]
        return torch.isin(batch.pieces, torch.tensor(around, dtype=torch.long))
    names = ("[CLS]", "[SEP]") if isinstance(network, Bert) else (network.config.start,)
    numbers = [network.tokenizer.id(name) for name in names if name is not None]
    return torch.isin(batch.pieces, torch.tensor(numbers, dtype=torch.long))


def test_offers_what_a_model_must(model: ContextualModel) -> None:
    assert isinstance(model, ContextualModel)
    assert model.family in {"elmo", "gpt", "bert", "static", "electra", "llama", "t5", "qwen2"}
    assert model.n_layers >= 1
    assert (model.family == "static") == (model.n_layers == 1)
    assert model.n_parameters > 0
    assert len(model.fingerprint.removeprefix("static-")) == 64


def test_shapes(model: ContextualModel) -> None:
    texts = sentences(3, 1, 7)
    batch = model.encode(texts)
    layers = model(batch)
    assert layers.shape == (model.n_layers, len(batch.pieces), model.width)
    assert layers.dtype == torch.float32
    assert not layers.requires_grad
    assert (batch.n_sentences, batch.n_words) == (3, 11)
    assert batch.offsets.tolist() == [0, 3, 4, 11]
    assert batch.windows[0] == 0
    assert batch.windows[-1] == len(batch.pieces)
    assert (batch.lengths > 0).all()


def test_a_vector_does_not_depend_on_the_batch(model: ContextualModel) -> None:
    generator = np.random.default_rng(0)
    texts = sentences(*generator.integers(1, 30, 8).tolist())
    alone = [vectors(model, [text])[0] for text in texts]
    for _ in range(3):
        chosen = generator.permutation(len(texts))[: generator.integers(2, len(texts) + 1)]
        together = vectors(model, [texts[i] for i in chosen])
        for i, found in zip(chosen, together, strict=True):
            # A large GPT has values near 50 in its middle, where 1e-5 is the last digit of float32.
            torch.testing.assert_close(found, alone[i], rtol=1e-6, atol=1e-5)


def test_the_same_sentence_twice(model: ContextualModel) -> None:
    text = sentence("The old man sat by the bank of the river .")
    first, second = vectors(model, [text, text])
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_every_word_gets_a_vector(model: ContextualModel) -> None:
    for word in STRANGE_WORDS:
        (found,) = vectors(model, [Sentence(("the", word, "bank"))])
        assert found.shape == (model.n_layers, 3, model.width), ascii(word[:20])
        assert torch.isfinite(found).all(), ascii(word[:20])


def test_every_word_has_pieces_of_its_own_in_order(model: ContextualModel) -> None:
    short = [word for word in STRANGE_WORDS if len(word) < 100]
    batch = model.encode([Sentence(tuple(short)), *sentences(4, 40), Sentence((short[0],))])
    owned = batch.words[batch.words != NO_WORD]
    assert torch.equal(owned.unique(), torch.arange(batch.n_words))
    for start, stop in zip(batch.windows[:-1], batch.windows[1:], strict=True):
        window = batch.words[start:stop]
        window = window[window != NO_WORD]
        assert (window.diff() >= 0).all()  # in the order of the text


def test_special_pieces_belong_to_no_word(model: ContextualModel) -> None:
    texts = [sentence("the [SEP] [CLS] <|endoftext|> [MASK] bank"), *sentences(4, 40, 1)]
    batch = model.encode(texts)
    special = special_pieces(model, batch)
    assert (batch.words[special] == NO_WORD).all()
    kept = batch.words[~special]
    assert torch.equal(kept[kept != NO_WORD].unique(), torch.arange(batch.n_words))
    short = model.encode(sentences(3, 2, 1))  # no window is full, so all that has no word is special
    assert torch.equal(special_pieces(model, short), short.words == NO_WORD)


def test_context_matters_to_all_but_layer_0(model: ContextualModel) -> None:
    one, other = vectors(
        model, [sentence("The spring was at the bank ."), sentence("The man was at the bank .")]
    )
    moved = (one[:, 5] - other[:, 5]).abs().amax(dim=1)
    assert moved[0] < 1e-5
    assert (moved[1:] > 1e-3).all()


def test_case_and_spelling_matter(model: ContextualModel) -> None:
    one, other = vectors(model, [sentence("bank"), sentence("Bank")])
    assert (one - other).abs().max() > 1e-3


def test_static_vectors_do_not_depend_on_the_sentence(get: Get) -> None:
    for name in TOYS:
        model = get(f"static:toy:{name}")
        first, second = vectors(model, [sentence("the bank of spring"), sentence("spring bank")])
        torch.testing.assert_close(first[:, [1, 3]], second[:, [1, 0]], rtol=0, atol=1e-6)
        assert model.name == f"toy-{name}@static"


@pytest.mark.parametrize("toy", TOYS)
def test_static_is_layer_0_of_a_word_alone(get: Get, toy: str) -> None:
    (static,) = vectors(get(f"static:toy:{toy}"), [sentence("came spring bank")])
    for number, word in enumerate(("came", "spring", "bank")):
        (alone,) = vectors(get(f"toy:{toy}"), [Sentence((word,))])
        torch.testing.assert_close(static[:, number], alone[:1, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("toy", "room", "owned_by_first"), [("bert", 14, 10), ("gpt", 15, 15), ("gpt-post", 16, 16)]
)
def test_a_long_sentence_is_stitched(get: Get, toy: str, room: int, owned_by_first: int) -> None:
    model = get(f"toy:{toy}")
    words = ("the", "children", "had", "spring", "bank", "came", "at", "man") * 6
    text = Sentence(words)
    batch = model.encode([text])
    assert (batch.words != NO_WORD).sum() == len(words)  # in the toys, each of these words is one piece
    (whole,) = vectors(model, [text])
    (first,) = vectors(model, [Sentence(words[:room])])
    torch.testing.assert_close(whole[:, :owned_by_first], first[:, :owned_by_first], rtol=0, atol=1e-5)
    (last,) = vectors(model, [Sentence(words[-room:])])
    torch.testing.assert_close(whole[:, -1], last[:, -1], rtol=0, atol=1e-5)


def test_elmo_reads_a_long_sentence_at_once(get: Get) -> None:
    batch = get("toy:elmo").encode(sentences(700))
    assert batch.lengths.tolist() == [702]


def test_gpt_sees_nothing_to_the_right(get: Get) -> None:
    for toy in ("gpt", "gpt-post"):
        model = get(f"toy:{toy}")
        one, other = vectors(model, [sentence("the man came in"), sentence("the man came home")])
        torch.testing.assert_close(one[:, :3], other[:, :3], rtol=0, atol=1e-5)
