"""BERT's objectives: masked pieces and next sentences (Devlin et al. 2018, section 3.1 and appendix A)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ctxemb.models.base import last
from ctxemb.models.bert import Bert
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.pretraining.corpus import Document, batches_of
from ctxemb.pretraining.objective import IGNORED, Batch, Density, n_characters, predicted

MASKED_SHARE = 0.15
SHORT_SHARE = 0.1
SMALL_WINDOW_SHARE = 0.7
"""Share of the training over which windows are a quarter of their full size.

The paper trains nine tenths of the steps on windows of 128 instead of 512 pieces, for speed. In short windows
what a masked piece depends on is also a larger share of what there is to attend to, and attention is learned
several times sooner, which decides when there are few words to learn from; so the full size has three tenths.
A short window begins at a random position: all positions are learned from the start, and those that only full
windows reach need not wait until the learning rate is nearly spent (compare Kiyono et al. 2021).
"""

_PIECES_AT_ONCE = 8192

Pair = tuple[list[int], list[int], bool, int]
"""Pieces of A, pieces of B, whether B follows A, and the number of words of both."""


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

    weights: ClassVar[dict[str, float]] = {"masked": 1.0, "next_sentence": 1.0}

    def __init__(self, network: Bert) -> None:
        self.network = network
        self.head = MaskedHead(network)
        self.module: nn.Module = self.head
        tokenizer = network.tokenizer
        self.cls, self.sep, self.mask = (tokenizer.id(piece) for piece in ("[CLS]", "[SEP]", "[MASK]"))
        special = {self.cls, self.sep, self.mask, tokenizer.id("[PAD]"), tokenizer.id("[UNK]")}
        self.ordinary = np.array([i for i in range(len(tokenizer)) if i not in special])

    def batches(
        self, documents: list[Document], batch_words: int, generator: np.random.Generator, share: float
    ) -> Iterator[Batch]:
        """Yield masked pairs of text, shuffled."""
        size = self.network.config.n_positions
        pairs = self.pairs(documents, generator, max(8, size // 4) if share < SMALL_WINDOW_SHARE else size)
        order = generator.permutation(len(pairs))
        for part in batches_of([pairs[i][3] for i in order], batch_words):
            chosen = [pairs[i] for i in order[part]]
            yield self.collate(chosen, generator)

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

    def _one_by_one(self, window: NDArray[np.int64]) -> Iterator[Batch]:
        size = len(window)
        rows = max(1, _PIECES_AT_ONCE // size)
        for first in range(1, size - 1, rows):
            places = np.arange(first, min(first + rows, size - 1))
            pieces = np.tile(window, (len(places), 1))
            targets = np.full_like(pieces, IGNORED)
            copies = np.arange(len(places))
            targets[copies, places] = window[places]
            pieces[copies, places] = self.mask
            borders = torch.arange(0, (len(places) + 1) * size, size)
            goals = {
                "masked": torch.from_numpy(targets.reshape(-1)),
                "next_sentence": torch.full((pieces.size,), IGNORED),
            }
            yield Batch(0, self.encoding(pieces.reshape(-1), borders), goals)

    def pairs(self, documents: list[Document], generator: np.random.Generator, window: int) -> list[Pair]:
        """Cut documents into pairs of text A and B; in half of them B is from another document.

        Both consist of whole sentences, cut at the end where they exceed the `window`. Nine tenths of the
        pairs aim at filling the window, the others at a random shorter length.
        """
        encoded = [self.network.tokenizer.pieces(document) for document in documents]
        room = window - 3
        pairs: list[Pair] = []
        for number, document in enumerate(encoded):
            current: list[list[tuple[int, ...]]] = []
            length = 0
            target = _target(room, generator)
            position = 0
            while position < len(document):
                sentence = document[position]
                current.append(sentence)
                length += sum(map(len, sentence))
                position += 1
                if (length < target or len(current) == 1) and position < len(document):
                    continue
                split = int(generator.integers(1, len(current))) if len(current) > 1 else 1
                follows = len(current) > 1 and (generator.random() < 0.5 or len(encoded) == 1)
                first, second = current[:split], current[split:]
                if not follows:
                    position -= len(second)  # what was not used is read again
                    used = sum(len(word) for sentence in first for word in sentence)
                    second = _random_sentences(encoded, number, target - used, generator)
                pair = _trimmed(first, second, follows=follows, room=room)
                if pair[0] and pair[1]:
                    pairs.append(pair)
                current, length, target = [], 0, _target(room, generator)
        return pairs

    def collate(self, pairs: list[Pair], generator: np.random.Generator) -> Batch:
        """Lay out pairs as windows ``[CLS] A [SEP] B [SEP]`` and mask them.

        What is masked is the target of its piece, and whether B follows A, 1 or 0, that of ``[CLS]``.
        A window begins at a random position among those from which it fits.
        """
        pairs = sorted(pairs, key=lambda pair: len(pair[0]) + len(pair[1]))
        windows = [[self.cls, *a, self.sep, *b, self.sep] for a, b, _, _ in pairs]
        segments = [[0] * (len(a) + 2) + [1] * (len(b) + 1) for a, b, _, _ in pairs]
        pieces = np.concatenate([np.array(window) for window in windows])
        masked, targets = self.masked(pieces, generator)
        borders = torch.tensor([0, *map(len, windows)]).cumsum(0)
        follows = torch.full((len(pieces),), IGNORED)
        follows[borders[:-1]] = torch.tensor([int(pair[2]) for pair in pairs])
        encoding = self.encoding(masked, borders)
        room = self.network.config.n_positions - encoding.lengths
        first = torch.from_numpy(generator.integers(room.numpy() + 1))
        return Batch(
            n_words=sum(pair[3] for pair in pairs),
            encoding=encoding,
            targets={"masked": torch.from_numpy(targets), "next_sentence": follows},
            segments=torch.tensor([s for row in segments for s in row]),
            positions=encoding.positions() + torch.repeat_interleave(first, encoding.lengths),
        )

    def encoding(self, pieces: NDArray[np.int64], windows: Tensor) -> Encoding:
        """Return (n_pieces,) pieces and the borders of their windows as the network reads them."""
        return Encoding(
            pieces=torch.from_numpy(pieces),
            words=torch.full((len(pieces),), NO_WORD),
            windows=windows,
            offsets=torch.zeros(1, dtype=torch.long),
        )

    def masked(
        self, pieces: NDArray[np.int64], generator: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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
            (n_pieces,) what the network reads, and what it is to predict (`IGNORED` for nothing).
        """
        draw = generator.random(len(pieces))
        chosen = (draw < MASKED_SHARE) & (pieces != self.cls) & (pieces != self.sep)
        if not chosen.any():
            chosen[int(np.flatnonzero((pieces != self.cls) & (pieces != self.sep))[0])] = True
        fate = generator.random(len(pieces))
        random_pieces = generator.choice(self.ordinary, len(pieces))
        read = np.where(chosen & (fate < 0.8), self.mask, pieces)
        read = np.where(chosen & (fate >= 0.8) & (fate < 0.9), random_pieces, read)
        return read, np.where(chosen, pieces, IGNORED)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of masked pieces and that of the next sentence, summed, in nats."""
        masked, follows = batch.targets["masked"], batch.targets["next_sentence"]
        top = last(self.network.each(batch.encoding, batch.segments, batch.positions))
        chosen, starts = predicted(masked), predicted(follows)
        logits = self.head.piece_logits(top.index_select(0, chosen))
        following = self.head.next_sentence(self.network.pool(top.index_select(0, starts)))
        return {
            "masked": F.cross_entropy(logits, masked[chosen], reduction="sum"),
            "next_sentence": F.cross_entropy(following, follows[starts], reduction="sum"),
        }

    def densities(self, documents: Sequence[Document]) -> dict[str, Density]:
        """Return the pieces per character, as if each were masked."""
        n_pieces = sum(map(len, self._running(documents)))
        return {"masked": Density(n_pieces / n_characters(documents))}


def _target(room: int, generator: np.random.Generator) -> int:
    return int(generator.integers(min(8, room), room + 1)) if generator.random() < SHORT_SHARE else room


def _random_sentences(
    documents: list[list[list[tuple[int, ...]]]], other_than: int, length: int, generator: np.random.Generator
) -> list[list[tuple[int, ...]]]:
    """Return sentences from a random place of another document: at least `length` pieces if there are any."""
    if len(documents) == 1:
        return []
    number = int(generator.integers(len(documents) - 1))
    document = documents[number + (number >= other_than)]
    start = int(generator.integers(len(document)))
    sentences = []
    for sentence in document[start:]:
        sentences.append(sentence)
        length -= sum(map(len, sentence))
        if length <= 0:
            break
    return sentences


def _trimmed(
    first: list[list[tuple[int, ...]]], second: list[list[tuple[int, ...]]], *, follows: bool, room: int
) -> Pair:
    """Join sentences and cut whole words off the end of the longer text until both fit the window."""
    a, b = ([word for sentence in text for word in sentence] for text in (first, second))
    sizes = [sum(map(len, a)), sum(map(len, b))]
    while sum(sizes) > room:
        longer = 0 if sizes[0] > sizes[1] else 1
        text = (a, b)[longer]
        sizes[longer] -= len(text.pop())
    return [p for word in a for p in word], [p for word in b for p in word], follows, len(a) + len(b)
