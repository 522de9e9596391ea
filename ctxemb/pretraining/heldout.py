"""Losses on held-out text, and their common scale: bits per character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch, Density, Objective, mean_losses
from ctxemb.pretraining.running import RunningText

BITS = "bits_per_character"
_BATCH_WORDS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Held-out texts, ready to be scored again and again.

    Parameters
    ----------
    objective
        What is scored.
    texts
        By name: the batches of each text, and what turns the parts of the loss into bits per character.
    """

    objective: Objective
    texts: dict[str, tuple[list[Batch], dict[str, Density]]]

    @classmethod
    def of(cls, objective: Objective, corpora: Sequence[Corpus], max_words: int = 20_000) -> HeldOut:
        """Return the first `max_words` of each corpus, or a little more."""
        texts = {}
        for corpus in corpora:
            documents = corpus.start(max_words)
            text, generator = RunningText.of(documents), np.random.default_rng(0)
            batches = list(objective.batches(text, _BATCH_WORDS, generator))
            texts[_name(corpus)] = batches, objective.densities(documents)
        return cls(objective, texts)

    @torch.no_grad()
    def losses(self, device: torch.device) -> dict[str, float]:
        """Return the mean losses, each as ``valid_…``, and the bits per character that they amount to.

        Of several directions, bits per character are the mean; of several texts, each has its own beside
        their mean. BERT's are those of its masked pieces, with 15 in 100 masked at once, as in training; its
        pseudo-likelihood masks one at a time.
        """
        self.objective.module.eval()
        totals, counts = dict.fromkeys(self.objective.weights, 0.0), dict.fromkeys(self.objective.weights, 0)
        bits: dict[str, float] = {}
        for name, (batches, densities) in self.texts.items():
            sums, number = self._sums(batches, device)
            for part in totals:
                totals[part] += sums[part]
                counts[part] += number[part]
            found = [density.bits(sums[part] / max(1, number[part])) for part, density in densities.items()]
            bits[name] = sum(found) / len(found)
        means = mean_losses(self.objective, totals, counts)
        means[BITS] = sum(bits.values()) / len(bits)
        if len(bits) > 1:
            means |= {f"{BITS}_{name}": value for name, value in bits.items()}
        return {f"valid_{name}": mean for name, mean in means.items()}

    def _sums(self, batches: list[Batch], device: torch.device) -> tuple[dict[str, float], dict[str, int]]:
        sums, counts = dict.fromkeys(self.objective.weights, 0.0), dict.fromkeys(self.objective.weights, 0)
        for batch in batches:
            for part, loss in self.objective.losses(batch.to(device)).items():
                sums[part] += loss.item()
            for part, count in batch.counts().items():
                counts[part] += count
        return sums, counts


def _name(corpus: Corpus) -> str:
    return corpus.paths[0].name.split(".")[0]
