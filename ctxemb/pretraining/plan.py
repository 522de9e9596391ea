"""How long and how fast to train."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from ctxemb.errors import InputError

SMALLEST_BATCH = 8
"""A ramp begins with steps of this part of the full size."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long and how fast to train.

    Parameters
    ----------
    max_words
        Words of running text to see; the learning rate falls to zero there.
    batch_words
        Words of a step.
    learning_rate
        Highest learning rate, reached after `warmup` of the words.
    warmup
        Share of the words over which the learning rate rises.
    ramp
        Share of the words over which steps grow to `batch_words`, from an eighth of it, and over which BERT
        reads short windows.
    schedule
        What follows the warm-up. ``"wsd"``: the rate stays (warm-up, stable, decay; Hu et al. 2024) and falls
        over the last `decay` of the words as 1 - sqrt (Hägele et al. 2024), so that a training can be
        finished from any of its checkpoints. ``"cosine"``: it falls as half a cosine.
    decay
        Share of the words over which the rate of ``"wsd"`` falls.
    optimizer
        ``"adamw"`` (Loshchilov and Hutter 2019), or ``"muon"`` (Jordan et al. 2024) for the matrices between
        the first layer and the last, and AdamW for all else.
    weight_decay, betas
        Of the optimizer; biases and vectors, such as normalisation's, do not decay.
    clip
        Largest norm of the gradient.
    average
        Keep an exponential moving average of the weights with this factor a step, and save that; 0 for none.
    accumulate
        Parts in which a process works through its share of a step's batch, to save memory.
    seed
        Of weights, order, masks and samples.
    save_minutes
        Time between checkpoints.
    valid_every
        Words between validations.
    dtype
        Of the matrix products in training: ``"bfloat16"`` is faster where the processor has it; weights,
        their updates and validation are float32 in any case.
    """

    max_words: int
    batch_words: int = 2048
    learning_rate: float = 1e-3
    warmup: float = 0.05
    ramp: float = 0.0
    schedule: Literal["wsd", "cosine"] = "wsd"
    decay: float = 0.2
    optimizer: Literal["adamw", "muon"] = "adamw"
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    average: float = 0.0
    accumulate: int = 1
    seed: int = 0
    save_minutes: float = 5.0
    valid_every: int = 250_000
    dtype: Literal["float32", "bfloat16"] = "float32"

    def rate(self, words: int) -> float:
        """Return the learning rate after `words`."""
        share = min(1.0, words / self.max_words)
        if share < self.warmup:
            return self.learning_rate * share / self.warmup
        if self.schedule == "cosine":
            done = (share - self.warmup) / max(1e-9, 1 - self.warmup)
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
        falling = (share - 1 + self.decay) / self.decay if self.decay else float(share >= 1)
        return self.learning_rate * (1 - math.sqrt(max(0.0, falling)))

    def batch_size(self, words: int) -> int:
        """Return the words of a step after `words`."""
        share = min(1.0, words / self.max_words / self.ramp) if self.ramp else 1.0
        return max(1, round(self.batch_words * (share + (1 - share) / SMALLEST_BATCH)))

    def is_early(self, words: int) -> bool:
        """Return whether steps still grow after `words`."""
        return words < self.ramp * self.max_words

    def finished_from(self, words: int) -> TrainingPlan:
        """Return the plan that lets the rate fall from `words` on, and is as this one before.

        Raises
        ------
        InputError
            If the rate has no plateau, has not yet reached it, or falls already.
        """
        if self.schedule != "wsd":
            raise InputError(f"only a schedule 'wsd' can be finished at any time, not '{self.schedule}'")
        share = words / self.max_words
        if share < max(self.warmup, self.ramp):
            raise InputError(f"the training has only begun ({words:,} words): it still warms up")
        if share > 1 - self.decay:
            raise InputError(f"the rate falls already (since {(1 - self.decay) * self.max_words:,.0f} words)")
        max_words = math.ceil(words / (1 - self.decay))
        scale = self.max_words / max_words
        return replace(self, max_words=max_words, warmup=self.warmup * scale, ramp=self.ramp * scale)
