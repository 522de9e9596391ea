"""What an objective offers to the training loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from ctxemb.models.checkpoints import Network
from ctxemb.pretraining.corpus import Document


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's worth of training data.

    Parameters
    ----------
    n_words
        Words of running text that it holds.
    data
        What the objective's `losses` takes.
    """

    n_words: int
    data: Any


class Objective(Protocol):
    """A network with the head that its pretraining needs."""

    @property
    def network(self) -> Network:
        """The network that is kept after training."""
        ...

    @property
    def module(self) -> nn.Module:
        """Network and head: all that is trained."""
        ...

    def batches(
        self, documents: list[Document], batch_words: int, generator: np.random.Generator, share: float
    ) -> Iterator[Batch]:
        """Yield the text of `documents` in batches of about `batch_words` words.

        `share` says how much of the training is done, from 0 to 1.
        """
        ...

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss to be minimised as ``"loss"``, and its parts, in nats."""
        ...
