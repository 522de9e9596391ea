"""Vectors on their way from a GPU, which computes the next ones meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from ctxemb.extraction.pooling import Groups
from ctxemb.models.encoding import Encoding

Ways = Sequence[Groups]
"""What the pieces of a part are combined into, in every way that is asked for."""

Combined = tuple[int, Sequence[Tensor]]
"""Number of a layer, and its vectors of one part of the text, (n_rows, width) in every way."""

LayersOf = Callable[[Encoding], Iterator[tuple[int, Tensor]]]
"""What computes the layers of a part: the number of each, and the vectors of the part's pieces."""


def from_device(
    parts: Iterable[tuple[Encoding, Ways]], layers_of: LayersOf, device: torch.device
) -> Iterator[tuple[Ways, list[Combined]]]:
    """Compute parts one after another on a device, and yield their vectors in the CPU's memory.

    A device does what it is told in its own time, so it is given the next part before the vectors of the one
    before are waited for. They are pooled there, and copied once for all layers.
    """
    before: _Computing | None = None
    for part, ways in parts:
        now = _Computing(part, ways, layers_of, device)
        if before is not None:
            yield before.done()
        before = now
    if before is not None:
        yield before.done()


class _Computing:
    """A part that is being computed."""

    def __init__(self, part: Encoding, ways: Ways, layers_of: LayersOf, device: torch.device) -> None:
        self.ways = ways
        there = [groups.to(device) for groups in ways]
        computed = [
            (number, [groups.combine(vectors) for groups in there]) for number, vectors in layers_of(part)
        ]
        self.numbers = [number for number, _ in computed]
        self.arrived: torch.cuda.Event | None = None
        self.vectors = []  # (n_layers, n_rows, width) in each way
        for of_way in zip(*(vectors for _, vectors in computed), strict=True):
            pooled = torch.stack(of_way)
            if device.type == "cuda":
                self.vectors.append(torch.empty(pooled.shape, pin_memory=True))
                self.vectors[-1].copy_(pooled, non_blocking=True)
            else:
                self.vectors.append(pooled.cpu())
        if device.type == "cuda":
            self.arrived = torch.cuda.Event()
            self.arrived.record(torch.cuda.current_stream(device))

    def done(self) -> tuple[Ways, list[Combined]]:
        """Wait for the vectors, and return them with the numbers of their layers."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.ways, list(zip(self.numbers, zip(*self.vectors, strict=True), strict=True))
