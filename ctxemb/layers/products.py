"""Products with a linear layer's weights and what follows them, where no gradient is needed.

Large products, those of a Transformer, are plain ones of the BLAS library, and what follows happens in place:
with MKL, products inside a network of MiniLM's sizes took two thirds of the time of oneDNN's of weights in
their own layout. For small and many products, those of an LSTM's steps, oneDNN
(https://uxlfoundation.github.io/oneDNN, "fused post-ops") computes product, activation and sum at once, and
writes each number once; PyTorch calls it from its own compiler, and builds without it take the steps one by
one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Literal["gelu", "gelu_tanh", "relu"]

PostOp = str | tuple[str, tuple[float, float]] | None
"""What follows a product: nothing, an activation by name, or ``("hardtanh", (low, high))``, which clips."""

_ROWS_AT_ONCE = 64
"""So many rows of a hidden layer, with as many numbers beside them, stay in a core's cache."""

_SLOPE, _CUBIC = math.sqrt(8 / math.pi), 0.044715
"""2z = _SLOPE (x + _CUBIC x³), in the approximation of Hendrycks & Gimpel 2016."""


def _gelu_tanh_(x: Tensor) -> Tensor:
    """Turn `x`, (n, width), into its approximated GELU: x sigmoid(2z) is x (1 + tanh(z)) / 2.

    Some rows at a time, and with the sigmoid, it takes 0.6 of the time of torch's own.
    """
    slope = x.new_tensor(_SLOPE)
    room = torch.empty_like(x[:_ROWS_AT_ONCE])
    for rows in x.split(_ROWS_AT_ONCE):
        gate = torch.addcmul(slope, rows, rows, value=_SLOPE * _CUBIC, out=room[: len(rows)])
        rows.mul_(gate.mul_(rows).sigmoid_())
    return x


_IN_PLACE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": torch.ops.aten.gelu_,
    "gelu_tanh": _gelu_tanh_,
    "relu": torch.relu_,
}


def _onednn() -> Any:
    operators = torch.ops.mkldnn
    wanted = ("_linear_pointwise", "_reorder_linear_weight")
    if torch.backends.mkldnn.is_available() and all(hasattr(operators, name) for name in wanted):
        return operators._linear_pointwise
    return None


_POINTWISE = _onednn()


def can_fuse(x: Tensor) -> bool:
    """Return whether oneDNN fuses products with `x`: if it is there, and nobody asks for gradients."""
    return _POINTWISE is not None and _may_be_overwritten(x)


def _may_be_overwritten(x: Tensor) -> bool:
    """Return whether what is made of `x` may be changed in place: float32 on a CPU, without gradients."""
    return (
        x.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None, post_op: PostOp) -> Tensor:
    """Return ``post_op(x @ weight.T + bias)``, (n, n_out), for an `x` that `can_fuse`.

    Parameters
    ----------
    x
        (n, n_in)
    weight
        (n_out, n_in), as it is or `packed`.
    bias
        (n_out,) or None.
    post_op
        What follows.
    """
    name, scalars = post_op if isinstance(post_op, tuple) else (post_op or "none", ())
    return _POINTWISE(x, weight, bias, name, list(scalars), "")  # type: ignore[no-any-return]


def packed(weight: Tensor) -> Tensor:
    """Return a copy of a weight matrix in the layout that oneDNN reads fastest, for `pointwise` alone."""
    return torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)  # type: ignore[no-any-return]


def pointwise_onto(x: Tensor, weight: Tensor, onto: Tensor) -> Tensor:
    """Return ``onto + x @ weight.T``, (n, n_out), a new tensor; `weight` and `x` are as for `pointwise`."""
    return _POINTWISE.binary(x, onto, weight, None, "add")  # type: ignore[no-any-return]


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
    if _may_be_overwritten(x) and isinstance(layer, nn.Linear):
        found = torch.mm(x, layer.weight.t()).add_(layer.bias)
        return found if activation is None else _IN_PLACE[activation](found)
    x = layer(x)
    if activation is None:
        return x
    if activation == "relu":
        return F.relu(x)
    return F.gelu(x, approximate="tanh" if activation == "gelu_tanh" else "none")


def linear_onto(x: Tensor, layer: nn.Linear, onto: Tensor, drop: nn.Dropout) -> Tensor:
    """Return ``onto + drop(layer(x))``, (n, n_out), which is a new tensor."""
    if _may_be_overwritten(x) and isinstance(layer, nn.Linear) and not drop.training:
        return torch.add(onto, layer.bias).addmm_(x, layer.weight.t())
    return onto + drop(layer(x))  # type: ignore[no-any-return]
