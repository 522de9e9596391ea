"""What an objective offers to the training loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ctxemb.models.checkpoints import Network
from ctxemb.models.encoding import Encoding, sent
from ctxemb.pretraining.corpus import Document
from ctxemb.pretraining.running import RunningText
from ctxemb.pretraining.sizes import Sizes

if TYPE_CHECKING:
    from ctxemb.pretraining.prepared import Prepared

WHOLE_WORDS = 2048
"""Words of a batch where a text is only scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Goals:
    """What a part of the loss predicts.

    Parameters
    ----------
    rows
        (n,) the pieces from which something is predicted, ascending.
    values
        (n,) what is predicted from each of them.
    """

    rows: Tensor
    values: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    def between(self, first: int, stop: int) -> Goals:
        """Return the goals of the pieces from `first` to `stop`, these counted from `first`."""
        start, end = torch.searchsorted(self.rows, torch.tensor([first, stop])).tolist()
        return Goals(self.rows[start:end] - first, self.values[start:end])


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
        For each part of the loss, what is to be predicted.
    segments
        (n_pieces,) 0 for the first text of a pair, 1 for the second; None where there are no pairs.
    positions
        (n_pieces,) positions; None where they count from 0 in each window.
    """

    n_words: int
    encoding: Encoding
    targets: dict[str, Goals]
    segments: Tensor | None = None
    positions: Tensor | None = None

    def counts(self) -> dict[str, int]:
        """Return the number of predictions of each part of the loss."""
        return {name: len(goals) for name, goals in self.targets.items()}

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on `device`."""
        return Batch(
            self.n_words,
            self.encoding.to(device),
            {name: Goals(sent(g.rows, device), sent(g.values, device)) for name, g in self.targets.items()},
            None if self.segments is None else sent(self.segments, device),
            None if self.positions is None else sent(self.positions, device),
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
        targets = {name: goals.between(pieces.start, pieces.stop) for name, goals in self.targets.items()}
        segments = None if self.segments is None else self.segments[pieces]
        positions = None if self.positions is None else self.positions[pieces]
        return Batch(0, encoding, targets, segments, positions)


class Objective(Protocol):
    """A network with the head that its pretraining needs."""

    name: ClassVar[str]
    """The family of networks that it trains."""
    summary: ClassVar[str]
    """What it predicts, and its paper."""
    weights: ClassVar[dict[str, float]]
    """The parts of the loss, with their weights."""

    @classmethod
    def begin(cls, corpus: Prepared, folder: Path, sizes: Sizes, seed: int) -> Objective:
        """Return the objective of a new network; its vocabulary is made, or found, in `folder`."""
        ...

    @classmethod
    def load(cls, network: Any, folder: Path) -> Objective:
        """Return the objective of a trained network, with the head in `folder`."""
        ...

    @property
    def network(self) -> Network:
        """The network that is kept after training."""
        ...

    @property
    def module(self) -> nn.Module:
        """Network and head: all that is trained."""
        ...

    def inner(self) -> Iterator[Tensor]:
        """Yield the weights between the first layer and the last."""
        ...

    def learn(self, types: Sequence[str]) -> None:
        """Look up the pieces or spellings of all words of a corpus."""
        ...

    def batches(
        self, text: RunningText, batch_words: int, generator: np.random.Generator, *, early: bool = False
    ) -> Iterator[Batch]:
        """Yield `text` in batches of about `batch_words` words, shuffled.

        `early` says whether the training has only begun; windows may be shorter then.
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
