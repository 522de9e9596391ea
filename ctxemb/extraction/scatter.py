"""The vectors of a text, computed in any order, and each put where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.extraction.device import Combined, Ways, from_device
from ctxemb.extraction.layers import MIX
from ctxemb.extraction.pooling import Groups, Pool, Unit
from ctxemb.models.base import ContextualModel
from ctxemb.models.encoding import Encoding
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One way to combine pieces, and where the vectors belong.

    Parameters
    ----------
    pool, unit
        The way.
    offsets
        (n_sentences + 1,) where sentences start and end in the rows.
    values
        (n_layers, n_rows, width)
    """

    pool: Pool
    unit: Unit
    offsets: NDArray[np.int64]
    values: NDArray[np.float32]

    @classmethod
    def of(cls, pool: Pool, unit: Unit, sentences: Sequence[Sentence], shape: tuple[int, int]) -> Target:
        """Make room for all vectors; `shape` is (n_layers, width)."""
        sizes = [1 if unit == "sentence" else len(sentence) for sentence in sentences]
        offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        return cls(pool, unit, offsets, np.empty((shape[0], offsets[-1], shape[1]), dtype=np.float32))

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the `chosen` sentences, behind one another."""
        sizes = np.diff(self.offsets)[chosen]
        rows: NDArray[np.int64] = np.arange(sizes.sum()) + np.repeat(
            self.offsets[chosen] - (sizes.cumsum() - sizes), sizes
        )
        return rows

    def copy(self, source: int, target: int) -> None:
        """Give one sentence the vectors of another with the same words."""
        starts, stops = self.offsets[:-1], self.offsets[1:]
        self.values[:, starts[target] : stops[target]] = self.values[:, starts[source] : stops[source]]


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Computes windows of sentences, and puts the vectors of their words where they belong.

    Parameters
    ----------
    model
        As for `embed`.
    names
        Numbers of layers, or `MIX`.
    targets
        What to put where.
    """

    model: ContextualModel
    names: tuple[int | str, ...]
    targets: Sequence[Target]

    def places(self, chosen: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return, for each way, the rows of a batch of the `chosen` sentences."""
        return [one.rows(chosen) for one in self.targets]

    @torch.inference_mode()
    def __call__(self, parts: Sequence[Encoding], places: Sequence[NDArray[np.int64]]) -> None:
        """Compute parts of a batch that are whole sentences together.

        `places` are, for each way, the rows of all units of the batch.
        """
        last_rows, n_before = [-1] * len(self.targets), [0] * len(self.targets)
        for ways, layers in self._combined(parts):
            rows = [place[groups.rows.numpy()] for place, groups in zip(places, ways, strict=True)]
            n_before = [
                n if of_way[0] == last else 0
                for n, of_way, last in zip(n_before, rows, last_rows, strict=True)
            ]
            for number, vectors in layers:
                for i, groups in enumerate(ways):
                    layer, combined = self.targets[i].values[number], vectors[i]
                    if n_before[i]:
                        old = torch.from_numpy(layer[last_rows[i]])
                        combined[0] = groups.join(old, n_before[i], combined[0])
                    layer[rows[i]] = combined.numpy()
            n_before = [
                int(groups.counts[-1]) + (n if len(of_way) == 1 else 0)
                for n, of_way, groups in zip(n_before, rows, ways, strict=True)
            ]
            last_rows = [int(of_way[-1]) for of_way in rows]

    def _combined(self, parts: Sequence[Encoding]) -> Iterator[tuple[Ways, Iterable[Combined]]]:
        """Yield the groups of each part, and their vectors layer by layer, in every way."""
        every = ((part, [Groups.of(part, one.pool, one.unit) for one in self.targets]) for part in parts)
        if self.model.computation.kind != "cpu":
            return from_device(every, self._layers, torch.device(self.model.computation.device))
        return (
            (
                ways,
                (
                    (number, [groups.combine(vectors) for groups in ways])
                    for number, vectors in self._layers(part)
                ),
            )
            for part, ways in every
        )

    def _layers(self, part: Encoding) -> Iterator[tuple[int, Tensor]]:
        """Yield which layer of the result it is, and the vectors of its pieces, (n_pieces, width)."""
        if self.names == (MIX,):
            layers = self.model.each(part)
            total = next(layers).to(torch.float32, copy=True)
            for layer in layers:
                total += layer
            yield 0, total / self.model.n_layers
            return
        numbers = [int(name) for name in self.names]
        for number, layer in zip(sorted(numbers), self.model.each(part, sorted(numbers)), strict=True):
            yield numbers.index(number), layer
