"""What every model offers, and what all models share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import torch
from torch import Tensor

from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.models.encoding import Encoding
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What identifies a model, and its sizes.

    Parameters
    ----------
    name
        What results call it.
    family
        ``"elmo"``, ``"gpt"``, ``"bert"``, ``"static"``, or that of another package.
    n_layers
        Number of layers; layer 0 is the context-free input (ELMo 3, BERT-base 13).
    width
        Size of one layer's vector of one piece.
    identify
        Returns the SHA-256 (hex) of all that decides its vectors but rounding: configuration, weights,
        vocabulary. It is called once, when `fingerprint` is asked for.
    n_parameters
        Number of weights.
    origin
        Where it was downloaded from, with the revision; empty if it was not.
    stateful
        Whether a batch begins with the states that the batch before it ended with, so that vectors depend on
        what was read before.
    batch_pieces
        About how many pieces it reads fastest at once.
    computation
        Where and in what numbers it computes.
    """

    name: str
    family: str
    n_layers: int
    width: int
    identify: Callable[[], str]
    n_parameters: int = 0
    origin: str = ""
    stateful: bool = False
    batch_pieces: int = 1024
    computation: Computation = FLOAT32_ON_CPU

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors but rounding."""
        return self.identify()


class ContextualModel(ABC):
    """A model that gives every word of a sentence a vector in each of its layers.

    A new model needs `encode` and `each`; the rest has defaults.

    Parameters
    ----------
    info
        What identifies the model; its fields are attributes of the model, too.
    """

    def __init__(self, info: ModelInfo) -> None:
        self.info = info

    @property
    def name(self) -> str:
        """What results call it."""
        return self.info.name

    @property
    def family(self) -> str:
        """Its family."""
        return self.info.family

    @property
    def n_layers(self) -> int:
        """Number of layers, layer 0 included."""
        return self.info.n_layers

    @property
    def width(self) -> int:
        """Size of one layer's vector of one piece."""
        return self.info.width

    @property
    def n_parameters(self) -> int:
        """Number of weights."""
        return self.info.n_parameters

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides its vectors but rounding."""
        return self.info.fingerprint

    @property
    def origin(self) -> str:
        """Where it was downloaded from."""
        return self.info.origin

    @property
    def stateful(self) -> bool:
        """Whether vectors depend on what was read before."""
        return self.info.stateful

    @property
    def batch_pieces(self) -> int:
        """About how many pieces it reads fastest at once."""
        return self.info.batch_pieces

    @property
    def computation(self) -> Computation:
        """Where and in what numbers it computes."""
        return self.info.computation

    @abstractmethod
    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""

    @abstractmethod
    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other, on the model's device; each is computed when drawn.

        Parameters
        ----------
        batch
            The pieces.
        layers
            Numbers of layers, from 0, in rising order; None for all.

        Yields
        ------
        Tensor
            (n_pieces, width), packed as `batch` is.
        """

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with what its parts have in common computed once, such as words from characters."""
        return batch

    def reset(self) -> None:  # noqa: B027  (most models have nothing to forget)
        """Forget what was read before, if the model is stateful."""

    def __call__(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width), packed as `batch` is."""
        return torch.stack(list(self.each(batch)))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.family}, {self.n_layers} layers of width {self.width}>"


def chosen(outputs: Iterable[Tensor], layers: Sequence[int] | None) -> Iterator[Tensor]:
    """Yield those `layers` of all `outputs`, and draw none after the last of them; None for all.

    Examples
    --------
    >>> list(chosen(iter(range(9)), [0, 2]))
    [0, 2]
    """
    wanted = None if layers is None else max(layers) + 1
    return (out for number, out in enumerate(islice(outputs, wanted)) if layers is None or number in layers)


def last(outputs: Iterable[Tensor]) -> Tensor:
    """Return the last of `outputs`, and keep none of the others.

    Examples
    --------
    >>> last(iter(range(9)))
    8
    """
    return deque(outputs, maxlen=1)[0]
