"""ELMo's states carried over batches, as AllenNLP carries them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from allennlp_light.modules.encoder_base import _EncoderBase
from torch import Tensor
from torch.nn.utils.rnn import pad_packed_sequence, pad_sequence

from ctxemb.models import ContextualModel, load
from ctxemb.text.sentence import Sentence
from tests.checkpoints.bilm import Reference, write
from tests.toys import sentences

BATCHES = ((4, 1, 7, 7), (2, 9, 3, 1, 5, 5), (6, 2), (1, 1, 8, 3, 3, 2, 11), (5, 4, 4))


class StatefulReference(_EncoderBase):
    """The LSTMs of a `Reference` in AllenNLP's base of encoders, which sorts rows and keeps states."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(stateful=True)
        self.reference = reference

    def forward(self, words: list[Tensor]) -> list[Tensor]:
        """Return (3, n_words, 2 * WIDTH) of each sentence, given as (n_words, WIDTH)."""
        inputs = pad_sequence(words, batch_first=True)
        mask = pad_sequence([torch.ones(len(rows), dtype=torch.bool) for rows in words], batch_first=True)
        stacked, final, back = self.sort_and_run_forward(self._run, inputs, mask)
        self._update_states(final, back)
        found = stacked.index_select(1, back)  # (3, n_sentences, longest, 2 * WIDTH)
        return [found[:, number, : len(rows)] for number, rows in enumerate(words)]

    def _run(self, packed: Any, initial: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        inputs, lengths = pad_packed_sequence(packed, batch_first=True)
        current = [inputs, inputs]
        layers, states, cells = [torch.cat(current, dim=-1)], [], []
        for layer in range(2):
            ended = []
            for direction in range(2):
                begun = None
                if initial is not None:  # both directions side by side, as AllenNLP's ElmoLstm keeps them
                    begun = tuple(part[layer : layer + 1].chunk(2, dim=-1)[direction] for part in initial)
                cell = self.reference.cells[direction][layer]
                out, final = cell(current[direction], lengths.tolist(), begun)
                current[direction] = out + current[direction] if layer else out
                ended.append(final)
            layers.append(torch.cat(current, dim=-1))
            states.append(torch.cat([ended[0][0], ended[1][0]], dim=-1))
            cells.append(torch.cat([ended[0][1], ended[1][1]], dim=-1))
        return torch.stack(layers), (torch.cat(states), torch.cat(cells))


def by_sentence(model: ContextualModel, texts: list[Sentence]) -> list[Tensor]:
    """Return (n_layers, n_words, width) of each sentence."""
    batch = model.encode(texts)
    layers = model(batch)
    rows = torch.stack([layers[:, batch.words == word][:, 0] for word in range(batch.n_words)], dim=1)
    return [rows[:, a:b] for a, b in zip(batch.offsets[:-1], batch.offsets[1:], strict=True)]


def spelled(model: ContextualModel, text: Sentence) -> Tensor:
    batch = model.encode([text])
    assert batch.spellings is not None
    return batch.spellings[batch.pieces]


def difference(folder: Path) -> tuple[float, float]:
    """Return the largest difference of our layers from theirs over batches, and what the states change."""
    given = write(folder)
    model, clean = load(f"stateful:{folder}"), load(str(folder))
    with torch.no_grad():
        reference = Reference(given)
        carried = StatefulReference(reference)
    found = carried_on = 0.0
    for lengths in BATCHES:
        texts = sentences(*lengths)
        ours = by_sentence(model, texts)
        with torch.no_grad():
            words = [reference(spelled(clean, text))[0, :, : ours[0].shape[2] // 2] for text in texts]
            theirs = carried(words)
        for mine, expected in zip(ours, theirs, strict=True):
            found = max(found, float((mine - expected[:, 1:-1]).abs().max()))
        for mine, other in zip(ours, by_sentence(clean, texts), strict=True):
            carried_on = max(carried_on, float((mine - other).abs().max()))
    return found, carried_on
