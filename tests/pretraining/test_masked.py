"""BERT's objectives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctxemb.models.bert import Bert
from ctxemb.models.encoding import NO_WORD
from ctxemb.pretraining.corpus import Corpus, Document
from ctxemb.pretraining.masked import MaskedObjective, cut_pairs
from ctxemb.pretraining.objective import Batch, mean_losses
from ctxemb.pretraining.running import RunningText
from ctxemb.text.sentence import Sentence
from tests.toys import lively, sentence, targets_of, toy_network


@pytest.fixture
def objective(toy_corpus: Corpus) -> MaskedObjective:
    network = toy_network("bert", toy_corpus, n_positions=24)
    assert isinstance(network, Bert)
    torch.manual_seed(1)
    made = MaskedObjective(network)
    lively(made.head)
    made.module.eval()
    return made


@pytest.fixture
def documents(toy_corpus: Corpus) -> list[Document]:
    return list(toy_corpus.documents())


def flat(objective: MaskedObjective, document: Document) -> list[int]:
    return [p for words in objective.network.tokenizer.pieces(document) for word in words for p in word]


def within(part: list[int], whole: list[int]) -> list[int]:
    """Return where `part` occurs in `whole`."""
    return [i for i in range(len(whole) - len(part) + 1) if whole[i : i + len(part)] == part]


def test_shares_of_masked_pieces(objective: MaskedObjective) -> None:
    generator = np.random.default_rng(0)
    pieces = generator.choice(objective.ordinary, 200_000)
    pieces[::20], pieces[10::20] = objective.cls, objective.sep
    read, rows = objective.masked(pieces, generator)
    chosen = np.zeros(len(pieces), dtype=bool)
    chosen[rows] = True
    ordinary = (pieces != objective.cls) & (pieces != objective.sep)
    assert chosen[ordinary].mean() == pytest.approx(0.15, abs=0.004)
    assert not chosen[~ordinary].any()
    assert (read[~chosen] == pieces[~chosen]).all()
    masked = read[chosen] == objective.mask
    same = read[chosen] == pieces[chosen]
    by_chance = 0.1 / len(objective.ordinary)
    assert masked.mean() == pytest.approx(0.8, abs=0.01)
    assert same.mean() == pytest.approx(0.1 + by_chance, abs=0.008)
    assert (~masked & ~same).mean() == pytest.approx(0.1 - by_chance, abs=0.008)


def test_random_pieces_are_all_ordinary_ones(objective: MaskedObjective) -> None:
    generator = np.random.default_rng(0)
    pieces = np.full(200_000, objective.ordinary[0])
    read, _ = objective.masked(pieces, generator)
    drawn = set(read.tolist()) - {objective.mask}
    assert drawn == set(objective.ordinary.tolist())
    tokenizer = objective.network.tokenizer
    names = {tokenizer.tokenizer.id_to_token(piece) for piece in range(len(tokenizer))}
    ordinary = {tokenizer.tokenizer.id_to_token(piece) for piece in objective.ordinary.tolist()}
    assert names - ordinary == {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}


def test_something_is_always_masked(objective: MaskedObjective) -> None:
    for seed in range(30):
        pieces = np.array([objective.cls, 20, objective.sep, 30, objective.sep])
        _, rows = objective.masked(pieces, np.random.default_rng(seed))
        assert set(rows.tolist()) in ({1}, {3}, {1, 3})


Pair = tuple[list[int], list[int], bool, int]
"""Pieces of A, pieces of B, whether B follows A, and the number of words of both."""


def pairs_of(objective: MaskedObjective, documents: list[Document], window: int, seed: int = 0) -> list[Pair]:
    text = RunningText.of(documents)
    pieces, places = objective.tables.of(text.types).running(text.words)
    cut = cut_pairs(text, places, np.random.default_rng(seed), window - 3)
    return [
        (
            pieces[places[a] : places[a_end]].tolist(),
            pieces[places[b] : places[b_end]].tolist(),
            bool(follows),
            int(a_end - a + b_end - b),
        )
        for a, a_end, b, b_end, follows in cut.tolist()
    ]


def collated(objective: MaskedObjective, pairs: list[Pair], seed: int = 0) -> Batch:
    """Lay out pairs whose words are one piece each."""
    pieces = np.array([piece for a, b, _, _ in pairs for piece in (*a, *b)])
    rows, at = [], 0
    for a, b, follows, _ in pairs:
        rows.append([at, at + len(a), at + len(a), at + len(a) + len(b), int(follows)])
        at += len(a) + len(b)
    places = np.arange(len(pieces) + 1)
    return objective.collate(pieces, places, np.array(rows), np.random.default_rng(seed))


def original(batch: Batch) -> list[int]:
    """Return the pieces before they were masked."""
    pieces = batch.encoding.pieces.clone()
    pieces[batch.targets["masked"].rows] = batch.targets["masked"].values
    return pieces.tolist()


def test_pairs_are_text(objective: MaskedObjective, documents: list[Document]) -> None:
    texts = [flat(objective, document) for document in documents]
    pairs = pairs_of(objective, documents, 24)
    assert len(pairs) > 15
    for first, second, follows, n_words in pairs:
        assert first
        assert second
        assert len(first) + len(second) <= 24 - 3
        assert 2 <= n_words <= len(first) + len(second)
        homes = {i for i, text in enumerate(texts) if within(first, text)}
        others = {i for i, text in enumerate(texts) if within(second, text)}
        assert homes
        assert others
        if follows:
            assert homes & others
        else:
            assert len(homes) > 1 or homes != others


def test_what_follows_follows(objective: MaskedObjective, documents: list[Document]) -> None:
    wide = 200  # nothing is cut
    texts = [flat(objective, document) for document in documents]
    for first, second, follows, _ in pairs_of(objective, documents, wide):
        joined = any(within(first + second, text) for text in texts)
        assert joined == follows


def test_what_does_not_follow_is_from_another_document(objective: MaskedObjective) -> None:
    words = ["bank", "spring", "the", "came", "in"]
    documents = [[Sentence((word,) * 4)] * 9 for word in words]
    piece_of = {flat(objective, [Sentence((word,))])[0] for word in words}
    assert len(piece_of) == 5
    for first, second, follows, _ in pairs_of(objective, documents, 24):
        assert len(set(first)) == len(set(second)) == 1
        assert (first[0] == second[0]) == follows


@pytest.mark.parametrize("window", [8, 24, 60])
@pytest.mark.parametrize("length", [2, 12])
def test_half_of_the_pairs_follow(objective: MaskedObjective, window: int, length: int) -> None:
    # Also where one sentence would fill the window.
    documents = [
        [sentence("the bank " * length + "in")] * 2000,
        [sentence("came in " * length + "the")] * 2000,
    ]
    pairs = pairs_of(objective, documents, window)
    assert len(pairs) > 300
    assert np.mean([pair[2] for pair in pairs]) == pytest.approx(0.5, abs=0.06)


def test_nine_tenths_of_the_pairs_fill_the_window(objective: MaskedObjective) -> None:
    documents = [[sentence("bank")] * 3000, [sentence("spring")] * 3000]
    sizes = [len(a) + len(b) for a, b, _, _ in pairs_of(objective, documents, 24)]
    full = np.mean([size == 21 for size in sizes])
    assert full == pytest.approx(0.9 + 0.1 / 14, abs=0.04)  # a short one may be as long
    assert min(sizes) < 12


def test_one_document_alone_gives_pairs_that_follow(
    objective: MaskedObjective, documents: list[Document]
) -> None:
    pairs = pairs_of(objective, documents[:1], 24)
    assert pairs
    assert all(pair[2] for pair in pairs)
    assert pairs_of(objective, [documents[0][:1]], 24) == []


def test_words_that_do_not_fit_give_no_empty_texts(objective: MaskedObjective) -> None:
    long = sentence("hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh the")
    documents = [[long] * 3, [sentence("the bank")] * 4, [long] * 2]
    for seed in range(20):
        for first, second, _, _ in pairs_of(objective, documents, 24, seed):
            assert first
            assert second


def test_collate(objective: MaskedObjective) -> None:
    data = collated(objective, [([30, 31, 32], [33, 34], True, 5), ([40], [41], False, 2)])
    encoding = data.encoding
    cls, sep = objective.cls, objective.sep
    assert encoding.windows.tolist() == [0, 5, 13]
    assert original(data) == [cls, 40, sep, 41, sep, cls, 30, 31, 32, sep, 33, 34, sep]
    assert data.segments is not None
    assert data.segments.tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1]
    assert targets_of(data, "next_sentence") == [0, *[None] * 4, 1, *[None] * 7]
    assert data.n_words == 7
    assert data.positions is not None
    first, second = data.positions[:5], data.positions[5:]
    assert (first.diff() == 1).all()
    assert (second.diff() == 1).all()
    assert (encoding.words == NO_WORD).all()


def test_windows_begin_at_any_position_from_which_they_fit(objective: MaskedObjective) -> None:
    data = collated(objective, [([30] * 10, [33] * 10, True, 4)] * 400)  # 23 pieces in 24 positions
    assert data.positions is not None
    starts = data.positions[data.encoding.windows[:-1]].tolist()
    assert set(starts) == {0, 1}
    assert 150 < sum(starts) < 250
    assert int(data.positions.max()) == 23


@torch.no_grad()
def test_loss_by_hand(objective: MaskedObjective, documents: list[Document]) -> None:
    data = next(objective.batches(RunningText.of(documents), 60, np.random.default_rng(3)))
    sums = {name: total.item() for name, total in objective.losses(data).items()}
    losses = mean_losses(objective, sums, data.counts())
    network, head = objective.network, objective.head
    encoding, segments = data.encoding, data.segments
    targets, follows = targets_of(data, "masked"), targets_of(data, "next_sentence")
    assert segments is not None
    positions = data.positions
    assert positions is not None
    surprises, following = [], []
    for number in range(len(encoding.windows) - 1):
        window = slice(int(encoding.windows[number]), int(encoding.windows[number + 1]))
        pieces = encoding.pieces[window]
        x = network.pieces.weight[pieces] + network.positions.weight[positions[window]]
        x = network.norm(x + network.segments.weight[segments[window]])
        for block in network.blocks:
            x = block(x, [(1, len(pieces))])
        for row, target in zip(x, targets[window], strict=True):
            if target is not None:
                hidden = head.norm(torch.nn.functional.gelu(head.transform(row)))
                scores = network.pieces.weight @ hidden + head.bias
                surprises.append(-scores.log_softmax(dim=0)[target].item())
        pooled = torch.tanh(network.pooler.weight @ x[0] + network.pooler.bias)
        scores = head.next_sentence.weight @ pooled + head.next_sentence.bias
        goal = follows[int(encoding.windows[number])]
        assert goal is not None
        following.append(-scores.log_softmax(dim=0)[goal].item())
    masked, next_sentence = np.mean(surprises), np.mean(following)
    assert losses["masked"] == pytest.approx(masked, rel=1e-4)
    assert losses["next_sentence"] == pytest.approx(next_sentence, rel=1e-4)
    assert losses["loss"] == pytest.approx(masked + next_sentence, rel=1e-4)


@pytest.mark.parametrize(("early", "longest"), [(True, 8), (False, 24)])
def test_windows_grow(
    objective: MaskedObjective, documents: list[Document], early: bool, longest: int
) -> None:
    text = RunningText.of(documents)
    batches = list(objective.batches(text, 30, np.random.default_rng(0), early=early))
    lengths = [length for batch in batches for length in batch.encoding.lengths.tolist()]
    assert max(lengths) == longest
    assert len(batches) >= 3
    assert all(batch.n_words >= 30 for batch in batches[:-1])


def test_the_same_seed_gives_the_same_batches(objective: MaskedObjective, documents: list[Document]) -> None:
    text = RunningText.of(documents)
    one, same, other = (
        [batch.encoding.pieces.tolist() for batch in objective.batches(text, 50, generator)]
        for generator in map(np.random.default_rng, (0, 0, 1))
    )
    assert one == same
    assert one != other


def test_every_piece_is_masked_once_alone(objective: MaskedObjective, documents: list[Document]) -> None:
    found: list[int] = []
    for batch in objective.whole(documents):
        goals, windows = batch.targets["masked"], batch.encoding.windows
        before = torch.tensor(original(batch))
        assert (before != objective.mask).all()
        assert (batch.encoding.pieces == objective.mask).nonzero().squeeze(1).tolist() == goals.rows.tolist()
        homes = torch.searchsorted(windows, goals.rows, right=True) - 1
        assert homes.tolist() == list(range(len(windows) - 1))  # one of each window
        assert (before[windows[:-1]] == objective.cls).all()
        assert (before[windows[1:] - 1] == objective.sep).all()
        found += goals.values.tolist()
    assert found == [piece for document in documents for piece in flat(objective, document)]
