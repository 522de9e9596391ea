"""ELMo with states that are carried from batch to batch, as its first implementations have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.layers.lstm import State, longest_first
from ctxemb.models.base import ContextualModel, chosen
from ctxemb.models.encoding import Encoding
from ctxemb.models.model import LoadedModel
from ctxemb.text.sentence import Sentence


class StatefulModel(ContextualModel):
    """An ELMo whose sentences begin with the states of sentences before them.

    bilm-tf and AllenNLP (`stateful=True` of its encoders) keep the final states of both directions of each
    LSTM layer: sentence *i* of a batch begins with what sentence *i* of the batch before ended with. A batch
    of more sentences than any before it begins its last ones with zeros; one of fewer leaves the states of
    the others as they are. So vectors depend on what was read before, and on how it was cut into batches.

    Parameters
    ----------
    model
        The model, which must be an ELMo.

    Raises
    ------
    InputError
        If it is none: no other family has states.
    """

    def __init__(self, model: LoadedModel) -> None:
        if not hasattr(model.network, "continued"):
            raise InputError(f"{model.name} has no states to carry; only ELMo has")
        super().__init__(replace(model.info, stateful=True, identify=lambda: f"stateful-{model.fingerprint}"))
        self.model = model
        self.network = model.network
        self.reset()

    def reset(self) -> None:
        """Forget what was read before: all states are zero again."""
        config, device = self.network.config, torch.device(self.computation.device)
        self._states: list[State] = [
            (
                torch.zeros(2, 0, config.width, device=device),
                torch.zeros(2, 0, config.cell_width, device=device),
            )
            for _ in self.network.lstm
        ]

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        return self.model.encode(sentences)

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with the words read from their characters."""
        return self.model.prepare(batch)

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after another, (n_pieces, width); all are computed at the first."""
        yield from chosen(self(batch), layers)

    @torch.inference_mode()
    def __call__(self, batch: Encoding) -> Tensor:
        """Return (n_layers, n_pieces, width), packed as `batch` is, and keep the states for the next one."""
        layers: Tensor
        self._states = [_at_least(state, batch.n_sentences) for state in self._states]
        rows = _sentences(batch)[longest_first(batch.lengths)]
        initial = [(states[:, rows], cells[:, rows]) for states, cells in self._states]
        layers, final = self.network.continued(self.model.sent(batch), initial)
        for kept, ended in zip(self._states, final, strict=True):
            for mine, new in zip(kept, ended, strict=True):
                mine[:, rows] = new
        return layers


def _at_least(state: State, n_sentences: int) -> State:
    """Return the state with zeros for sentences that it has none for."""
    states, cells = (
        torch.cat([part, part.new_zeros(2, max(0, n_sentences - part.shape[1]), part.shape[2])], dim=1)
        for part in state
    )
    return states, cells


def _sentences(batch: Encoding) -> Tensor:
    """Return (n_windows,) the sentence of each window; after its start mark stands its first word."""
    first_words = batch.words[batch.windows[:-1] + 1]
    return torch.searchsorted(batch.offsets, first_words, right=True) - 1
