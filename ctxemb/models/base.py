"""What every model offers, and what the three families share."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, runtime_checkable

from torch import Tensor

from ctxemb.models.computation import Computation
from ctxemb.models.encoding import Encoding
from ctxemb.text.sentence import Sentence


@runtime_checkable
class ContextualModel(Protocol):
    """A model that gives every word of a sentence a vector in each of its layers.

    Attributes
    ----------
    name
        What results call it.
    family
        ``"elmo"``, ``"gpt"``, ``"bert"`` or ``"static"``.
    n_layers
        Number of layers; layer 0 is the context-free input (ELMo 3, BERT-base 13).
    width
        Size of one layer's vector of one piece.
    n_parameters
        Number of weights.
    fingerprint
        SHA-256 (hex) of all that decides its vectors but rounding: configuration, weights, vocabulary.
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

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def n_layers(self) -> int: ...  # noqa: D102
    @property
    def width(self) -> int: ...  # noqa: D102
    @property
    def n_parameters(self) -> int: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def origin(self) -> str: ...  # noqa: D102
    @property
    def stateful(self) -> bool: ...  # noqa: D102
    @property
    def batch_pieces(self) -> int: ...  # noqa: D102
    @property
    def computation(self) -> Computation: ...  # noqa: D102

    def reset(self) -> None:
        """Forget what was read before, if the model is stateful."""
        ...

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        ...

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with what its parts have in common computed once, such as words from characters."""
        ...

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
        ...

    def __call__(self, batch: Encoding) -> Tensor:
        """Return the vectors of all layers, (n_layers, n_pieces, width), packed as `batch` is."""
        ...


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
