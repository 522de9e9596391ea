"""The attention maps of GPT and BERT for given sentences; `embed` computes none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.layers.attention_weights import attention_weights
from ctxemb.models.base import ContextualModel
from ctxemb.models.bert import Bert
from ctxemb.models.encoding import Encoding
from ctxemb.models.gpt import Gpt
from ctxemb.models.transformers_model import TransformersNetwork
from ctxemb.text.sentence import Sentence

_SENTENCES_AT_ONCE = 16
_CELLS_AT_ONCE = 1 << 25
"""Weights that are in memory at once: 128 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class AttentionMaps:
    """The attention of all heads in one window; a sentence longer than the model's window has several.

    Parameters
    ----------
    sentence
        Its number, from 0.
    pieces
        (n_pieces,) the model's pieces.
    words
        (n_pieces,) the word of each piece, counted in its sentence; -1 for special pieces, and for context
        that another window of the sentence has as its own.
    weights
        (n_blocks, n_heads, n_pieces, n_pieces), float32: row i says where piece i looks, and adds up to 1.
    """

    sentence: int
    pieces: NDArray[np.int64]
    words: NDArray[np.int64]
    weights: NDArray[np.float32]


def attention_maps(model: ContextualModel, sentences: Sequence[Sentence]) -> Iterator[AttentionMaps]:
    """Yield the attention maps of sentences, window by window.

    They are those of `transformers` with ``output_attentions``. Sentences come in their order; the windows of
    one, too.

    Parameters
    ----------
    model
        A GPT or BERT, ours or one of `transformers`; an `Embedder` of one.
    sentences
        The sentences.

    Raises
    ------
    InputError
        If the model has no attention.
    """
    blocks = _Blocks(_network(model), model.name)
    for first in range(0, len(sentences), _SENTENCES_AT_ONCE):
        batch = model.encode(sentences[first : first + _SENTENCES_AT_ONCE])
        yield from _in_order(blocks, batch, first)


def has_attention(model: ContextualModel) -> bool:
    """Return whether a model has attention to look at."""
    return isinstance(_network(model), Gpt | Bert | TransformersNetwork)


def _network(model: ContextualModel) -> Any:
    """Return what computes a model, or the model of an `Embedder`; None if nothing does by itself."""
    return getattr(getattr(model, "model", model), "network", None)


def _in_order(blocks: _Blocks, batch: Encoding, first: int) -> Iterator[AttentionMaps]:
    """Yield the maps of a batch by sentence, computing few windows at once."""
    windows = batch.windows.numpy()
    owners = np.maximum.reduceat(batch.words.numpy(), windows[:-1])
    owners = np.searchsorted(batch.offsets.numpy(), owners, side="right") - 1
    waiting: dict[int, list[AttentionMaps]] = {}
    last = {int(owner): number for number, owner in enumerate(owners)}
    given = 0
    for start, stop in _parts(np.diff(windows), blocks.n_maps):
        for number, maps in enumerate(_compute(blocks, batch, start, stop), start):
            owner = int(owners[number])
            words = batch.words[windows[number] : windows[number + 1]].numpy()
            pieces = batch.pieces[windows[number] : windows[number + 1]].numpy()
            local = np.where(words < 0, -1, words - int(batch.offsets[owner]))
            waiting.setdefault(owner, []).append(AttentionMaps(first + owner, pieces, local, maps))
        while given in waiting and last[given] < stop:
            yield from waiting.pop(given)
            given += 1


def _parts(lengths: NDArray[np.int64], n_maps: int) -> list[tuple[int, int]]:
    """Return stretches of windows whose maps fit into memory together."""
    borders, cells = [0], 0
    for number, length in enumerate(lengths.tolist()):
        cells += n_maps * length**2
        if cells > _CELLS_AT_ONCE and number > borders[-1]:
            borders.append(number)
            cells = n_maps * length**2
    borders.append(len(lengths))
    return list(pairwise(borders))


@torch.inference_mode()
def _compute(blocks: _Blocks, batch: Encoding, start: int, stop: int) -> Iterator[NDArray[np.float32]]:
    """Yield (n_blocks, n_heads, length, length) of each window from `start` to `stop`."""
    by_run = [
        torch.stack(run, dim=1).cpu().numpy() for run in zip(*blocks(batch.part(start, stop)), strict=True)
    ]
    for run in by_run:  # (n_windows, n_blocks, n_heads, length, length)
        yield from run


class _Blocks:
    """What computes the weights of each block, run by run."""

    def __init__(self, network: Any, name: str) -> None:
        if not isinstance(network, Gpt | Bert | TransformersNetwork):
            raise InputError(f"{name} has no attention to look at; GPT and BERT have")
        self.network, self.name = network, name
        if isinstance(network, TransformersNetwork):
            self.n_maps = network.config.num_hidden_layers * network.config.num_attention_heads
        else:
            self.n_maps = network.config.n_blocks * network.config.n_heads

    def __call__(self, batch: Encoding) -> Iterator[list[Tensor]]:
        """Yield the weights of each block: for each run, (n_windows, n_heads, length, length)."""
        network = self.network
        if isinstance(network, TransformersNetwork):
            yield from map(list, zip(*self._wrapped(network, batch), strict=True))
            return
        batch = batch.to(network.pieces.weight.device)
        runs = batch.runs()
        for x, block in zip(network.each(batch), network.blocks, strict=False):  # the last layer has no block
            yield list(attention_weights(block.attention, block.enter(x), runs))  # type: ignore[arg-type, operator]

    def _wrapped(self, network: TransformersNetwork, batch: Encoding) -> Iterator[tuple[Tensor, ...]]:
        """Yield the weights of all blocks for each run."""
        network.inner.set_attn_implementation("eager")
        start = 0
        for count, length in batch.runs():
            pieces = batch.pieces[start : start + count * length].view(count, length)
            weights = network.inner(input_ids=pieces, output_attentions=True, return_dict=True).attentions
            if not weights or any(weight is None for weight in weights):
                raise InputError(f"{self.name} has no attention to look at: transformers gives none")
            yield tuple(weight.float() for weight in weights)
            start += count * length
