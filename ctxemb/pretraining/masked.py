"""BERT's objectives: masked pieces and next sentences (Devlin et al. 2018, section 3.1 and appendix A)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.base import last
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.models.formats.tokenizer_settings import TOKENIZER
from ctxemb.pretraining.corpus import Document, batches_of
from ctxemb.pretraining.heads import fill_head, read_head
from ctxemb.pretraining.objective import Batch, Density, Goals, n_characters
from ctxemb.pretraining.prepared import Prepared
from ctxemb.pretraining.running import Integers, PieceTables, RunningText, borders, ranges
from ctxemb.pretraining.sizes import Sizes
from ctxemb.pretraining.vocabulary import kept_tokenizer, train_wordpiece

MASKED_SHARE = 0.15
SHORT_SHARE = 0.1
EARLY_WINDOW = 0.25
"""Size of the windows in the early part of the training, as a share of their full size.

The paper trains nine tenths of the steps on windows of 128 instead of 512 pieces, for speed. In short windows
what a masked piece depends on is also a larger share of what there is to attend to, and attention is learned
several times sooner. A short window begins at a random position: all positions are learned from the start
(compare Kiyono et al. 2021).
"""

_PIECES_AT_ONCE = 8192


class MaskedHead(nn.Module):
    """The heads of BERT's pretraining; the softmax weights are the piece embeddings."""

    def __init__(self, network: Bert) -> None:
        super().__init__()
        width = network.width
        self.network = network
        self.transform = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=network.config.epsilon)
        self.bias = nn.Parameter(torch.zeros(network.config.n_vocabulary))
        self.next_sentence = nn.Linear(width, 2)

    def piece_logits(self, last: Tensor) -> Tensor:
        """Return (n, n_vocabulary) from the last layer's vectors, (n, width)."""
        x = self.norm(F.gelu(self.transform(last)))
        return F.linear(x, self.network.pieces.weight, self.bias)


class MaskedObjective:
    """Masked language model plus next-sentence prediction.

    Parameters
    ----------
    network
        A BERT.
    """

    name: ClassVar[str] = "bert"
    summary: ClassVar[str] = (
        "masked language model and next-sentence prediction over WordPieces (Devlin et al. 2018)"
    )
    weights: ClassVar[dict[str, float]] = {"masked": 1.0, "next_sentence": 1.0}

    @classmethod
    def begin(cls, corpus: Prepared, folder: Path, sizes: Sizes, seed: int) -> MaskedObjective:
        """Return the objective of a new BERT with a WordPiece vocabulary of the corpus."""
        tokenizer = kept_tokenizer(
            folder / TOKENIZER,
            "[UNK]",
            lambda: train_wordpiece(corpus.sentences(), corpus.types, sizes.n_vocabulary),
        )
        config = BertConfig(
            n_vocabulary=len(tokenizer),
            n_positions=sizes.n_positions,
            width=sizes.width,
            n_blocks=sizes.n_blocks,
            n_heads=sizes.n_heads,
            hidden=4 * sizes.width,
            dropout=0.0,
        )
        torch.manual_seed(seed)
        return cls(Bert(config, tokenizer))

    @classmethod
    def load(cls, network: Bert, folder: Path) -> MaskedObjective:
        """Return the objective of a trained BERT, with the head in `folder`."""
        weights = read_head(folder)
        made = cls(network)
        fill_head(made.module, weights, folder)
        return made

    def __init__(self, network: Bert) -> None:
        self.network = network
        self.head = MaskedHead(network)
        self.module: nn.Module = self.head
        tokenizer = network.tokenizer
        self.tables = PieceTables(tokenizer)
        self.cls, self.sep, self.mask = (tokenizer.id(piece) for piece in ("[CLS]", "[SEP]", "[MASK]"))
        special = {self.cls, self.sep, self.mask, tokenizer.id("[PAD]"), tokenizer.id("[UNK]")}
        self.ordinary = np.array([i for i in range(len(tokenizer)) if i not in special])

    def inner(self) -> Iterator[Tensor]:
        """Yield the weights of the blocks."""
        return self.network.blocks.parameters()

    def learn(self, types: Sequence[str]) -> None:
        """Look up the pieces of all words of a corpus."""
        self.tables.of(types)

    def batches(
        self, text: RunningText, batch_words: int, generator: np.random.Generator, *, early: bool = False
    ) -> Iterator[Batch]:
        """Yield masked pairs of text, shuffled."""
        size = self.network.config.n_positions
        window = max(8, int(size * EARLY_WINDOW)) if early else size
        pieces, places = self.tables.of(text.types).running(text.words)
        pairs = generator.permutation(cut_pairs(text, places, generator, window - 3))
        for part in batches_of(n_words(pairs).tolist(), batch_words):
            yield self.collate(pieces, places, pairs[part], generator)

    def whole(self, documents: Sequence[Document]) -> Iterator[Batch]:
        """Yield windows ``[CLS] text [SEP]`` of running text; of each copy another piece is masked."""
        room = self.network.config.n_positions - 2
        for document in self._running(documents):
            for start in range(0, len(document), room):
                window = np.array([self.cls, *document[start : start + room], self.sep])
                yield from self._one_by_one(window)

    def _running(self, documents: Sequence[Document]) -> list[list[int]]:
        """Return the pieces of each document."""
        split = map(self.network.tokenizer.pieces, documents)
        return [[piece for sentence in text for word in sentence for piece in word] for text in split]

    def _one_by_one(self, window: Integers) -> Iterator[Batch]:
        size = len(window)
        rows = max(1, _PIECES_AT_ONCE // size)
        for first in range(1, size - 1, rows):
            places = np.arange(first, min(first + rows, size - 1))
            pieces = np.tile(window, (len(places), 1))
            copies = np.arange(len(places))
            pieces[copies, places] = self.mask
            goals = Goals(torch.from_numpy(copies * size + places), torch.from_numpy(window[places]))
            nothing = torch.zeros(0, dtype=torch.long)
            encoding = self.encoding(pieces.reshape(-1), torch.arange(0, (len(places) + 1) * size, size))
            yield Batch(0, encoding, {"masked": goals, "next_sentence": Goals(nothing, nothing)})

    def collate(
        self, pieces: Integers, places: Integers, pairs: Integers, generator: np.random.Generator
    ) -> Batch:
        """Lay out pairs as windows ``[CLS] A [SEP] B [SEP]``, the shortest first, and mask them.

        What is masked is the target of its piece, and whether B follows A, 1 or 0, that of ``[CLS]``.
        A window begins at a random position among those from which it fits.

        Parameters
        ----------
        pieces, places
            The pieces of the text, and (n_words + 1,) where its words start and end in them.
        pairs
            As `cut_pairs` returns them.
        generator
            Where chance comes from.
        """
        starts, counts = places[pairs[:, [0, 2]]], places[pairs[:, [1, 3]]] - places[pairs[:, [0, 2]]]
        by_length = np.argsort(counts.sum(axis=1), kind="stable")
        starts, counts, pairs = starts[by_length], counts[by_length], pairs[by_length]
        windows = borders(counts.sum(axis=1) + 3)
        laid = np.full(windows[-1], self.sep)
        laid[windows[:-1]] = self.cls
        firsts = np.stack([windows[:-1] + 1, windows[:-1] + counts[:, 0] + 2], axis=1)  # of A and of B
        inside = ranges(firsts.ravel(), counts.ravel())
        laid[inside] = pieces[ranges(starts.ravel(), counts.ravel())]
        segments = np.zeros(len(laid), dtype=np.int64)
        segments[ranges(firsts[:, 1], counts[:, 1] + 1)] = 1
        masked, rows = self.masked(laid, generator)
        encoding = self.encoding(masked, torch.from_numpy(windows))
        room = self.network.config.n_positions - np.diff(windows)
        shift = np.repeat(generator.integers(room + 1), np.diff(windows))
        goals = Goals(torch.from_numpy(rows), torch.from_numpy(laid[rows]))
        follows = Goals(torch.from_numpy(windows[:-1].copy()), torch.from_numpy(pairs[:, 4].copy()))
        return Batch(
            n_words=int(n_words(pairs).sum()),
            encoding=encoding,
            targets={"masked": goals, "next_sentence": follows},
            segments=torch.from_numpy(segments),
            positions=encoding.positions() + torch.from_numpy(shift),
        )

    def encoding(self, pieces: Integers, windows: Tensor) -> Encoding:
        """Return (n_pieces,) pieces and the borders of their windows as the network reads them."""
        return Encoding(
            pieces=torch.from_numpy(pieces),
            words=torch.tensor([NO_WORD]).expand(len(pieces)),
            windows=windows,
            offsets=torch.zeros(1, dtype=torch.long),
        )

    def masked(self, pieces: Integers, generator: np.random.Generator) -> tuple[Integers, Integers]:
        """Choose 15 % of the pieces: 80 % become ``[MASK]``, 10 % a random piece, 10 % stay.

        Parameters
        ----------
        pieces
            (n_pieces,); ``[CLS]`` and ``[SEP]`` are never chosen.
        generator
            Where chance comes from.

        Returns
        -------
        array, array
            (n_pieces,) what the network reads, and (n_chosen,) the pieces that it is to predict.
        """
        ordinary = (pieces != self.cls) & (pieces != self.sep)
        rows = np.flatnonzero((generator.random(len(pieces)) < MASKED_SHARE) & ordinary)
        if not len(rows):
            rows = np.flatnonzero(ordinary)[:1]
        fate = generator.random(len(rows))
        random_pieces = self.ordinary[generator.integers(len(self.ordinary), size=len(rows))]
        read = pieces.copy()
        read[rows] = np.where(fate < 0.8, self.mask, np.where(fate < 0.9, random_pieces, pieces[rows]))
        return read, rows

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of masked pieces and that of the next sentence, summed, in nats."""
        masked, follows = batch.targets["masked"], batch.targets["next_sentence"]
        top = last(self.network.each(batch.encoding, batch.segments, batch.positions))
        logits = self.head.piece_logits(top.index_select(0, masked.rows))
        following = self.head.next_sentence(self.network.pool(top.index_select(0, follows.rows)))
        return {
            "masked": F.cross_entropy(logits, masked.values, reduction="sum"),
            "next_sentence": F.cross_entropy(following, follows.values, reduction="sum"),
        }

    def densities(self, documents: Sequence[Document]) -> dict[str, Density]:
        """Return the pieces per character, as if each were masked."""
        n_pieces = sum(map(len, self._running(documents)))
        return {"masked": Density(n_pieces / n_characters(documents))}


def cut_pairs(text: RunningText, places: Integers, generator: np.random.Generator, room: int) -> Integers:
    """Cut documents into pairs of text A and B; in half of them B is from another document.

    Both consist of whole sentences, cut at the end, between words, where they exceed the `room`. Nine tenths
    of the pairs aim at filling it, the others at a random shorter length.

    Parameters
    ----------
    text
        The documents.
    places
        (n_words + 1,) where the words start and end in the pieces of the text.
    generator
        Where chance comes from.
    room
        Most pieces of A and B together.

    Returns
    -------
    array
        (n_pairs, 5) first word of A, and the end of its words; the same of B; and 1 if B follows A, else 0.
    """
    chance = Random(int(generator.integers(1 << 62)))
    words = text.sentences.tolist()  # where sentences start and end, in words ...
    ends = places[text.sentences].tolist()  # ... and in pieces
    at = places.tolist()
    documents = list(pairwise(text.documents.tolist()))
    pairs: list[tuple[int, int, int, int, int]] = []
    for number, (first, stop) in enumerate(documents):
        start, target, position = first, _target(room, chance), first
        while position < stop:
            position += 1
            if (ends[position] - ends[start] < target or position - start == 1) and position < stop:
                continue
            split = start + (chance.randrange(1, position - start) if position - start > 1 else 1)
            follows = position - start > 1 and (chance.random() < 0.5 or len(documents) == 1)
            second, end = split, position
            if not follows:
                position = split  # what was not used is read again
                second, end = _elsewhere(documents, number, ends, target - ends[split] + ends[start], chance)
            pair = _trimmed([words[start], words[split], words[second], words[end]], at, room)
            if pair[0] < pair[1] and pair[2] < pair[3]:
                pairs.append((*pair, int(follows)))
            start, target = position, _target(room, chance)
    return np.array(pairs, dtype=np.int64).reshape(-1, 5)


def n_words(pairs: Integers) -> Integers:
    """Return (n_pairs,) the words of pairs as `cut_pairs` returns them."""
    return pairs[:, 1] - pairs[:, 0] + pairs[:, 3] - pairs[:, 2]


def _target(room: int, chance: Random) -> int:
    return chance.randint(min(8, room), room) if chance.random() < SHORT_SHARE else room


def _elsewhere(
    documents: list[tuple[int, int]], other_than: int, ends: list[int], length: int, chance: Random
) -> tuple[int, int]:
    """Return sentences from a random place of another document: at least `length` pieces if there are any."""
    if len(documents) == 1:
        return 0, 0
    number = chance.randrange(len(documents) - 1)
    first, stop = documents[number + (number >= other_than)]
    start = chance.randrange(first, stop)
    end = start + 1
    while end < stop and ends[end] - ends[start] < length:
        end += 1
    return start, end


def _trimmed(pair: list[int], at: list[int], room: int) -> tuple[int, int, int, int]:
    """Cut words off the end of the longer text until both fit the room."""
    a, a_end, b, b_end = pair
    first, second = at[a_end] - at[a], at[b_end] - at[b]
    while first + second > room:
        if first > second:
            a_end -= 1
            first = at[a_end] - at[a]
        else:
            b_end -= 1
            second = at[b_end] - at[b]
    return a, a_end, b, b_end


OBJECTIVE = MaskedObjective
