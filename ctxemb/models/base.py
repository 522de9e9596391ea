"""What every model offers, and what the three families share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

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
        SHA-256 (hex) of all that decides its vectors: configuration, weights, vocabulary.
    origin
        Where it was downloaded from, with the revision; empty if it was not.
    stateful
        Whether a batch begins with the states that the batch before it ended with, so that vectors depend on
        what was read before.
    batch_pieces
        About how many pieces it reads fastest at once.
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

    def reset(self) -> None:
        """Forget what was read before, if the model is stateful."""
        ...

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        ...

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` with what its parts have in common computed once, such as words from characters."""
        ...

    def __call__(self, batch: Encoding, layers: Sequence[int] | None = None) -> Tensor:
        """Return the vectors of some layers, or of all, and compute nothing above them.

        Parameters
        ----------
        batch
            The pieces.
        layers
            Numbers of layers, from 0; None for all.

        Returns
        -------
        Tensor
            (n_layers asked for, n_pieces, width), packed as `batch` is.
        """
        ...


def chosen_layers(outputs: Iterator[Tensor], layers: Sequence[int] | None) -> Tensor:
    """Return the layers asked for, and draw none after the highest of them.

    Parameters
    ----------
    outputs
        Computes the layers, from 0, one after the other.
    layers
        Numbers of layers; None for all.

    Returns
    -------
    Tensor
        (n_layers asked for, n_pieces, width)
    """
    if layers is None:
        return torch.stack(list(outputs))
    kept = {
        number: output for number, output in enumerate(islice(outputs, max(layers) + 1)) if number in layers
    }
    return kept[layers[0]][None] if len(layers) == 1 else torch.stack([kept[number] for number in layers])
