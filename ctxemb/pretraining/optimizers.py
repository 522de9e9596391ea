"""What takes the steps of a training: AdamW, or Muon for the matrices inside a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration (Jordan et al. 2024): singular values are driven to about 1 in five steps."""


def make_optimizers(
    module: nn.Module, inner: Iterable[Tensor], *, muon: bool, weight_decay: float, betas: tuple[float, float]
) -> list[torch.optim.Optimizer]:
    """Return the optimizers of all weights of `module`.

    Parameters
    ----------
    module
        What is trained.
    inner
        Its weights that are matrices between layers, or stacks of such matrices.
    muon
        Whether Muon takes these.
    weight_decay, betas
        Of the optimizers; only matrices decay.
    """
    chosen = [weight for weight in inner if weight.ndim >= 2] if muon else []
    taken = {id(weight) for weight in chosen}
    left = [(name, weight) for name, weight in module.named_parameters() if id(weight) not in taken]
    matrices = [weight for name, weight in left if weight.ndim >= 2 and not name.endswith("bias")]
    others = [weight for name, weight in left if weight.ndim < 2 or name.endswith("bias")]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    fused = next(module.parameters()).is_cuda
    made: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=0.0, betas=betas, fused=fused)]
    if chosen:
        made.append(Muon(chosen, weight_decay=weight_decay))
    return made


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal (Jordan et al. 2024), in float32 or a GPU's bfloat16.

    An update is scaled by 0.2 sqrt(larger side), which gives it the size of AdamW's updates (Liu et al.
    2025), so that both take the same learning rate. Weights of one shape are worked on together.

    Parameters
    ----------
    weights
        Matrices (…, rows, columns); of more than two dimensions, each matrix has its own update.
    lr, momentum, weight_decay
        Learning rate, factor of Nesterov's momentum, and decoupled weight decay.
    """

    def __init__(
        self, weights: Iterable[Tensor], lr: float = 0.0, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(tuple(weight.shape[-2:]), []).append(weight)
            for weights in shapes.values():
                self._step_together(weights, group)

    def _step_together(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        momentum, rate = group["momentum"], group["lr"]
        rows, columns = weights[0].shape[-2:]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        buffers = [self.state[weight].setdefault("momentum", torch.zeros_like(weight)) for weight in weights]
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        ahead = torch._foreach_lerp(gradients, buffers, momentum)
        update = orthogonal(torch.cat([part.reshape(-1, rows, columns) for part in ahead]))
        scale = 0.2 * max(rows, columns) ** 0.5
        torch._foreach_mul_(weights, 1 - rate * group["weight_decay"])
        parts = torch.split(update, [weight.numel() // (rows * columns) for weight in weights])
        shaped = [part.view(weight.shape) for part, weight in zip(parts, weights, strict=True)]
        torch._foreach_add_(weights, shaped, alpha=-rate * scale)


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Return nearly orthogonal matrices with the singular vectors of `matrices`, (n, rows, columns)."""
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    if turned := x.shape[1] > x.shape[2]:
        x = x.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    found: Tensor = x.transpose(1, 2) if turned else x
    return found.to(matrices.dtype)
