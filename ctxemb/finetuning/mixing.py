"""ELMo's own way of transfer: a learned mix of all layers under a task model of its own."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from allennlp_light.modules import ScalarMix
from allennlp_light.modules.seq2seq_encoders import PytorchSeq2SeqWrapper
from torch import Tensor, nn

from ctxemb.finetuning.batches import Batch
from ctxemb.finetuning.spans import Bags, bags_of, combined, compared
from ctxemb.models.checkpoints import Network


class MixView(nn.Module):
    """γ · Σ softmax(s)_l · h_l (Peters et al. 2018, equation 1) under a biLSTM over the words.

    A word's vector is the mean of its pieces'. A span is seen as the largest and the mean values of the
    biLSTM over its words; a pair as [u; v; |u - v|; u ∘ v] of its spans.

    Parameters
    ----------
    network
        Any network.
    n_spans
        1, or 2 for a pair.
    hidden
        Size of each direction's states.
    dropout
        Of the mixed vectors and of the biLSTM's.
    """

    n_heads = 1

    def __init__(self, network: Network, n_spans: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.mix = ScalarMix(network.n_layers)
        self.drop = nn.Dropout(dropout)
        lstm = nn.LSTM(network.width, hidden, bidirectional=True, batch_first=True)
        self.encoder = PytorchSeq2SeqWrapper(lstm)
        self.width = 4 * hidden * (4 if n_spans == 2 else 1)

    def forward(self, network: Network, layers: Iterator[Tensor], batch: Batch) -> Tensor:
        """See `View`."""
        encoding = batch.encoding
        every = torch.arange(encoding.n_words)
        bags = bags_of(encoding, torch.stack([every, every + 1], dim=1))
        words = self.mix([combined(layer, bags) for layer in layers])  # (n_words, network.width)
        words = self._encoded(self.drop(words), encoding.offsets.diff())
        texts = [self._span(words, batch.spans[:, place]) for place in range(batch.spans.shape[1])]
        return (compared(*texts) if len(texts) == 2 else texts[0])[None]

    def _encoded(self, words: Tensor, sizes: Tensor) -> Tensor:
        """Return what the biLSTM makes of each text's words, (n_words, 2 * hidden)."""
        mask = (torch.arange(int(sizes.max())) < sizes[:, None]).to(words.device)
        padded = words.new_zeros(*mask.shape, words.shape[1])  # (n_texts, longest, network.width)
        padded = padded.masked_scatter(mask[..., None], words)
        encoded: Tensor = self.drop(self.encoder(padded, mask))[mask]
        return encoded

    def _span(self, words: Tensor, spans: Tensor) -> Tensor:
        """Return (n_targets, 4 * hidden) of the words of each span."""
        counts = spans[:, 1] - spans[:, 0]
        starts = counts.cumsum(0) - counts
        rows = torch.arange(int(counts.sum())) + torch.repeat_interleave(spans[:, 0] - starts, counts)
        bags = Bags(rows, starts)
        return torch.cat([combined(words, bags, "max"), combined(words, bags, "mean")], dim=1)

    def penalty(self, strength: float) -> Tensor:
        """Return `strength` · Σ s_l², which keeps the mix near the mean of all layers."""
        return strength * torch.stack([weight.square().sum() for weight in self.mix.scalar_parameters]).sum()
