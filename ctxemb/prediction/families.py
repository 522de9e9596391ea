"""How ELMo, GPT and BERT predict: each with its own reading of the sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ctxemb.models.base import last
from ctxemb.models.bert import Bert
from ctxemb.models.elmo import Elmo
from ctxemb.models.encoding import NO_WORD, Encoding, pack
from ctxemb.models.gpt import Gpt
from ctxemb.prediction.predictor import Predictor, Surprisal
from ctxemb.prediction.published_head import published_head
from ctxemb.pretraining.bilm import BOUNDARY, UNKNOWN, BiLMObjective
from ctxemb.pretraining.heads import HEAD
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.spelling import ByteBigrams
from ctxemb.pretraining.vocabulary import START
from ctxemb.text.sentence import Sentence

_AT_ONCE = 8192
"""Pieces that a network reads at once."""
_ROWS = 2048
"""Predictions whose softmax is computed at once."""

Numbers = NDArray[np.int64]


class GptPredictor(Predictor):
    """GPT: each piece given those to its left.

    A window begins with the network's start piece; one without, such as GPT-2, reads ``<|endoftext|>`` there,
    as between the texts that it was trained on.
    """

    family = "gpt"
    directions = ("left to right",)

    @classmethod
    def of(cls, network: Gpt, folder: Path, device: str) -> GptPredictor:
        """Return what predicts for a GPT, whose softmax is that of its pieces."""
        del folder
        return cls(network, device)

    def __init__(self, network: Gpt, device: str = "cpu") -> None:
        super().__init__(network, device)
        self.network = network
        self.start = network.tokenizer.id(network.config.start or START)

    def _encode(self, sentences: list[Sentence]) -> Encoding:
        pieces = self.network.tokenizer.flat(sentences)
        return pack(*pieces, prefix=(self.start,), max_pieces=self.network.config.n_positions, causal=True)

    def _expected(self, sentence: Sentence, place: int) -> dict[str, Tensor]:
        left = np.array([self.start])
        if place:
            read = self.network.tokenizer.flat([Sentence(sentence.words[:place])])[0]
            left = np.concatenate([left, read[-(self.network.config.n_positions - 1) :]])
        encoding = _windows(left, np.array([0, len(left)]))
        top = last(self.network.each(encoding.to(self.device)))[-1:]
        return {"left to right": self._scores(top)[0].softmax(dim=0).cpu()}

    def _name(self, number: int) -> str | None:
        piece = self.network.tokenizer.tokenizer.id_to_token(number)
        if piece is None or number == self.start:
            return None
        return piece[1:] if piece.startswith("Ġ") and len(piece) > 1 else None

    def _scores(self, top: Tensor) -> Tensor:
        return F.linear(top, self.network.pieces.weight)

    def _bits(self, sentences: list[Sentence]) -> list[list[Surprisal]]:
        encoding = self._encode(sentences)
        bits = np.zeros(encoding.n_words)
        for part in _parts(encoding):
            top = last(self.network.each(part.to(self.device)))
            rows = (part.words != NO_WORD).nonzero().squeeze(1)
            found = _surprise(self._scores, top[(rows - 1).to(top.device)], part.pieces[rows])
            np.add.at(bits, part.words[rows].numpy(), found)
        return [[Surprisal("left to right", part)] for part in _split(bits, encoding)]


class BertPredictor(Predictor):
    """BERT: pieces that are masked, given all others.

    A word's pieces are masked from the current one on, so that a word of several pieces is not told by its
    own end (Kauf and Ivanova 2023); the sum over a sentence is a pseudo-likelihood.
    """

    family = "bert"
    directions = ("masked",)

    @classmethod
    def of(cls, network: Bert, folder: Path, device: str) -> BertPredictor:
        """Return what predicts for a BERT that was trained here, or published with its head."""
        trained = (folder / HEAD).is_file()
        objective = MaskedObjective.load(network, folder) if trained else published_head(network, folder)
        return cls(objective, device)

    def __init__(self, objective: MaskedObjective, device: str = "cpu") -> None:
        super().__init__(objective.module, device)
        self.network, self.objective = objective.network, objective
        self._ordinary = set(objective.ordinary.tolist())

    def _expected(self, sentence: Sentence, place: int) -> dict[str, Tensor]:
        pieces, counts, sizes = self.network.tokenizer.flat([sentence])
        start = int(counts[:place].sum())
        pieces = np.concatenate([pieces[:start], [self.objective.mask], pieces[start + counts[place] :]])
        counts[place] = 1
        encoding = self._pack(pieces, counts, sizes)
        top = last(self.network.each(encoding.to(self.device)))[(encoding.words == place).to(self.device)]
        return {"masked": self._scores(top)[0].softmax(dim=0).cpu()}

    def _pack(self, pieces: Numbers, counts: Numbers, sizes: Numbers) -> Encoding:
        """Lay out windows as the network's own `encode` does."""
        room = self.network.config.n_positions - self.network.config.first_position
        marks = (self.objective.cls,), (self.objective.sep,)
        return pack(pieces, counts, sizes, prefix=marks[0], suffix=marks[1], max_pieces=room)

    def _name(self, number: int) -> str | None:
        piece = self.network.tokenizer.tokenizer.id_to_token(number)
        return None if number not in self._ordinary or piece is None or piece.startswith("##") else piece

    def next_sentence(self, first: Sentence, second: Sentence) -> float:
        """Return the probability that `second` follows `first` (Devlin et al. 2018)."""
        a, b = (self.network.tokenizer.flat([text])[0] for text in (first, second))
        cls, sep = [self.objective.cls], [self.objective.sep]
        pieces = np.concatenate([cls, a, sep, b, sep]).astype(np.int64)[: self.network.config.n_positions]
        segments = torch.from_numpy((np.arange(len(pieces)) >= len(a) + 2).astype(np.int64))
        read = _windows(pieces, np.array([0, len(pieces)])).to(self.device)
        with torch.no_grad():
            top = last(self.network.each(read, segments.to(self.device)))
            scores = self.objective.head.next_sentence(self.network.pool(top[:1]))
        return float(scores.softmax(dim=1)[0, 1])

    def _scores(self, top: Tensor) -> Tensor:
        return self.objective.head.piece_logits(top)

    def _bits(self, sentences: list[Sentence]) -> list[list[Surprisal]]:
        encoding = self._pack(*self.network.tokenizer.flat(sentences))
        bits = np.zeros(encoding.n_words)
        for pieces, borders, rows, goals, words in self._copies(encoding):
            top = last(self.network.each(_windows(pieces, borders).to(self.device)))
            found = _surprise(
                self._scores, top[torch.from_numpy(rows).to(top.device)], torch.from_numpy(goals)
            )
            np.add.at(bits, words, found)
        return [[Surprisal("masked", part)] for part in _split(bits, encoding)]

    def _copies(self, encoding: Encoding) -> Iterator[tuple[Numbers, Numbers, Numbers, Numbers, Numbers]]:
        """Yield batches of copies of windows, one for each piece that belongs to a word of its window.

        Yields
        ------
        arrays
            (n_pieces,) pieces and (n_copies + 1,) borders of the copies; (n_copies,) the row of each that is
            predicted, the piece that stood there, and its word.
        """
        pieces, words, borders = (t.numpy() for t in (encoding.pieces, encoding.words, encoding.windows))
        owned = np.flatnonzero(words != NO_WORD)
        window = np.searchsorted(borders, owned, side="right") - 1
        sizes = np.diff(borders)[window]
        for some in _stretches(sizes, _AT_ONCE):
            at, size, start = owned[some], sizes[some], borders[window[some]]
            ends = np.cumsum(size)
            source = np.arange(ends[-1]) + np.repeat(start - (ends - size), size)
            copy_word, copy_at = np.repeat(words[at], size), np.repeat(at, size)
            hidden = (words[source] == copy_word) & (source >= copy_at)
            read = np.where(hidden, self.objective.mask, pieces[source])
            yield read, np.concatenate([[0], ends]), at - start + ends - size, pieces[at], words[at]


class ElmoPredictor(Predictor):
    """ELMo: each word given those to its left, and given those to its right; its sentence's ends, too.

    A word outside the softmax costs the bits of the unknown word and those of its spelling.
    """

    family = "elmo"
    directions = ("forward", "backward")

    @classmethod
    def of(cls, network: Elmo, folder: Path, device: str) -> ElmoPredictor:
        """Return what predicts for an ELMo that was trained here."""
        return cls(BiLMObjective.load(network, folder), device)

    def __init__(self, objective: BiLMObjective, device: str = "cpu") -> None:
        super().__init__(objective.module, device)
        self.network, self.objective = objective.network, objective
        self._words = [None, None, *objective.numbers]
        self._spelling = ByteBigrams(objective.unknown)

    def _scores(self, top: Tensor) -> Tensor:
        return F.linear(top, self.objective.head.words.weight, self.objective.head.bias)

    def _expected(self, sentence: Sentence, place: int) -> dict[str, Tensor]:
        encoding = self.network.encode([sentence])
        top = last(self.network.each(encoding.to(self.device)))  # start mark, words, end mark
        width = self.network.config.width
        forward = self._scores(top[place : place + 1, :width])[0].log_softmax(dim=0)
        backward = self._scores(top[place + 2 : place + 3, width:])[0].log_softmax(dim=0)
        both = (forward + backward).softmax(dim=0)
        return {"forward": forward.exp().cpu(), "backward": backward.exp().cpu(), "product": both.cpu()}

    def _name(self, number: int) -> str | None:
        return self._words[number]

    def _bits(self, sentences: list[Sentence]) -> list[list[Surprisal]]:
        encoding = self.network.prepare(self.network.encode(sentences).to(self.device))
        width = self.network.config.width
        words = [word for sentence in sentences for word in sentence.words]
        goals = np.array([self.objective.numbers.get(word, UNKNOWN) for word in words])
        spelled = np.array(
            [0.0 if n != UNKNOWN else self._spelling.bits(w) for n, w in zip(goals, words, strict=True)]
        )
        bits = {name: spelled.copy() for name in self.directions}
        ends = {name: np.zeros(encoding.n_sentences) for name in self.directions}
        sentence_of = np.repeat(np.arange(encoding.n_sentences), np.diff(encoding.offsets.numpy()))
        for part in _parts(encoding):
            top = last(self.network.each(part.to(self.device)))
            owner = part.words.numpy()
            is_word, borders = owner != NO_WORD, part.windows.numpy()
            rows = np.flatnonzero(is_word)
            first, final = borders[:-1], borders[1:] - 1  # the marks
            target = np.where(is_word, goals[owner], BOUNDARY)
            whose = sentence_of[owner[first + 1]]
            for name, context, step, marks in (
                ("forward", top[:, :width], -1, final),
                ("backward", top[:, width:], 1, first),
            ):
                wanted = np.concatenate([rows, marks])
                found = _surprise(
                    self._scores,
                    context[torch.from_numpy(wanted + step).to(context.device)],
                    torch.from_numpy(target[wanted]),
                )
                bits[name][owner[rows]] += found[: len(rows)]
                ends[name][whose] = found[len(rows) :]
        parts = {name: _split(values, encoding) for name, values in bits.items()}
        return [
            [Surprisal(name, parts[name][n], float(ends[name][n])) for name in self.directions]
            for n in range(encoding.n_sentences)
        ]


PREDICTORS: tuple[type[Predictor], ...] = (ElmoPredictor, GptPredictor, BertPredictor)


def _surprise(scores: Callable[[Tensor], Tensor], top: Tensor, goals: Tensor) -> NDArray[np.float64]:
    """Return the bits of each goal, (n,), from the vectors that it is predicted from, (n, width)."""
    found = [
        F.cross_entropy(scores(part).float(), goal.to(part.device), reduction="none").cpu()
        for part, goal in zip(top.split(_ROWS), goals.split(_ROWS), strict=True)
    ]
    return torch.cat(found).double().numpy() / np.log(2) if found else np.zeros(0)


def _windows(pieces: Numbers, borders: Numbers) -> Encoding:
    return Encoding(
        torch.from_numpy(np.asarray(pieces, dtype=np.int64)),
        torch.tensor([NO_WORD]).expand(len(pieces)),
        torch.from_numpy(np.asarray(borders, dtype=np.int64)),
        torch.zeros(1, dtype=torch.long),
    )


def _parts(encoding: Encoding) -> Iterator[Encoding]:
    """Yield stretches of windows of about `_AT_ONCE` pieces."""
    for some in _stretches(np.diff(encoding.windows.numpy()), _AT_ONCE):
        part = encoding.part(int(some[0]), int(some[-1]) + 1)
        yield replace(part, offsets=encoding.offsets)


def _stretches(sizes: Numbers, most: int) -> Iterator[Numbers]:
    """Yield stretches of numbers whose sizes add up to about `most`."""
    groups = (np.cumsum(sizes) - sizes) // most
    yield from (
        part for part in np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(groups)) + 1) if len(part)
    )


def _split(values: NDArray[np.float64], encoding: Encoding) -> list[NDArray[np.float64]]:
    """Return the values of each sentence's words."""
    return np.split(values, encoding.offsets[1:-1].numpy())
