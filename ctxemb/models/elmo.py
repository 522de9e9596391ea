"""ELMo: a bidirectional LSTM language model over words read by their characters (Peters et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctxemb.layers.characters import CharacterCNN
from ctxemb.layers.fused_lstm import FEWEST_PIECES
from ctxemb.layers.lstm import BiLSTMLayer, State, time_order
from ctxemb.layers.products import can_fuse
from ctxemb.layers.steps import SharedSteps
from ctxemb.layers.weight_cache import Kept
from ctxemb.models.encoding import Encoding, pack, sent
from ctxemb.models.known_words import KnownWords
from ctxemb.text.sentence import Sentence

# Symbols of bilm-tf, moved up by one as AllenNLP does: 0 is left for "no character".
_SENTENCE_START, _SENTENCE_END, _WORD_START, _WORD_END, _PADDING = 257, 258, 259, 260, 261

_ALIKE_AT_ONCE = 32
"""Words of equal length that the filters read at once."""
_WORDS_AT_ONCE = 128
"""Words that go through what follows the filters at once."""
_MOST_KNOWN = 1 << 15
"""Words whose vectors are kept."""


@dataclass(frozen=True, slots=True)
class ElmoConfig:
    """Sizes of an ELMo; the defaults are those of the published original model.

    Parameters
    ----------
    symbol_width, filters, n_highway
        Of the character convolutions.
    width
        Size of a word's vector and of an LSTM state, of one direction; a layer's vector is twice as wide.
    cell_width
        Size of an LSTM cell.
    n_lstm_layers
        Number of LSTM layers.
    cell_clip, state_clip
        Largest magnitude of cells and states.
    n_characters
        Symbols that a word is read by, its start and end marks included; longer words are cut.
    skip_connections
        Whether an LSTM's input is added to its output from layer 2 on.
    """

    family: ClassVar[str] = "elmo"

    symbol_width: int = 16
    filters: tuple[tuple[int, int], ...] = (
        (1, 32), (2, 32), (3, 64), (4, 128), (5, 256), (6, 512), (7, 1024),
    )  # fmt: skip
    n_highway: int = 2
    width: int = 512
    cell_width: int = 4096
    n_lstm_layers: int = 2
    cell_clip: float | None = 3.0
    state_clip: float | None = 3.0
    n_characters: int = 50
    skip_connections: bool = True


class Elmo(nn.Module):
    """The network of ELMo, without its language-model softmax.

    Layer 0 is the word from its characters, given twice so that all layers are equally wide; layers 1 and 2
    are the LSTMs, forward and backward side by side. From layer 2 on, a layer's input is added to its output,
    if there are skip connections.
    No layer is normalised.
    """

    family = "elmo"
    batch_pieces = 4096

    def __init__(self, config: ElmoConfig) -> None:
        super().__init__()
        self.config = config
        self.characters = CharacterCNN(
            config.symbol_width, config.filters, config.n_highway, config.width, padding=_PADDING
        )
        self.lstm = nn.ModuleList(
            BiLSTMLayer(
                config.width,
                config.width,
                config.cell_width,
                cell_clip=config.cell_clip,
                state_clip=config.state_clip,
            )
            for _ in range(config.n_lstm_layers)
        )
        self._known: Kept[KnownWords] = Kept()

    @property
    def n_layers(self) -> int:
        """Number of layers, the words from characters included."""
        return len(self.lstm) + 1

    @property
    def width(self) -> int:
        """Size of a layer's vector, both directions together."""
        return 2 * self.config.width

    def forward(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, 2 * config.width)."""
        return torch.stack(list(self.each(batch)))

    def each(self, batch: Encoding) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, (n_pieces, 2 * config.width)."""
        words = self._words(batch)
        if can_fuse(words) and len(batch.pieces) >= FEWEST_PIECES:
            return self._each_once(batch, words)
        return self._each(batch, words, lambda number, x, running: self.lstm[number](x, running))

    def continued(self, batch: Encoding, initial: Sequence[State]) -> tuple[Tensor, list[State]]:
        """Return the vectors of all layers from initial states, and the final states.

        Parameters
        ----------
        batch
            The words.
        initial
            For each LSTM layer, what its directions begin each window with, longest window first.

        Returns
        -------
        Tensor, list of State
            (n_layers, n_pieces, 2 * config.width); and what the directions of each layer end with.
        """
        final: list[State] = []

        def run(number: int, x: Tensor, running: list[int]) -> Tensor:
            lstm = self.lstm[number]
            assert isinstance(lstm, BiLSTMLayer)
            out, state = lstm.continued(x, running, initial[number])
            final.append(state)
            return out

        return torch.stack(list(self._each(batch, self._words(batch), run))), final

    def _each(
        self, batch: Encoding, words: Tensor, run: Callable[[int, Tensor, list[int]], Tensor]
    ) -> Iterator[Tensor]:
        words = words[batch.pieces]  # (n_pieces, config.width)
        yield torch.cat([words, words], dim=1)
        order, running = time_order(batch.lengths)
        order = sent(order, words.device)
        x = words[order]  # (2, n_pieces, config.width), in time order
        back = order.argsort(dim=1)
        for number in range(len(self.lstm)):
            out = run(number, x, running)
            x = out + x if number and self.config.skip_connections else out
            yield torch.cat([x[0, back[0]], x[1, back[1]]], dim=1)

    def _each_once(self, batch: Encoding, words: Tensor) -> Iterator[Tensor]:
        """Yield the layers, with what windows or words have in common computed once; without gradients."""
        yield torch.cat([words, words], dim=1)[batch.pieces]
        distinct, pieces = batch.pieces.unique(return_inverse=True)
        shared = [SharedSteps.of(pieces, batch.lengths, backward=backward) for backward in (False, True)]
        below: list[Tensor] = []
        for lstm in self.lstm:
            assert isinstance(lstm, BiLSTMLayer)
            outs = [
                lstm.follow(direction, below[direction], one.steps)
                if below
                else lstm.follow(direction, words[distinct], one.steps, one.pieces)
                for direction, one in enumerate(shared)
            ]
            added = below and self.config.skip_connections
            below = [out + x for out, x in zip(outs, below, strict=True)] if added else outs
            yield torch.cat([x[one.rows] for x, one in zip(below, shared, strict=True)], dim=1)

    def _words(self, batch: Encoding) -> Tensor:
        if batch.inputs is not None:
            return batch.inputs
        if batch.spellings is None:
            raise ValueError("ELMo reads spellings; encode the batch with Elmo.encode")
        words: Tensor = self.characters(batch.spellings)
        return words

    @torch.inference_mode()
    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with its distinct words read from their characters, if not known from before.

        So that a shard's bytes do not depend on what was read before it, a word's vector has the same bits in
        whatever company it is read: filters see words of equal length alone, and both they and what follows
        them see the same number of words every time.
        """
        if batch.spellings is None:
            raise ValueError("ELMo reads spellings; encode the batch with Elmo.encode")
        known = self._known.get(self.characters.parameters(), lambda: KnownWords(_MOST_KNOWN))
        return replace(batch, inputs=known.vectors(batch.spellings, self._read))

    def _read(self, spellings: Tensor) -> Tensor:
        """Return the vectors of spellings, (n_words, config.width)."""
        lengths = (spellings != _PADDING).sum(dim=1)
        order = lengths.argsort(stable=True)
        vectors = self.characters.projection.weight.new_empty(len(lengths), self.config.width)
        for rows in order.split(_WORDS_AT_ONCE):
            sizes = lengths[rows].unique_consecutive(return_counts=True)[1]
            alike = [part for same in rows.split(sizes.tolist()) for part in same.split(_ALIKE_AT_ONCE)]
            found = [
                self.characters.filtered(_filled(spellings[part], _ALIKE_AT_ONCE))[: len(part)]
                for part in alike
            ]
            mixed = self.characters.mixed(_filled(torch.cat(found), _WORDS_AT_ONCE))
            vectors[sent(rows, vectors.device)] = mixed[: len(rows)]
        return vectors

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Spell the words of `sentences`; a window is a sentence between its start and end marks."""
        words = [word for sentence in sentences for word in sentence.words]
        rows = {word: row for row, word in enumerate(dict.fromkeys(words), start=2)}
        pieces = np.fromiter(map(rows.__getitem__, words), dtype=np.int64, count=len(words))
        sizes = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        packed = pack(pieces, np.ones_like(pieces), sizes, prefix=(0,), suffix=(1,))
        return replace(packed, spellings=self.spell(rows))

    def spell(self, words: Sequence[str] | dict[str, int]) -> Tensor:
        """Return the symbols of the sentence's start and end marks, then of `words`.

        Returns
        -------
        Tensor
            (2 + n_words, n_characters)
        """
        symbols: NDArray[np.int64] = np.full((len(words) + 2, self.config.n_characters), _PADDING)
        symbols[:, 0] = _WORD_START
        symbols[0, 1:3] = _SENTENCE_START, _WORD_END
        symbols[1, 1:3] = _SENTENCE_END, _WORD_END
        room = self.config.n_characters - 2
        for row, word in enumerate(words, start=2):
            spelling = word.encode("utf-8", "surrogatepass")[:room]
            symbols[row, 1 : len(spelling) + 1] = np.frombuffer(spelling, dtype=np.uint8)
            symbols[row, 1 : len(spelling) + 1] += 1
            symbols[row, len(spelling) + 1] = _WORD_END
        return torch.from_numpy(symbols)


def _filled(rows: Tensor, count: int) -> Tensor:
    """Return `rows` with copies of the last one behind them, `count` in all."""
    return torch.cat([rows, rows[-1:].expand(count - len(rows), -1)])
