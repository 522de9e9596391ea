"""Losses on held-out text, and their common scale: bits per character."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch, Density, Objective, mean_losses

BITS = "bits_per_character"
_BATCH_WORDS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """A stretch of held-out text, ready to be scored again and again.

    Parameters
    ----------
    objective
        What is scored.
    batches
        The text.
    densities
        What turns the parts of the loss into bits per character.
    """

    objective: Objective
    batches: list[Batch]
    densities: dict[str, Density]

    @classmethod
    def of(cls, objective: Objective, corpus: Corpus, max_words: int = 20_000) -> HeldOut:
        """Return the first `max_words` of a corpus, or a little more."""
        chunk = next(corpus.chunks(0, 0))
        batches: list[Batch] = []
        for batch in objective.batches(chunk.documents, _BATCH_WORDS, chunk.generator, share=1.0):
            batches.append(batch)
            if sum(b.n_words for b in batches) >= max_words:
                break
        return cls(objective, batches, objective.densities(chunk.documents))

    @torch.no_grad()
    def losses(self, device: torch.device) -> dict[str, float]:
        """Return the mean losses, each as ``valid_…``, and the bits per character that they amount to.

        Of several directions, bits per character are the mean. BERT's are those of its masked pieces, with 15
        in 100 masked at once, as in training; its pseudo-likelihood masks one at a time.
        """
        self.objective.module.eval()
        sums, counts = dict.fromkeys(self.objective.weights, 0.0), dict.fromkeys(self.objective.weights, 0)
        for batch in self.batches:
            for name, loss in self.objective.losses(batch.to(device)).items():
                sums[name] += loss.item()
            for name, count in batch.counts().items():
                counts[name] += count
        bits = [density.bits(sums[name] / counts[name]) for name, density in self.densities.items()]
        means = mean_losses(self.objective, sums, counts)
        return {f"valid_{name}": mean for name, mean in {**means, BITS: sum(bits) / len(bits)}.items()}
