"""A model whose vectors are moved into a space that was fitted on a vector store."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ctxemb.analysis.spaces import Space
from ctxemb.analysis.store_layer import StoreLayer
from ctxemb.errors import InputError
from ctxemb.models import ContextualModel, Encoding
from ctxemb.text.sentence import Sentence
from ctxemb.vectors import VectorStore


def in_space(model: ContextualModel, space: str, reference: str | Path | None) -> ContextualModel:
    """Return a model in a space (see `ctxemb.analysis.spaces`); in ``raw``, the model itself.

    Each layer has a space of its own, fitted on the same layer of the store `reference`. Spaces move vectors
    of pieces; they are affine, so that the mean over a word's pieces is as if words were moved.

    Raises
    ------
    UnknownNameError
        If there is no such space.
    InputError
        If there is no reference, it is of another model, or it has too few words for the space.
    FormatError
        If it holds vectors of sentences.
    """
    Space(space)
    if space == "raw":
        return model
    if reference is None:
        raise InputError(f"the space {space} is fitted on a vector store: name one as the reference")
    return _SpacedModel(model, space, VectorStore.open(reference))


class _SpacedModel(ContextualModel):
    def __init__(self, inner: ContextualModel, space: str, reference: VectorStore) -> None:
        if reference.meta.fingerprint != inner.fingerprint:
            raise InputError(
                f"{reference.folder} holds vectors of {reference.meta.model}, not of this {inner.name}: fit "
                "a space on vectors of the same model"
            )
        self.inner = inner
        self.spaces = {
            int(layer): Space(space).fit(StoreLayer(reference, layer))
            for layer in reference.layers
            if layer != "mix"
        }
        for layer, fitted in self.spaces.items():
            if fitted.map_ is not None and fitted.map_.shape[1] < inner.width:
                raise InputError(
                    f"{reference.folder}: the {reference.n_rows:,} words of layer {layer} span "
                    f"{fitted.map_.shape[1]} of {inner.width} dimensions; fit {space} on more words"
                )
        info = dataclasses.replace(inner.info, name=f"{inner.name}@{space}", identify=self._identify)
        super().__init__(info)

    def _identify(self) -> str:
        digest = hashlib.sha256(self.inner.fingerprint.encode())
        for layer, space in sorted(self.spaces.items()):
            digest.update(f"{layer} {space.name}".encode())
            for learnt in (space.shift_, space.scale_, space.axes_, space.map_):
                digest.update(b"-" if learnt is None else learnt.tobytes())
        return digest.hexdigest()

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces."""
        return self.inner.encode(sentences)

    def prepare(self, batch: Encoding) -> Encoding:
        """See `ContextualModel.prepare`."""
        return self.inner.prepare(batch)

    def reset(self) -> None:
        """See `ContextualModel.reset`."""
        self.inner.reset()

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the moved vectors of one layer after the other, (n_pieces, width)."""
        numbers = range(self.n_layers) if layers is None else layers
        missing = [number for number in numbers if number not in self.spaces]
        if missing:
            raise InputError(f"the reference holds the layers {sorted(self.spaces)}, not {missing[0]}")
        for number, vectors in zip(numbers, self.inner.each(batch, layers), strict=True):
            moved = self.spaces[number].transform(vectors.float().cpu().numpy())
            yield torch.from_numpy(moved).to(vectors.device)
