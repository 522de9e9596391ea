"""How texts are laid before a network: each alone, or joined by special pieces in one window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.finetuning.items import Item, Target
from ctxemb.finetuning.pieces import CLASSIFY, DELIMITER, START
from ctxemb.models.bert import Bert
from ctxemb.models.checkpoints import Network
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.models.gpt import Gpt
from ctxemb.text.sentence import Sentence


class Laid(NamedTuple):
    """A batch of items as pieces.

    Parameters
    ----------
    encoding
        The pieces; its sentences are the texts of all items, in order.
    segments
        (n_pieces,) 0 for a window's first text, 1 for the others; None where the network has no segments.
    owners
        (n_windows,) the unit of each window: an item, or a target where each is asked about by itself. None
        where texts lie alone.
    units
        (n_targets,) the unit of each target, likewise.
    """

    encoding: Encoding
    segments: Tensor | None = None
    owners: Tensor | None = None
    units: Tensor | None = None


class Layout(Protocol):
    """Lays items."""

    def lay(self, items: Sequence[Item]) -> Laid:
        """Return the items as pieces."""
        ...


@dataclass(frozen=True, slots=True)
class Apart:
    """Each text alone, as the network embeds it: a text beyond the window in windows that overlap."""

    network: Network

    def lay(self, items: Sequence[Item]) -> Laid:
        """Return the texts of all items, one after another."""
        return Laid(self.network.encode([text for item in items for text in item.texts]))


@dataclass(frozen=True, slots=True)
class Template:
    """The special pieces around and between the texts of a window.

    Parameters
    ----------
    start, between, end
        Numbers of the pieces before the first text, between two, and after the last.
    segments
        Whether the network tells the first text from the others by segments.
    """

    start: tuple[int, ...]
    between: tuple[int, ...]
    end: tuple[int, ...]
    segments: bool = False

    @classmethod
    def of(cls, network: Network) -> Template:
        """Return the template of a Transformer.

        BERT reads ``[CLS] A [SEP] B [SEP]`` in two segments (Devlin et al. 2018, figure 2), RoBERTa
        ``<s> A </s></s> B </s>`` in one; GPT reads ``_start_ A _delimiter_ B _classify_`` (Radford et al.
        2018, section 3.3), without those of the pieces that it does not know.

        Raises
        ------
        InputError
            If the network is no Transformer.
        """
        if isinstance(network, Bert):
            number, config = network.tokenizer.id, network.config
            first, sep = (number(config.start),), (number(config.end),)
            return cls(first, sep * (2 if config.first_position else 1), sep, config.n_segments > 1)
        if isinstance(network, Gpt):
            pieces = (network.config.start or START, DELIMITER, CLASSIFY)
            start, between, end = (_known(network, piece) for piece in pieces)
            return cls(start, between, end)
        raise InputError("ELMo reads texts one by one; only Transformers read them in one window")

    def size(self, n_texts: int) -> int:
        """Return the number of special pieces around `n_texts` texts."""
        return len(self.start) + (n_texts - 1) * len(self.between) + len(self.end)


_Part = tuple[list[int], list[int]]
"""The pieces of a text, and the word of each."""


def _known(network: Gpt, piece: str) -> tuple[int, ...]:
    number = network.tokenizer.tokenizer.token_to_id(piece)
    return () if number is None else (int(number),)


class _Window(NamedTuple):
    unit: int
    pieces: list[int]
    words: list[int]
    segments: list[int]


class Together:
    """All texts of an item in one window, cut where they are too long.

    The longest text loses its last pieces first, as BERT's pairs do, until all fit.

    Parameters
    ----------
    network
        A Transformer.
    both_orders
        Whether a pair is read twice, A before B and B before A (Radford et al. 2018, "Similarity").
    asks
        Whether each target has windows of its own, where its words follow the texts as another text.

    Attributes
    ----------
    cut
        The items, told by their first rows, whose texts were cut so far.
    """

    def __init__(self, network: Bert | Gpt, *, both_orders: bool = False, asks: bool = False) -> None:
        self.tokenizer = network.tokenizer
        self.template = Template.of(network)
        first = network.config.first_position if isinstance(network, Bert) else 0
        self.room = network.config.n_positions - first
        self.both_orders = both_orders
        self.asks = asks
        self.cut: set[int] = set()

    def lay(self, items: Sequence[Item]) -> Laid:
        """Return the windows of each item, shortest first."""
        texts = [text for item in items for text in item.texts]
        offsets = torch.tensor([0, *map(len, texts)]).cumsum(0)
        split = iter(zip(self.tokenizer.pieces(texts), offsets.tolist(), strict=False))
        windows: list[_Window] = []
        units: list[int] = []
        for item in items:
            parts = [_part(*next(split)) for _ in item.texts]
            asked = [[self._asked(item, target)] for target in item.targets] if self.asks else [[]]
            first = units[-1] + 1 if units else 0
            for unit, more in enumerate(asked, start=first):
                orders = [parts, parts[::-1]] if self.both_orders and len(parts) == 2 else [parts]
                windows += [self._window(unit, item, [*order, *more]) for order in orders]
            units += range(first, first + len(asked)) if self.asks else [first] * len(item.targets)
        windows.sort(key=lambda window: len(window.pieces))
        encoding = Encoding(
            pieces=torch.tensor([piece for window in windows for piece in window.pieces]),
            words=torch.tensor([word for window in windows for word in window.words]),
            windows=torch.tensor([0, *(len(window.pieces) for window in windows)]).cumsum(0),
            offsets=offsets,
        )
        segments = torch.tensor([segment for window in windows for segment in window.segments])
        owners = torch.tensor([window.unit for window in windows])
        return Laid(encoding, segments if self.template.segments else None, owners, torch.tensor(units))

    def _asked(self, item: Item, target: Target) -> _Part:
        """Return the pieces of the words that are asked about; they stand for no word of the text."""
        span = target.spans[0]
        words = Sentence(item.texts[span.sentence].words[span.start : span.stop])
        pieces, _ = _part(self.tokenizer.pieces([words])[0], 0)
        return pieces, [NO_WORD] * len(pieces)

    def _window(self, unit: int, item: Item, parts: Sequence[_Part]) -> _Window:
        template = self.template
        sizes = [len(pieces) for pieces, _ in parts]
        kept = fitted(sizes, self.room - template.size(len(parts)))
        if kept != sizes:
            self.cut.add(item.targets[0].row)
        window = _Window(unit, [*template.start], [NO_WORD] * len(template.start), [0] * len(template.start))
        for place, ((pieces, words), size) in enumerate(zip(parts, kept, strict=True)):
            after = template.between if place < len(parts) - 1 else template.end
            window.pieces.extend((*pieces[:size], *after))
            window.words.extend((*words[:size], *[NO_WORD] * len(after)))
            window.segments.extend([min(place, 1)] * (size + len(after)))
        return window


def _part(words: Sequence[Sequence[int]], first: int) -> _Part:
    """Return the pieces of a text from those of each word; its words are counted from `first`."""
    pieces = [piece for word in words for piece in word]
    return pieces, [number for number, word in enumerate(words, start=first) for _ in word]


def fitted(sizes: Sequence[int], room: int) -> list[int]:
    """Return how much of texts of these `sizes` is kept, when the longest gives way first.

    Examples
    --------
    >>> fitted([9, 3], 10), fitted([9, 8], 7), fitted([2, 2], 10)
    ([7, 3], [4, 3], [2, 2])
    """
    if sum(sizes) <= room:
        return list(sizes)
    cap = max(cap for cap in range(room + 1) if sum(min(size, cap) for size in sizes) <= room)
    kept = [min(size, cap) for size in sizes]
    for place, size in enumerate(sizes):
        if size > cap and sum(kept) < room:
            kept[place] += 1
    return kept
