"""Products with a linear layer's weights, with what follows them in the same pass over memory.

Where no gradient is needed, oneDNN (https://uxlfoundation.github.io/oneDNN, "fused post-ops") computes a
product, its activation and the sum that it is added to at once, and writes each number once; PyTorch calls it
from its own compiler, and builds without it take the steps one by one. The weights stay as they are.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Literal["gelu", "gelu_tanh", "relu"]

_FUSED: dict[str | None, tuple[str, list[float], str]] = {
    None: ("none", [], ""),
    "gelu": ("gelu", [], "none"),
    "gelu_tanh": ("gelu", [], "tanh"),
    "relu": ("relu", [], ""),
    "sigmoid": ("sigmoid", [], ""),
    "tanh": ("tanh", [], ""),
}


def _onednn() -> Any:
    if torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return torch.ops.mkldnn._linear_pointwise
    return None


_POINTWISE = _onednn()


def can_fuse(x: Tensor) -> bool:
    """Return whether products with `x` are fused: float32 on a CPU, without gradients."""
    return (
        _POINTWISE is not None
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    )


def linear(x: Tensor, layer: nn.Linear, activation: Activation | None = None) -> Tensor:
    """Return ``activation(layer(x))``.

    Parameters
    ----------
    x
        (n, n_in)
    layer
        The weights, (n_out, n_in), and the bias.
    activation
        ``"gelu"`` exact, ``"gelu_tanh"`` approximated (Hendrycks & Gimpel 2016), ``"relu"``, or None.

    Returns
    -------
    Tensor
        (n, n_out)
    """
    if can_fuse(x):
        return _POINTWISE(x, layer.weight, layer.bias, *_FUSED[activation])  # type: ignore[no-any-return]
    x = F.linear(x, layer.weight, layer.bias)
    if activation is None:
        return x
    if activation == "relu":
        return F.relu(x)
    return F.gelu(x, approximate="tanh" if activation == "gelu_tanh" else "none")


def linear_onto(x: Tensor, layer: nn.Linear, onto: Tensor, drop: nn.Dropout) -> Tensor:
    """Return ``onto + drop(layer(x))``, (n, n_out), which is a new tensor."""
    if can_fuse(x) and not drop.training:
        return _POINTWISE.binary(x, onto, layer.weight, layer.bias, "add")  # type: ignore[no-any-return]
    return onto + drop(F.linear(x, layer.weight, layer.bias))  # type: ignore[no-any-return]
