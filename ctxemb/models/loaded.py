"""Models ready to embed: a network with a name and a fingerprint, and its context-free half."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.models.base import ContextualModel, chosen
from ctxemb.models.checkpoints import Network
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.models.elmo import Elmo
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.models.gpt import Gpt
from ctxemb.models.wrapped import Wrapped
from ctxemb.text.sentence import Sentence


class LoadedModel:
    """A network that is done with training.

    Parameters
    ----------
    network
        The network, in evaluation mode; kept as `network` for those who want to train it further.
    name
        What results call it.
    identify
        Returns the SHA-256 (hex) of all that decides its vectors; called once, when it is asked for.
    origin
        Where it comes from, if it was downloaded.
    computation
        Where and in what numbers the network computes; it is made to.
    """

    stateful = False

    def __init__(
        self,
        network: Network | Wrapped,
        name: str,
        identify: Callable[[], str],
        origin: str = "",
        computation: Computation = FLOAT32_ON_CPU,
    ) -> None:
        self.n_parameters = sum(weight.numel() for weight in network.parameters())
        self.network = computation.prepare(network, network.encode)
        self.computation = computation
        self.name = name
        self.origin = origin
        self._identify = identify
        self.family = network.family
        self.n_layers = network.n_layers
        self.width = network.width
        self.batch_pieces = network.batch_pieces * computation.batches

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors."""
        return self._identify()

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        return self.network.encode(sentences)

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with the words read from their characters, if the model reads characters."""
        return self.sent(self.network.prepare(batch) if isinstance(self.network, Elmo) else batch)

    def sent(self, batch: Encoding) -> Encoding:
        """Return `batch` where the network computes."""
        return batch.to(torch.device(self.computation.device))

    @torch.inference_mode()
    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after another, (n_pieces, width), each computed when drawn."""
        yield from chosen(self.network.each(self.sent(batch)), layers)

    def __call__(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width), packed as `batch` is."""
        return torch.stack(list(self.each(batch)))

    def reset(self) -> None:
        """Do nothing: every sentence starts from a clean state."""


def without_final_norm(model: LoadedModel) -> LoadedModel:
    """Return a GPT-2 whose last layer is given as its last block leaves it.

    Raises
    ------
    InputError
        If the model is no GPT-2: no other has a normalisation after its last block.
    """
    network = model.network
    if not isinstance(network, Gpt) or network.config.norm != "pre":
        raise InputError(f"{model.name} has no final normalisation to leave out; only GPT-2 has")
    network.final_norm = False
    return LoadedModel(
        network, model.name, lambda: f"no-final-norm-{model.fingerprint}", model.origin, model.computation
    )


class StaticModel:
    """The context-free baseline: layer 0 of a model that reads each word alone.

    A word has the same vector wherever it stands, so what the vectors tell of a word in context, its form
    tells.

    Parameters
    ----------
    model
        The model whose layer 0 it is.
    """

    family = "static"
    n_layers = 1
    stateful = False

    def __init__(self, model: ContextualModel) -> None:
        self.model = model
        self.name = f"{model.name}@static"
        self.width = model.width
        self.batch_pieces = model.batch_pieces
        self.computation = model.computation
        self.n_parameters = model.n_parameters
        self.origin = model.origin

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors, marked as context-free."""
        return f"static-{self.model.fingerprint}"

    def reset(self) -> None:
        """Do nothing: a word's vector is always the same."""

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces, every word in windows of its own, in the order of the text."""
        words = [word for sentence in sentences for word in sentence.words]
        rows = {word: row for row, word in enumerate(dict.fromkeys(words))}
        alone = self.model.encode([Sentence((word,)) for word in rows])
        of_words = np.fromiter(map(rows.__getitem__, words), dtype=np.int64, count=len(words))
        borders = alone.windows.numpy()
        owners = np.maximum.reduceat(alone.words.numpy(), borders[:-1])  # (n_windows,) the word of each
        order = np.argsort(owners, kind="stable")
        counts = np.bincount(owners, minlength=len(rows))
        first = counts.cumsum() - counts
        windows = order[_stretches(first[of_words], counts[of_words])]
        lengths = np.diff(borders)[windows]
        places = _stretches(borders[:-1][windows], lengths)
        numbers = np.repeat(np.repeat(np.arange(len(words)), counts[of_words]), lengths)
        owned = alone.words.numpy()[places] != NO_WORD
        return Encoding(
            pieces=alone.pieces[places],
            words=torch.from_numpy(np.where(owned, numbers, NO_WORD)),
            windows=torch.from_numpy(np.concatenate([[0], lengths.cumsum()])),
            offsets=torch.tensor([0, *map(len, sentences)]).cumsum(0),
            spellings=alone.spellings,
        )

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` as the model itself prepares it."""
        return self.model.prepare(batch)

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of layer 0, (n_pieces, width): there is no other."""
        return self.model.each(batch, (0,))

    def __call__(self, batch: Encoding) -> Tensor:
        """Return (1, n_pieces, width), packed as `batch` is."""
        return torch.stack(list(self.each(batch)))


def _stretches(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of stretches behind one another.

    Examples
    --------
    >>> _stretches(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    ends = sizes.cumsum()
    found: NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(starts - ends + sizes, sizes)
    return found
