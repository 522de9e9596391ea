"""Vectors on their way from a GPU, which computes the next ones meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.extraction.pooling import Groups
from ctxemb.models.encoding import Encoding

Combined = tuple[NDArray[np.float32], Tensor]
"""Where the vectors of a layer belong, and the vectors, (n_rows, width), of one part of the text."""

LayersOf = Callable[[Encoding], Iterator[Combined]]
"""What computes the layers of a part: where each belongs, and the vectors of the part's pieces."""


def from_device(
    parts: Iterable[tuple[Encoding, Groups]], layers_of: LayersOf, device: torch.device
) -> Iterator[tuple[Groups, list[Combined]]]:
    """Compute parts one after another on a device, and yield their vectors in the CPU's memory.

    A device does what it is told in its own time, so it is given the next part before the vectors of the one
    before are waited for. They are pooled there, and copied once for all layers.
    """
    before: _Computing | None = None
    for part, groups in parts:
        now = _Computing(part, groups, layers_of, device)
        if before is not None:
            yield before.done()
        before = now
    if before is not None:
        yield before.done()


class _Computing:
    """A part that is being computed."""

    def __init__(self, part: Encoding, groups: Groups, layers_of: LayersOf, device: torch.device) -> None:
        self.groups = groups
        there = groups.to(device)
        found = [(place, there.combine(vectors)) for place, vectors in layers_of(part)]
        self.places = [place for place, _ in found]
        pooled = torch.stack([vectors for _, vectors in found])  # (n_layers, n_rows, width)
        self.arrived: torch.cuda.Event | None = None
        if device.type == "cuda":
            self.vectors = torch.empty(pooled.shape, pin_memory=True)
            self.vectors.copy_(pooled, non_blocking=True)
            self.arrived = torch.cuda.Event()
            self.arrived.record(torch.cuda.current_stream(device))
        else:
            self.vectors = pooled.cpu()

    def done(self) -> tuple[Groups, list[Combined]]:
        """Wait for the vectors, and return them with where they belong."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.groups, list(zip(self.places, self.vectors, strict=True))
