"""Products of matrices in eight bits, for CPUs that multiply bytes faster than floats.

Each row of the input has a scale of its own, so that a vector does not depend on its neighbours in the batch,
and so has each row of the weights. What a few columns of real models hold is many times larger than all else
and would leave the rest no room (Dettmers et al. 2022, "LLM.int8()"): they are multiplied in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LARGE = 3.0
"""A column is an outlier if its largest number is so many times the median column's."""

GELU_FLOOR = 0.1701
"""No output of an activation of ours lies further below zero."""

_TINY = torch.finfo(torch.float32).tiny


class ByteLinear(nn.Module):
    """A linear layer whose weights are bytes; input and output are float32.

    Parameters
    ----------
    layer
        The layer whose weights it takes.
    largest
        (n_in,) the largest magnitudes that have been seen in each column of its input.
    floor
        How far below zero its input lies at most, which lets all bytes stand for what lies above; None for
        as far as above.
    """

    outliers: Tensor
    wide: Tensor
    scales: Tensor
    zeros: Tensor
    packed: Tensor

    def __init__(self, layer: nn.Linear, largest: Tensor, floor: float | None = None) -> None:
        super().__init__()
        outliers = (largest > _LARGE * largest.median()).nonzero()[:, 0]
        weight, bias = layer.weight.detach().clone(), layer.bias.detach()
        columns = weight[:, outliers].T
        weight[:, outliers] = 0
        scales = weight.abs().amax(dim=1).clamp_min(_TINY) / 127  # (n_out,)
        rounded = (weight / scales[:, None]).round().to(torch.int8)
        if floor is not None:  # what is added to the input adds this to the product
            bias = bias - floor * scales * rounded.sum(dim=1)
        self.floor = floor
        self.zero = 128 if floor is None else 0
        self.register_buffer("outliers", outliers)
        self.register_buffer("wide", torch.cat([columns, bias[None]]))  # (n_outliers + 1, n_out)
        self.register_buffer("scales", scales)
        self.register_buffer("zeros", torch.zeros(len(scales), dtype=torch.int32))
        self.register_buffer("packed", torch.ops.onednn.qlinear_prepack(rounded, None))

    def forward(self, x: Tensor) -> Tensor:
        """Return the product with `x`, (n, n_in), with the bias added, (n, n_out)."""
        wide = torch.cat([x[:, self.outliers], x.new_ones(len(x), 1)], dim=1)
        rounded, scales = self._rounded(x)
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            rounded, 1.0, self.zero, self.packed, self.scales, self.zeros, None, 1.0, 0, torch.float32,
            "none", [], "",
        )  # fmt: skip
        return product.mul_(scales).addmm_(wide, self.wide)

    def _rounded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return `x` in bytes, and the scales of its rows, (n, 1); outliers, whose weights are 0, anyhow."""
        if self.floor is None:
            largest = x.abs().index_fill_(1, self.outliers, 0.0).amax(dim=1, keepdim=True)
            scales = largest.clamp_min(_TINY) / 127
            scaled = x / scales
        else:
            rest = x.index_fill(1, self.outliers, 0.0) if len(self.outliers) else x
            scales = (rest.amax(dim=1, keepdim=True) + self.floor) / 255
            scaled = torch.addcmul(self.floor / scales, x, 1 / scales)
        return scaled.add_(self.zero + 0.5).to(
            torch.uint8
        ), scales  # rounded, for it cuts what follows the point


class _Watched(nn.Module):
    """A linear layer that notes the largest magnitudes in each column of its input."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.largest = torch.zeros(layer.in_features)

    def forward(self, x: Tensor) -> Tensor:
        """Return the product with `x`, (n, n_in), with the bias added, (n, n_out)."""
        self.largest = torch.maximum(self.largest, x.abs().amax(dim=0))
        return F.linear(x, self.layer.weight, self.layer.bias)


def can_multiply_bytes() -> bool:
    """Return whether torch has the products that are needed."""
    return hasattr(torch.ops.onednn, "qlinear_prepack") and hasattr(torch.ops.onednn, "qlinear_pointwise")


def quantize(
    blocks: Sequence[nn.Module], read: Callable[[], object], behind_activation: Sequence[str] = ()
) -> None:
    """Replace all linear layers of `blocks`.

    Parameters
    ----------
    blocks
        What holds the layers.
    read
        Lets the layers read some text, by which outliers are found.
    behind_activation
        Names of layers whose input is the output of an activation.
    """
    places = [
        (parent, name)
        for block in blocks
        for parent in block.modules()
        for name, part in parent.named_children()
        if isinstance(part, nn.Linear)
    ]
    for parent, name in places:
        setattr(parent, name, _Watched(getattr(parent, name)))
    read()
    for parent, name in places:
        watched = getattr(parent, name)
        floor = GELU_FLOOR if name in behind_activation else None
        setattr(parent, name, ByteLinear(watched.layer, watched.largest, floor))
