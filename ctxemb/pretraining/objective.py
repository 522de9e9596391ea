"""What an objective offers to the training loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ctxemb.models.checkpoints import Network
from ctxemb.models.encoding import Encoding
from ctxemb.pretraining.corpus import Document

WHOLE_WORDS = 2048
"""Words of a batch where a text is only scored."""

IGNORED = -100
"""The target of a piece for which nothing is predicted."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's worth of training data.

    Parameters
    ----------
    n_words
        Words of running text that it holds.
    encoding
        What the network reads.
    targets
        For each part of the loss, (n_pieces,) what is to be predicted from each piece, or `IGNORED`.
    segments
        (n_pieces,) 0 for the first text of a pair, 1 for the second; None where there are no pairs.
    positions
        (n_pieces,) positions; None where they count from 0 in each window.
    """

    n_words: int
    encoding: Encoding
    targets: dict[str, Tensor]
    segments: Tensor | None = None
    positions: Tensor | None = None

    def counts(self) -> dict[str, int]:
        """Return the number of predictions of each part of the loss."""
        return {name: int((target != IGNORED).sum()) for name, target in self.targets.items()}

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on `device`."""
        return Batch(
            self.n_words,
            self.encoding.to(device),
            {name: target.to(device) for name, target in self.targets.items()},
            None if self.segments is None else self.segments.to(device),
            None if self.positions is None else self.positions.to(device),
        )

    def parts(self, number: int) -> list[Batch]:
        """Cut the batch between windows into at most `number` parts of about as many pieces.

        The parts' words are not counted: theirs is 0.
        """
        if number == 1:
            return [self]
        windows = self.encoding.windows
        wanted = torch.linspace(0, int(windows[-1]), number + 1)
        borders = torch.unique(torch.searchsorted(windows, wanted.round().long()))
        return [self._between(a, b) for a, b in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)]

    def _between(self, first: int, last: int) -> Batch:
        windows = self.encoding.windows[first : last + 1]
        pieces = slice(int(windows[0]), int(windows[-1]))
        encoding = Encoding(
            self.encoding.pieces[pieces],
            self.encoding.words[pieces],
            windows - windows[0],
            self.encoding.offsets,
            self.encoding.spellings,
        )
        targets = {name: target[pieces] for name, target in self.targets.items()}
        segments = None if self.segments is None else self.segments[pieces]
        positions = None if self.positions is None else self.positions[pieces]
        return Batch(0, encoding, targets, segments, positions)


def predicted(targets: Tensor) -> Tensor:
    """Return the rows for which there is something to predict."""
    return (targets != IGNORED).nonzero().squeeze(1)


class Objective(Protocol):
    """A network with the head that its pretraining needs."""

    weights: ClassVar[dict[str, float]]
    """The parts of the loss, with their weights."""

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

    def whole(self, documents: Sequence[Document]) -> Iterator[Batch]:
        """Yield batches in which everything of a text is predicted once, and nothing is random."""
        ...

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return each part of the loss: the sum over its predictions, in nats."""
        ...

    def densities(self, documents: Sequence[Document]) -> dict[str, Density]:
        """Return, for each part of the loss that reads the text, what turns it into bits per character."""
        ...


@dataclass(frozen=True, slots=True)
class Density:
    """How a mean loss becomes bits per character: ``loss / ln 2 * predictions + rest``.

    Parameters
    ----------
    predictions
        Predictions per character.
    rest
        Bits per character of what the loss leaves out, such as the spelling of unknown words.
    """

    predictions: float
    rest: float = 0.0

    def bits(self, loss: float) -> float:
        """Return bits per character for a mean `loss` in nats."""
        return loss / float(np.log(2)) * self.predictions + self.rest


def n_characters(documents: Sequence[Document]) -> int:
    """Return the number of characters of a text, with one after each word for what parts it from the next."""
    return sum(len(word) + 1 for document in documents for sentence in document for word in sentence.words)


def total_loss(objective: Objective, sums: Mapping[str, Tensor], counts: Mapping[str, int]) -> Tensor:
    """Return the loss to be minimised: the weighted sum of the parts' means."""
    terms = [weight / max(1, counts[name]) * sums[name] for name, weight in objective.weights.items()]
    return torch.stack(terms).sum()


def mean_losses(
    objective: Objective, sums: Mapping[str, float], counts: Mapping[str, int]
) -> dict[str, float]:
    """Return the loss, and the parts that it has (if it has more than one), as means over predictions."""
    means = {name: sums[name] / max(1, counts[name]) for name in objective.weights}
    total = sum(weight * means[name] for name, weight in objective.weights.items())
    return {"loss": total, **(means if len(means) > 1 else {})}
