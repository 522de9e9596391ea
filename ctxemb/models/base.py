"""What every model offers, and what the three families share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor

from ctxemb.models.encoding import Encoding
from ctxemb.text.sentence import Sentence


@runtime_checkable
class Remembering(Protocol):
    """A model that keeps vectors of words it has read.

    The last bits of a product of matrices depend on their shapes, and so on which words are still to be
    computed; a model that forgets starts anew.
    """

    def forget(self) -> None:
        """Forget what was read before."""
        ...


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
        SHA-256 (hex) of all that decides its vectors: configuration, weights, vocabulary.
    origin
        Where it was downloaded from, with the revision; empty if it was not.
    stateful
        Whether a batch begins with the states that the batch before it ended with, so that vectors depend on
        what was read before.
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

    def reset(self) -> None:
        """Forget what was read before, if the model is stateful."""
        ...

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        ...

    def __call__(self, batch: Encoding) -> Tensor:
        """Return (n_layers, n_pieces, width), packed as `batch` is."""
        ...
